"""trusted_types: what a file of skops may hold of this package."""

from __future__ import annotations

import inspect
from types import ModuleType

from sknnreg.engine import problem, state
from sknnreg.engine.arrays import streams
from sknnreg.engine.places.objective import losses, penalties
from sknnreg.ensemble import classifier as ensemble_classifier
from sknnreg.ensemble import regressor as ensemble_regressor
from sknnreg.estimators import classifier, regressor
from sknnreg.estimators.data import inputs, targets
from sknnreg.estimators.fitted import forward
from sknnreg.estimators.training import continuing
from sknnreg.preprocessing import layout, piecewise_linear_encoder, smooth_clip_scaler
from sknnreg.tabular import conversion

# Where the classes of fitted attributes are; of a network that is to go on, those of its state.
CLASSES_IN: tuple[ModuleType, ...] = (
    classifier,
    continuing,
    ensemble_classifier,
    ensemble_regressor,
    forward,
    inputs,
    layout,
    losses,
    penalties,
    piecewise_linear_encoder,
    problem,
    regressor,
    smooth_clip_scaler,
    state,
    streams,
    targets,
)
# Whose functions stand in the pipelines of sknnreg.tabular.
FUNCTIONS_IN: tuple[ModuleType, ...] = (conversion,)


def trusted_types() -> list[str]:
    """The types of this package that skops meets in fitted estimators, for its ``trusted``.

    skops writes estimators without pickle, and loads those types alone that it is told to trust.
    These are the classes of networks, ensembles, encoders and their fitted attributes, and the
    functions in the pipelines of ``sknnreg.tabular``; nothing of other packages, and nothing of
    yours, such as a function for ``augmentation``.

    Returns
    -------
    names : list of str
        Full names, sorted.

    See Also
    --------
    to_onnx : A file that holds no Python at all.

    Examples
    --------
    >>> from sknnreg.export import trusted_types
    >>> "sknnreg.estimators.classifier.MLPRegularizedClassifier" in trusted_types()
    True

    With skops installed:

    >>> import skops.io  # doctest: +SKIP
    >>> skops.io.dump(model, "model.skops")  # doctest: +SKIP
    >>> model = skops.io.load("model.skops", trusted=trusted_types())  # doctest: +SKIP
    """
    found = [_own(module, inspect.isclass) for module in CLASSES_IN]
    found += [_own(module, inspect.isfunction) for module in FUNCTIONS_IN]
    return sorted({name for names in found for name in names})


def _own(module: ModuleType, kind: object) -> list[str]:
    """What is defined in a module itself."""
    assert callable(kind)
    return [
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if kind(value) and value.__module__ == module.__name__
    ]
