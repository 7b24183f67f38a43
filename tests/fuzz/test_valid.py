"""Any settings that go together, on any kind of data: the same bits again, wherever they train."""

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import note
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, cross_val_predict

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor, fit_together
from sknnreg.engine.places.signal.activations import ACTIVATIONS
from sknnreg.estimators.base import training_plan

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])

SHORT = {"max_iter": 6, "hidden_layer_sizes": (5,), "learning_rate_init": 0.01}
# What has no effect alone is drawn with what gives it one.
PARTNERS = {
    "dropout_kind": {"dropout": 0.3},
    "dropout_scaling": {"dropout": 0.3},
    "normalization_position": {"normalization": "batch"},
    "normalization_momentum": {"normalization": "batch"},
    "normalization_epsilon": {"normalization": "layer", "hidden_layer_sizes": (8,)},
    "normalization_groups": {"normalization": "group", "hidden_layer_sizes": (8,)},
    "batch_statistics": {"normalization": "batch"},
    "drop_connect_inference": {"drop_connect": 0.1},
    "validation_fraction": {"early_stopping": True},
    "early_stopping_scoring": {"early_stopping": True},
    "early_stopping_refit": {"early_stopping": True},
    "averaging_decay": {"weight_averaging": "ema"},
    "averaging_start": {"weight_averaging": "swa"},
    "n_snapshots": {"learning_rate": "cosine_restarts", "learning_rate_period": 3},
    "momentum_min": {"learning_rate": "one_cycle"},
    "momentum": {"solver": "sgd"},
    "nesterovs_momentum": {"solver": "sgd"},
    "huber_delta": {"loss": "huber"},
}

INPUTS = {
    "float64": np.asarray,
    "float32": lambda X: X.astype(np.float32),
    "by columns": np.asfortranarray,
    "every second": lambda X: np.repeat(X, 2, axis=0)[::2],
    "int64": lambda X: np.round(3 * X).astype(np.int64),
    "uint8": lambda X: np.round(np.abs(3 * X)).astype(np.uint8),
    "bool": lambda X: X > 0,
    "list": lambda X: X.tolist(),
    "csr_array": lambda X: sparse.csr_array(np.where(X > 0, X, 0.0)),
    "csc_array": lambda X: sparse.csc_array(np.where(X > 0, X, 0.0)),
    "csr_matrix": lambda X: sparse.csr_matrix(np.where(X > 0, X, 0.0).astype(np.float32)),
    "coo_array": lambda X: sparse.coo_array(np.where(X > 0, X, 0.0)),
    "pandas": lambda X: pd.DataFrame(X, columns=names_of(X)),
    "polars": lambda X: pl.DataFrame(X, schema=names_of(X)),
}
CLASSES = {
    "binary": lambda score: (score[:, 0] > 0).astype(int),
    "bool": lambda score: score[:, 0] > 0,
    "multiclass": lambda score: np.argmax(score, axis=1) - 1,
    "texts": lambda score: np.array(["oak", "fir", "yew"])[np.argmax(score, axis=1)],
    "objects": lambda score: np.array(["a", "b"], dtype=object)[(score[:, 0] > 0).astype(int)],
    "multilabel": lambda score: (score > 0).astype(int),
    "sparse multilabel": lambda score: sparse.csr_array((score > 0).astype(int)),
}
NUMBERS = {
    "real": lambda score: score[:, 0],
    "float32": lambda score: score[:, 0].astype(np.float32),
    "one column": lambda score: score[:, :1],
    "several": lambda score: 100.0 * score,
    "int": lambda score: np.round(3 * score[:, 0]).astype(int),
    "counts": lambda score: np.round(np.exp(score[:, 0])).astype(int),
    "several counts": lambda score: np.round(np.exp(score)),
}
Y_FROM = {
    "array": lambda y: y,
    "list": lambda y: y.tolist(),
    "pandas": lambda y: pd.Series(y) if y.ndim == 1 else pd.DataFrame(y),
    "polars": lambda y: pl.Series(y.tolist()) if y.ndim == 1 else pl.DataFrame(y),
}
# Where pyarrow is installed, in tests of their own: the cases of the others are the same anywhere.
ARROW_INPUTS = {
    "table": lambda X: pl.DataFrame(X, schema=names_of(X)).to_arrow(),
    "float32": lambda X: pl.DataFrame(X.astype(np.float32), schema=names_of(X)).to_arrow(),
}
ARROW_Y_FROM = {
    "array": lambda y: y,
    "arrow": lambda y: (
        pl.Series(y.tolist()).to_arrow() if y.ndim == 1 else pl.DataFrame(y).to_arrow()
    ),
}
N_VALIDATION = 9


def names_of(X):
    return [f"column {number}" for number in range(X.shape[1])]


def rows(X, at):
    """Some rows of an X or y of any kind."""
    if isinstance(X, list):
        return X[at]
    if sparse.issparse(X):
        return X.tocsr()[at]
    if type(X).__module__ == "pyarrow.lib":
        return X.slice(at.start or 0, at.stop if at.start is None else None)
    return X.iloc[at] if hasattr(X, "iloc") else X[at]


def data_of(draw, Estimator, inputs, y_from):
    """X, what else ``fit`` is given, and a dense X."""
    n, width = draw(st.integers(20, 60)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = rng.normal(size=(n + N_VALIDATION, width))
    score = numbers @ rng.normal(size=(width, 3)) + 0.1 * rng.normal(size=(len(numbers), 3))
    # Every class in the first fold, the second and the validation rows.
    score[:3] = score[n - 3 : n] = 9 * np.eye(3)
    X = inputs[draw(st.sampled_from(list(inputs)))](numbers)
    kinds = CLASSES if Estimator is MLPRegularizedClassifier else NUMBERS
    y = kinds[draw(st.sampled_from(list(kinds)))](score)
    if not sparse.issparse(y):
        y = y_from[draw(st.sampled_from(list(y_from)))](y)
    train, validation = slice(n), slice(n, None)
    given = {"y": rows(y, train)}
    if draw(st.booleans()):
        weight = draw(st.sampled_from([
            rng.uniform(0.1, 3.0, n), np.r_[1, 1, 1, rng.integers(0, 3, n - 6), 1, 1, 1],
            rng.exponential(size=n) * 1e-6,
            np.ones(n, np.float32), rng.uniform(1, 2, n).tolist(),
        ]))  # fmt: skip
        given["sample_weight"] = weight
    if draw(st.integers(0, 3)) == 0:
        given |= {"X_val": rows(X, validation), "y_val": rows(y, validation)}
        if draw(st.booleans()):
            given["sample_weight_val"] = rng.uniform(0.1, 2.0, N_VALIDATION)
    elif draw(st.integers(0, 3)) == 0:
        given["groups"] = rng.permutation(np.arange(n) % 8)
    X = rows(X, train)
    dense = np.asarray(X.toarray() if sparse.issparse(X) else X, dtype=np.float64)
    return X, given, dense


def is_steep(Estimator, y):
    """Whether a y that is not standardized makes gradients with which training may diverge."""
    return Estimator is MLPRegularizedRegressor and np.abs(np.asarray(y)).max() > 100


def settings_of(draw, Estimator, table, X, given):
    """One hyperparameter after the other, but for those that do not go with those before."""
    names = [name for name in Estimator._declarations if name in table.DRAWS]
    est = Estimator(**{**table.FIXED, **SHORT, "random_state": draw(st.integers(0, 9))})
    est.set_params(n_iter_no_change=draw(st.sampled_from([None, 2, np.inf])))
    for name in draw(st.lists(st.sampled_from(names), unique=True, max_size=10)):
        value = draw(st.sampled_from(table.DRAWS[name]))
        if name == "standardize" and is_steep(Estimator, given["y"]):
            continue
        if name == "early_stopping_scoring":
            # Of a single row too, which a fold of ten holds out: "r2" is not defined there.
            classifies = Estimator is MLPRegularizedClassifier
            value = "accuracy" if classifies else "neg_mean_squared_error"
        tried = clone(est).set_params(**{**PARTNERS.get(name, {}), name: value})
        try:
            training_plan(tried, X, given["y"], given.get("sample_weight"))
        except ValueError:
            continue
        est = tried
    return est


def roads(est):
    """How it may be trained: ``fit``, ``fit`` twice going on, three calls of ``partial_fit``."""
    if est.warm_start:
        return ["warm"]
    steps = hasattr(est, "partial_fit") and getattr(est, "class_weight", None) is None
    return ["fit", "partial"] if steps else ["fit"]


def learn(est, road, X, given):
    """The estimator trained."""
    if road == "partial":
        for _ in range(3):
            est.partial_fit(X, **given)
        return est
    est.fit(X, **given)
    return est.fit(X, **given) if road == "warm" else est


def outputs(est, X):
    """All that it predicts, and its weights and curves."""
    told = [est.predict(X), *est.coefs_, *est.intercepts_, est.loss_curve_]
    if hasattr(est, "predict_proba"):
        told += [est.predict_proba(X), est.predict_log_proba(X)]
    return told


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def is_plain(est):
    """Whether weights, biases and activations are all there is of the network."""
    sampled = est.drop_connect_inference == "gaussian" and est.drop_connect > 0
    return est.normalization not in ("layer", "group") and not sampled


def forward(est, X):
    """The mean that a plain network predicts, written anew."""
    names = est.activation
    names = [names] * (len(est.coefs_) - 1) if isinstance(names, str) else names
    for coef, intercept, name in zip(est.coefs_, est.intercepts_, names, strict=False):
        X = ACTIVATIONS[name].value(signal := X @ coef + intercept, signal)
    raw = X @ est.coefs_[-1] + est.intercepts_[-1]
    links = {"identity": np.asarray, "logistic": expit, "exp": np.exp}
    if est.out_activation_ == "softmax":
        return softmax(raw, axis=1)
    return links[est.out_activation_](raw)


def check_forward(est, X, dense):
    """The pass over weights and biases, of snapshots their mean, is what is predicted."""
    mean = np.mean([forward(each, dense) for each in est.snapshots_ or [est]], axis=0)
    if isinstance(est, MLPRegularizedRegressor):
        predicted = est.predict(X).reshape(mean.shape)
    else:
        proba = est.predict_proba(X)
        predicted = proba[:, 1:] if mean.shape[1] == 1 and proba.shape[1] == 2 else proba
    scale = np.abs(mean).max() + max(np.abs(each).max() for each in est.coefs_)
    np.testing.assert_allclose(predicted, mean, rtol=1e-8, atol=1e-10 * scale)


def check_finite(est, X):
    for each in (*est.coefs_, *est.intercepts_, est.loss_curve_):
        assert np.isfinite(each).all()
    if isinstance(est, MLPRegularizedRegressor):
        assert np.isfinite(est.predict(X)).all()
        return
    proba = est.predict_proba(X)
    assert ((proba >= 0) & (proba <= 1)).all()
    assert np.isfinite(est.predict_log_proba(X)).all()
    if est.out_activation_ == "softmax":
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)


def check_together(est, X, given):
    """Folds trained side by side predict as those trained one after the other."""
    y = given["y"]
    params = {name: value for name, value in given.items() if name != "y"}

    def predicted():
        return cross_val_predict(clone(est), X, y, cv=KFold(2), params=params)

    alone = predicted()
    with fit_together(n_jobs=1):
        together = predicted()
    if sparse.issparse(alone):
        alone, together = alone.toarray(), together.toarray()
    np.testing.assert_array_equal(together, alone)


def check_valid(draw, Estimator, table, inputs=INPUTS, y_from=Y_FROM):
    X, given, dense = data_of(draw, Estimator, inputs, y_from)
    est = settings_of(draw, Estimator, table, X, given)
    road = draw(st.sampled_from(roads(est)))
    note(f"{est!r}, {road}, {type(X)}, { {name: type(each) for name, each in given.items()} }")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Ended by n_iter_no_change before all snapshots were taken, or anything was averaged.
        warnings.filterwarnings("ignore", "Training ended after", UserWarning)
        learned = learn(clone(est), road, X, given)
        expected = outputs(learned, X)
        assert_same(outputs(learn(clone(learned), road, X, given), X), expected)
        check_finite(learned, X)
        if is_plain(est):
            check_forward(learned, X, dense)
        check_together(est, X, given)
        thawed = pickle.loads(pickle.dumps(learned))
        assert_same(outputs(thawed, X), expected)
        # And both go on alike, where they go on.
        assert_same(outputs(learn(thawed, road, X, given), X),
                    outputs(learn(learned, road, X, given), X))  # fmt: skip


@BOTH
def test_some_settings_on_some_data(run, Estimator, table):
    run(lambda draw: check_valid(draw, Estimator, table), 25)


@BOTH
@pytest.mark.soak
@pytest.mark.parametrize("part", range(1, 11))
def test_many_settings_on_much_data(run, Estimator, table, part):
    run(lambda draw: check_valid(draw, Estimator, table), 500, part)


@BOTH
@pytest.mark.parametrize("n", [15, pytest.param(150, marks=pytest.mark.soak)])
def test_settings_on_arrow_tables(run, Estimator, table, n):
    pytest.importorskip("pyarrow")
    run(lambda draw: check_valid(draw, Estimator, table, ARROW_INPUTS, ARROW_Y_FROM), n)
