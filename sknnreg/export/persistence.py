"""trusted_types: what a file of skops may hold of this package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

# Where the classes of fitted attributes are, and of what a network that is to go on keeps.
CLASSES_IN = (
    "sknnreg.augmentation",
    "sknnreg.engine.arrays.streams",
    "sknnreg.engine.places",
    "sknnreg.engine.problem",
    "sknnreg.engine.state",
    "sknnreg.ensemble",
    "sknnreg.estimators",
    "sknnreg.preprocessing",
)
# Whose functions stand in the pipelines of sknnreg.tabular.
FUNCTIONS_IN = ("sknnreg.tabular.columns", "sknnreg.tabular.conversion")


def trusted_types() -> list[str]:
    """The types of this package that skops meets in fitted estimators, for its ``trusted``.

    skops writes estimators without pickle, and loads those types alone that it is told to trust.
    These are the classes of networks, ensembles, encoders and their fitted attributes, and the
    functions in the pipelines of ``sknnreg.tabular``; nothing of other packages, and nothing of
    yours, such as a function of your own for ``augmentation``.

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
    classes = [_own(each, inspect.isclass) for name in CLASSES_IN for each in _modules(name)]
    functions = [_own(each, inspect.isfunction) for name in FUNCTIONS_IN for each in _modules(name)]
    return sorted({name for names in (*classes, *functions) for name in names})


def _modules(name: str) -> Iterator[ModuleType]:
    """A module, or all of a package."""
    module = importlib.import_module(name)
    yield module
    for each in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
        yield importlib.import_module(each.name)


def _own(module: ModuleType, kind: Callable[[object], bool]) -> list[str]:
    """What is defined in a module itself."""
    own = module.__name__
    return [f"{own}.{k}" for k, v in vars(module).items() if kind(v) and v.__module__ == own]
