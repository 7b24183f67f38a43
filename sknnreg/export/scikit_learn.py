"""to_sklearn: networks, ensembles and pipelines of them by scikit-learn's classes alone."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.base import BaseCrossFitted
from sknnreg.ensemble.members import network_of
from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.estimators.data.targets import LabelTargets
from sknnreg.export.plain_network import plain_network
from sknnreg.export.voting import voting


def to_sklearn(estimator: Any) -> Any:
    """The same model, fitted, of scikit-learn's own classes.

    What predicts with it needs scikit-learn only, except for transformers of this package in a
    pipeline. Standardization of inputs and targets, batch and
    weight normalization, scales of inputs and everything else that can be is folded into the
    weights, which is exact up to rounding. Snapshots and ensembles become a soft vote of their
    networks, with their weights.

    Parameters
    ----------
    estimator : fitted estimator
        ``MLPRegularizedClassifier`` or ``MLPRegularizedRegressor``; ``CrossFittedClassifier`` or
        ``CrossFittedRegressor``; or a ``Pipeline`` that ends in one of them, whose other steps are
        copied.

    Returns
    -------
    fitted : estimator
        ``MLPClassifier`` or ``MLPRegressor``; of snapshots and ensembles ``VotingClassifier`` or
        ``VotingRegressor``; of a pipeline a ``Pipeline``. Hyperparameters that mean the same in
        scikit-learn are passed on, for ``clone`` and ``partial_fit``; ``alpha`` is 0. All is
        copied: training it further leaves ``estimator`` as it is.

    Raises
    ------
    ValueError
        For what scikit-learn has no model of, naming the hyperparameter: ``normalization="layer"``
        or ``"group"``, activations other than identity, logistic, tanh and relu or unlike ones,
        ``drop_connect_inference="gaussian"``, ``clip_predictions=True``; snapshots and ensembles
        of several labels or targets; a single class.
    TypeError
        If ``estimator`` is none of the above.
    NotFittedError
        If it is not fitted.

    See Also
    --------
    to_onnx : Every fitted network, as a graph that needs no Python.

    Notes
    -----
    Trained further, the weights are in the units of X and y: what was standardized for their
    training no longer is, and a good step size is another one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.export import to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPRegularizedClassifier((20,), dropout=0.2, max_iter=50, random_state=0)
    >>> exported = to_sklearn(model.set_params(n_iter_no_change=None).fit(X, y))
    >>> type(exported).__name__
    'MLPClassifier'
    >>> bool(np.allclose(exported.predict_proba(X), model.predict_proba(X), atol=1e-12))
    True
    """
    return _exported(estimator)


def _exported(estimator: Any, classes: Array | None = None) -> Any:
    """With ``classes``, as a member that calls them 0, 1, ..."""
    if isinstance(estimator, Pipeline) and estimator.steps:
        *front, (name, last) = estimator.steps
        steps = [(each, copy.deepcopy(step)) for each, step in front]
        return Pipeline([*steps, (name, _exported(last, classes))])
    _check_kind(estimator)
    check_is_fitted(estimator)
    if isinstance(estimator, BaseCrossFitted):
        return _ensemble(estimator)
    networks = estimator.snapshots_
    if networks is None:
        return plain_network(estimator, classes)
    own = getattr(estimator, "classes_", None) if classes is None else classes
    _check_votes(estimator, "n_snapshots", "Fit with n_snapshots=1")
    named = None if own is None or classes is None else np.arange(len(own))
    members = [plain_network(each, own) for each in networks]
    return voting(members, np.ones(len(members)), estimator, own if named is None else named)


def _ensemble(ensemble: BaseCrossFitted) -> Any:
    classes = getattr(ensemble, "classes_", None)
    _check_votes(network_of(ensemble.members_[0]), type(ensemble).__name__, "Export its members_")
    members = [_exported(member, classes) for member in ensemble.members_]
    return voting(members, ensemble.weights_, ensemble, classes)


def _check_kind(estimator: Any) -> None:
    """Raise unless this is an estimator of this package."""
    if not isinstance(estimator, BaseMLPRegularized | BaseCrossFitted):
        raise TypeError(
            f"to_sklearn takes a fitted MLPRegularizedClassifier or -Regressor, a "
            "CrossFittedClassifier or -Regressor, or a Pipeline that ends in one, got "
            f"{type(estimator).__name__}. Of a search, pass its best_estimator_."
        )


def _check_votes(network: Any, name: str, way_out: str) -> None:
    """Raise where scikit-learn has no vote: of several labels or targets."""
    several = "labels" if isinstance(network._targets, LabelTargets) else "targets"
    if several == "labels" or (not hasattr(network, "classes_") and network.n_outputs_ > 1):
        given = f"={getattr(network, name)!r}" if hasattr(network, name) else ""
        raise ValueError(
            f"{name}{given} averages networks, and scikit-learn's VotingClassifier and "
            f"VotingRegressor do so for a single column of y, not for several {several}. "
            f"{way_out}, or use sknnreg.export.to_onnx."
        )
