"""The fitted model is a plain MLP: ``coefs_`` and ``intercepts_`` alone predict."""

import itertools

import numpy as np
import pytest
from scipy import sparse, special
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import stack
from sknnreg.engine.loop import evaluation
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.estimators.settings.recipes import network

QUICK = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "n_iter_no_change": None,
         "random_state": 0, "learning_rate_init": 0.02, "batch_size": 20}  # fmt: skip
NORMALIZATIONS = [
    {},
    {"normalization": "batch"},
    {"normalization": "batch", "normalization_position": "after"},
    {"normalization": "batch", "batch_statistics": "population"},
    {"normalization": "mean_only_batch", "weight_norm": True},
    {"input_scale": 6.0},
]
DROPOUTS = [
    {},
    {"dropout": (0.5, 0.2), "input_dropout": 0.3},
    {"dropout": (0.5, 0.2), "dropout_scaling": "predict"},
    {"input_dropout": 0.3, "dropout_scaling": "predict"},
    {"dropout": (0.0, 0.4), "input_dropout": 0.3, "dropout_scaling": "predict"},
    {"dropout": (0.5, 0.2), "dropout_kind": "variational", "drop_connect": 0.3},
]
SETTINGS = [
    {**a, **b, "standardize": c, "activation": d}
    for a, b, c, d in itertools.product(
        NORMALIZATIONS, DROPOUTS, [True, False], ["relu", ("tanh", "logistic")]
    )
]
# The row kept for going on has the moving statistics where the folded one has the population's.
MOVING = [each for each in SETTINGS if "batch_statistics" not in each]
EVERY = pytest.mark.parametrize("settings", SETTINGS, ids=str)
# Each normalization with each dropout once; the four ways of scaling and bending take turns.
FEWER = [each for number, each in enumerate(SETTINGS) if number % 4 == number // 4 % 4]
PLAIN = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "logistic": special.expit,
    "identity": lambda x: x,
}


def inputs(n=60):
    return 5 + 3 * np.random.default_rng(0).normal(size=(n, 4))


def labels(kind, X):
    first, second = X[:, 0] > 5, X[:, 1] > 5
    return {
        "binary": np.where(first, "yes", "no"),
        "multiclass": first.astype(int) + second,
        "multilabel": np.column_stack([first, second, first & second]).astype(int),
    }[kind]


def by_hand(est, X):
    """Raw outputs of a plain network written anew, from ``coefs_`` and ``intercepts_``."""
    names = est.activation
    names = [names] * (len(est.coefs_) - 1) if isinstance(names, str) else names
    for coef, intercept, name in zip(est.coefs_, est.intercepts_, names, strict=False):
        X = PLAIN[name](X @ coef + intercept)
    return X @ est.coefs_[-1] + est.intercepts_[-1]


def engine(est, X):
    """Raw outputs of the unfolded network, dropout and normalization layers and all."""
    memory = est._continuation
    built = stack([network(est, X.shape[1], est.n_outputs_, len(X))])
    values = memory.state.values
    grads = np.empty((1, built.layout.n_trainable), values.dtype)
    offset = 0.0 if memory.inputs.offset is None else memory.inputs.offset
    scale = 1.0 if memory.inputs.scale is None else memory.inputs.scale
    x = ((X - offset) / scale).astype(values.dtype)[None]
    return BoundNetwork(built, values, grads).infer(x)[0]


@EVERY
def test_a_plain_forward_pass_gives_what_is_predicted(settings):
    assert_predicts_probabilities(settings, "multiclass")
    assert_predicts_responses(settings, "squared_error")


@pytest.mark.parametrize("settings", FEWER, ids=str)
def test_whatever_the_outputs_are(settings):
    """All weights are folded alike; what differs is the link behind the last."""
    for kind in ("binary", "multilabel"):
        assert_predicts_probabilities(settings, kind)
    for loss in ("absolute_error", "huber", "poisson"):
        assert_predicts_responses(settings, loss)


def assert_predicts_probabilities(settings, kind):
    X = inputs()
    est = MLPRegularizedClassifier(**QUICK, **settings).fit(X, labels(kind, X))
    raw = by_hand(est, X)
    if kind == "multiclass":
        proba = special.softmax(raw, axis=1)
        predicted = est.classes_[raw.argmax(axis=1)]
    elif kind == "binary":
        p = special.expit(raw)
        proba = np.hstack([1 - p, p])
        predicted = est.classes_[(p[:, 0] > 0.5).astype(int)]
    else:
        proba = special.expit(raw)
        predicted = (proba > 0.5).astype(int)
    np.testing.assert_allclose(est.predict_proba(X), proba, atol=1e-10)
    np.testing.assert_allclose(est.predict_log_proba(X), np.log(proba), atol=1e-9)
    np.testing.assert_array_equal(est.predict(X), predicted)


def assert_predicts_responses(settings, loss):
    X = inputs()
    y = 50 + np.abs(X[:, 0])
    est = MLPRegularizedRegressor(**QUICK, **settings, loss=loss).fit(X, y)
    raw = by_hand(est, X)[:, 0]
    expected = np.exp(raw) if loss == "poisson" else raw
    np.testing.assert_allclose(est.predict(X), expected, rtol=1e-10)


@pytest.mark.parametrize("settings", MOVING, ids=str)
def test_folding_keeps_what_the_engine_computes(settings):
    X = inputs()
    est = MLPRegularizedClassifier(**QUICK, **settings, dtype="float64").fit(
        X, labels("multiclass", X)
    )
    np.testing.assert_allclose(engine(est, X), by_hand(est, X), rtol=1e-9, atol=1e-10)
    est = MLPRegularizedClassifier(**QUICK, **settings, dtype="float32").fit(
        X, labels("multiclass", X)
    )
    np.testing.assert_allclose(engine(est, X), by_hand(est, X), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("settings", MOVING, ids=str)
def test_folding_brings_responses_back_to_their_units(settings):
    X = inputs()
    Y = np.column_stack([1e4 + 1e3 * X[:, 0], -1e-3 * X[:, 1]])
    est = MLPRegularizedRegressor(**QUICK, **settings, dtype="float64").fit(X, Y)
    raw = engine(est, X)
    if settings["standardize"]:
        raw = raw * Y.std(axis=0) + Y.mean(axis=0)
    np.testing.assert_allclose(est.predict(X), raw, rtol=1e-9)


def test_scaling_at_predict_time_does_shrink_the_weights():
    X = inputs()
    still = {**QUICK, "learning_rate_init": 1e-300, "standardize": False}
    y = labels("binary", X)
    plain = MLPRegularizedClassifier(**still).fit(X, y)
    shrunk = MLPRegularizedClassifier(
        **still, dropout=(0.5, 0.25), input_dropout=0.125, dropout_scaling="predict"
    ).fit(X, y)
    for a, b, keep in zip(shrunk.coefs_, plain.coefs_, [0.875, 0.5, 0.75], strict=True):
        np.testing.assert_allclose(a, keep * b, rtol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("settings", NORMALIZATIONS[:3], ids=str)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_a_scikit_learn_classifier_can_take_over(activation, settings, kind):
    X = inputs()
    y = labels(kind, X)
    est = MLPRegularizedClassifier(**QUICK, **settings, activation=activation).fit(X, y)
    plain = MLPClassifier(activation=activation)
    for name in ("coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_", "classes_",
                 "n_features_in_"):  # fmt: skip
        setattr(plain, name, getattr(est, name))
    plain._label_binarizer = LabelBinarizer().fit(y)
    np.testing.assert_allclose(plain.predict_proba(X), est.predict_proba(X), atol=1e-12)
    np.testing.assert_array_equal(plain.predict(X), est.predict(X))


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("n_responses", [1, 3])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_scikit_learn_regressor_can_take_over(activation, n_responses, loss):
    X = inputs()
    y = 100 + X[:, :n_responses]
    y = y.ravel() if n_responses == 1 else y
    est = MLPRegularizedRegressor(**QUICK, activation=activation, loss=loss).fit(X, y)
    plain = MLPRegressor(activation=activation, loss=loss)
    for name in ("coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_",
                 "n_features_in_"):  # fmt: skip
        setattr(plain, name, getattr(est, name))
    np.testing.assert_allclose(plain.predict(X), est.predict(X), rtol=1e-12)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, np.asfortranarray])
@pytest.mark.parametrize("rows", [1, 3, 59, 1000])
def test_predictions_do_not_depend_on_the_rows_predicted_at_a_time(container, rows, monkeypatch):
    X = inputs()
    y = labels("multiclass", X)
    est = MLPRegularizedClassifier(**QUICK, normalization="batch", dropout=0.3).fit(X, y)
    regressor = MLPRegularizedRegressor(**QUICK).fit(X, y)
    proba, responses = est.predict_proba(X), regressor.predict(X)
    monkeypatch.setattr(evaluation, "MAX_SIGNAL", rows * 6)
    np.testing.assert_allclose(est.predict_proba(container(X)), proba, rtol=1e-12)
    np.testing.assert_array_equal(est.predict(container(X)), est.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose(regressor.predict(container(X)), responses, rtol=1e-12)


def test_a_row_alone_is_predicted_as_among_others():
    X = inputs()
    est = MLPRegularizedClassifier(**QUICK, normalization="batch").fit(X, labels("binary", X))
    alone = np.vstack([est.predict_proba(X[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(alone, est.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
def test_predicting_changes_neither_the_estimator_nor_its_input(Estimator):
    X = inputs()
    est = Estimator(**QUICK).fit(X, labels("multiclass", X))
    state = {name: id(value) for name, value in vars(est).items()}
    weights, given = [each.copy() for each in est.coefs_ + est.intercepts_], X.copy()
    first = est.predict(X)
    np.testing.assert_array_equal(first, est.predict(X))
    assert {name: id(value) for name, value in vars(est).items()} == state
    for a, b in zip(weights, est.coefs_ + est.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(X, given)


def test_changing_a_hyperparameter_after_fit_does_not_change_predictions():
    X = inputs()
    est = MLPRegularizedClassifier(**QUICK, activation="tanh").fit(X, labels("binary", X))
    before = est.predict_proba(X)
    est.set_params(activation="relu", standardize=False, dropout=0.9)
    np.testing.assert_array_equal(est.predict_proba(X), before)
