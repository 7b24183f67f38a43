"""One fitted network as scikit-learn's MLPClassifier or MLPRegressor, and why one is not."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.targets import LabelTargets
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.estimators.fitted.forward import to_dense

ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
# Hyperparameters of the same name, meaning and values.
SHARED = (
    "batch_size",
    "learning_rate_init",
    "power_t",
    "max_iter",
    "shuffle",
    "random_state",
    "momentum",
    "nesterovs_momentum",
    "beta_1",
    "beta_2",
    "epsilon",
    "max_fun",
)
# The raw output of what can never be, whose exp is 0 beside any other.
NEVER = -1e300


def plain_network(network: Any, classes: Array | None = None) -> Any:
    """A fitted MLPClassifier or MLPRegressor that predicts as the network does.

    With ``classes``, those of an ensemble, of which the network may not have seen all; they are
    then called 0, 1, ...
    """
    refuse(network)
    is_classifier = hasattr(network, "classes_")
    settings = _settings(network)
    if is_classifier:
        fitted = MLPClassifier(**settings)
        known = network.classes_ if classes is None else np.arange(len(classes))
        fitted._label_binarizer = _binarizer(network, known)
        fitted.classes_ = fitted._label_binarizer.classes_
    else:
        fitted = MLPRegressor(
            "poisson" if network.loss == "poisson" else "squared_error", **settings
        )
    fitted.coefs_ = [to_dense(coef).copy() for coef in network.coefs_]
    fitted.intercepts_ = [intercept.copy() for intercept in network.intercepts_]
    fitted.out_activation_ = network.out_activation_
    if classes is not None and len(classes) > len(network.classes_):
        _know_all(fitted, network.classes_, classes)
    fitted.n_outputs_ = fitted.coefs_[-1].shape[1]
    fitted.n_layers_ = network.n_layers_
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(network, name):
            setattr(fitted, name, getattr(network, name))
    _remember(fitted, network)
    return fitted


def refuse(network: Any) -> None:
    """Raise if no multilayer perceptron of scikit-learn predicts so, naming the hyperparameter."""
    between = as_folded([network]).between
    if any(each.sampled for each in between):
        _raise("drop_connect_inference", network, "samples weights for each row", _FIT_MEAN)
    if any(each.before or each.after for each in between):
        _raise("normalization", network, "depends on the row and is not in the weights", _FIT_OTHER)
    if not _has_activations(network):
        _raise("activation", network, "is not among identity, logistic, tanh and relu", _FIT_RELU)
    if getattr(network, "clip_predictions", False):
        _raise("clip_predictions", network, "bounds what is predicted", _NO_CLIPPING)


def _has_activations(network: Any) -> bool:
    """Whether there are such, and but one."""
    used = set(network._activations)
    return len(used) <= 1 and used <= set(ACTIVATIONS)


_FIT_MEAN = "Fit with drop_connect_inference='mean'"
_FIT_OTHER = "Fit with normalization='batch' or None"
_FIT_RELU = "Fit with one of these for all layers"
_NO_CLIPPING = "Call set_params(clip_predictions=False), which needs no new fit"


def _raise(name: str, network: Any, why: str, way_out: str) -> None:
    raise ValueError(
        f"{name}={getattr(network, name)!r} {why}: scikit-learn's multilayer perceptrons have "
        f"nothing of the kind. {way_out}, or use sknnreg.export.to_onnx, which exports every "
        "network."
    )


def _settings(network: Any) -> dict[str, Any]:
    """What a further ``partial_fit`` goes by, and a clone."""
    settings = {name: getattr(network, name) for name in SHARED}
    settings["hidden_layer_sizes"] = tuple(coef.shape[1] for coef in network.coefs_[:-1])
    settings["activation"] = next(iter(network._activations), "relu")
    solver, schedule = network.solver, network.learning_rate
    settings["solver"] = solver if solver in ("sgd", "lbfgs") else "adam"
    if schedule in ("constant", "invscaling", "adaptive"):
        settings["learning_rate"] = schedule
    if not isinstance(network.tol, str):
        settings["tol"] = network.tol
    # Its strength means something else here: it is divided by the rows of a batch, and it would
    # be of weights in the units of X.
    settings["alpha"] = 0.0
    return settings


def _binarizer(network: Any, classes: Array) -> LabelBinarizer:
    if isinstance(network._targets, LabelTargets):
        return LabelBinarizer().fit(np.eye(len(classes), dtype=np.int64))
    if len(network.classes_) == 1 and len(classes) == 1:
        raise ValueError(
            f"y held a single class, {network.classes_.tolist()[0]!r}, and MLPClassifier would "
            "have probabilities of two. Use sklearn.dummy.DummyClassifier(strategy='constant'), "
            "or sknnreg.export.to_onnx."
        )
    binarizer = LabelBinarizer().fit(classes)
    binarizer.classes_ = classes  # of their own dtype
    return binarizer


def _know_all(fitted: Any, seen: Array, classes: Array) -> None:
    """Classes not seen get probability 0, by outputs that no others come near."""
    coef, intercept = fitted.coefs_[-1], fitted.intercepts_[-1]
    if len(seen) <= 2:
        # One output, the log odds of the second class, or of a single one that is certain.
        coef = np.hstack([np.zeros_like(coef), coef])[:, : len(seen)]
        intercept = np.hstack([0.0, intercept])[: len(seen)]
    at = np.searchsorted(classes, seen)
    full = np.zeros((len(coef), len(classes)))
    full[:, at] = coef
    outputs = np.full(len(classes), NEVER)
    outputs[at] = intercept
    if len(classes) == 2:
        full, outputs = full[:, 1:], np.array([-NEVER if at[0] else NEVER])
    fitted.coefs_[-1], fitted.intercepts_[-1] = full, outputs
    fitted.out_activation_ = "logistic" if len(classes) == 2 else "softmax"


def _remember(fitted: Any, network: Any) -> None:
    """What scikit-learn's training keeps, so that ``partial_fit`` goes on."""
    curve = [float(loss) for loss in getattr(network, "loss_curve_", [])]
    fitted.loss_curve_ = curve
    fitted.best_loss_ = min(curve, default=np.inf)
    fitted.loss_ = float(getattr(network, "loss_", np.nan))
    fitted.n_iter_ = getattr(network, "n_iter_", 0)
    fitted.t_ = getattr(network, "t_", 0)
    fitted.validation_scores_ = fitted.best_validation_score_ = None
    fitted._no_improvement_count = 0
