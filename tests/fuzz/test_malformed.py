"""What cannot be used is refused in words that name it, and leaves what was fitted as it was."""

import datetime
import re
import tracemalloc
from contextlib import contextmanager
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import note
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

# Bytes that no refusal allocates, whatever it is given; a hundred times what most take.
MOST = 1 << 26
# Of a frame where an array was fitted; the error comes behind it.
pytestmark = pytest.mark.filterwarnings("ignore:X has feature names, but:UserWarning")
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "n_iter_no_change": None, "random_state": 0}
N, WIDTH, N_VALIDATION = 24, 3, 9
RNG = np.random.default_rng(0)
X, X_VAL = RNG.normal(size=(N, WIDTH)), RNG.normal(size=(N_VALIDATION, WIDTH))
NOT_FINITE = [np.nan, np.inf, -np.inf]
MISSING = [None, np.nan, pd.NA, pd.NaT]
DAY = datetime.date(2020, 1, 1)
NO_NUMBERS = ["oak", "", b"oak", DAY, datetime.timedelta(1), np.datetime64("NaT"), 10**400,
              [1.0], {}, object(), 1j, Decimal("NaN")]  # fmt: skip
# Instead of an array, whatever it is for.
NO_ARRAYS = ["oak", {}, {1.0}, object(), len, 3.0, [], [[]], np.zeros((2, 2, 2)),
             [[1.0], [1.0, 2.0]], np.float64(1), datetime.datetime(2020, 1, 1),
             (each for each in "ab")]  # fmt: skip


def targets(Estimator, kind, X):
    if Estimator is MLPRegularizedRegressor:
        return X @ np.ones((WIDTH, 2)) if kind == "several" else X.sum(axis=1)
    return (X[:, :2] > 0).astype(int) if kind == "several" else (X[:, 0] > 0).astype(int)


# ---------------------------------------------------------------- data


def with_one(values, value, at):
    """The values as objects, one of them replaced."""
    changed = np.array(values, dtype=object)
    changed.flat[at % changed.size] = value
    return changed


def without_numbers(draw, values):
    """An array with one entry that is no number, in some container."""
    at = draw(st.integers(0, values.size - 1))
    if draw(st.booleans()):
        broken = np.array(values, dtype=draw(st.sampled_from([np.float64, np.float32])))
        broken.flat[at] = draw(st.sampled_from(NOT_FINITE))
        containers = [np.asarray, np.ndarray.tolist]
        if broken.ndim == 2:
            containers += [sparse.csr_array, sparse.csc_array, pd.DataFrame, pl.DataFrame]
        return draw(st.sampled_from(containers))(broken)
    broken = with_one(values, draw(st.sampled_from([*MISSING, *NO_NUMBERS])), at)
    containers = [np.asarray, np.ndarray.tolist]
    containers += [pd.DataFrame] if broken.ndim == 2 else [pd.Series]
    return draw(st.sampled_from(containers))(broken)


def of_wrong_shape(draw, values):
    """More or fewer rows, very many that take no memory themselves, or one axis more."""
    many = np.broadcast_to(values[:1], (10**7, *values.shape[1:]))
    return draw(st.sampled_from([values[:-1], values[:0], values[:1], np.concatenate([values] * 2),
                                 many,
                                 values.reshape(values.shape[0], -1, 1).repeat(2, axis=2),
                                 np.array(values.flat[0])]))  # fmt: skip


def bad_X(draw, values):
    kind = draw(st.sampled_from(["entry", "entry", "shape", "width", "dates", "none"]))
    if kind == "entry":
        return without_numbers(draw, values)
    if kind == "shape":
        return of_wrong_shape(draw, values)
    if kind == "width":
        return draw(st.sampled_from([values[:, :0], values[:, 0], values.T.ravel()]))
    if kind == "dates":
        days = values.astype(draw(st.sampled_from(["M8[ms]", "m8[ms]"])))
        return draw(st.sampled_from([np.asarray, pd.DataFrame, pl.DataFrame]))(days)
    return draw(st.sampled_from([None, values.astype(complex), *NO_ARRAYS]))


def bad_numbers(draw, values):
    """For a regressor's y."""
    kind = draw(st.sampled_from(["entry", "entry", "shape", "type", "none"]))
    if kind == "entry":
        return without_numbers(draw, values)
    if kind == "shape":
        return of_wrong_shape(draw, values)
    if kind == "type":
        dtype = draw(st.sampled_from(["M8[D]", "m8[s]", complex, "U9"]))
        return np.asarray(values).astype(float).astype(int).astype(dtype)
    return draw(st.sampled_from([None, *NO_ARRAYS]))


def bad_labels(draw, values):
    """For a classifier's y."""
    kind = draw(st.sampled_from(["entry", "shape", "indicators", "none"]))
    if kind == "entry":
        at = draw(st.integers(0, values.size - 1))
        value = draw(
            st.sampled_from([*MISSING, *NOT_FINITE, 0.5, "oak", b"oak", DAY, {}, object()])
        )
        if draw(st.booleans()):
            return with_one(values, value, at)
        return with_one(values, value, at).tolist()
    if kind == "shape":
        return of_wrong_shape(draw, values)
    if kind == "indicators":
        both = np.stack([values.reshape(len(values), -1)[:, 0]] * 2, axis=1)
        return draw(st.sampled_from([2 * both, both - 1, both + 0.5, sparse.csr_array(3 * both),
                                     values + 0.25, both * np.nan]))  # fmt: skip
    return draw(st.sampled_from([None, *NO_ARRAYS]))


def bad_weights(draw, n):
    ones = np.ones(n)
    kind = draw(st.sampled_from(["entry", "shape", "value", "none"]))
    if kind == "entry":
        return without_numbers(draw, ones)
    if kind == "shape":
        return of_wrong_shape(draw, ones)
    if kind == "value":
        return draw(st.sampled_from([-ones, 0 * ones, np.where(np.arange(n) == 3, -1e-9, 1.0),
                                     ones[:, None], ones.astype("M8[D]"), ones.astype(complex),
                                     np.full(n, "heavy")]))  # fmt: skip
    return draw(st.sampled_from(NO_ARRAYS))


def bad_groups(draw):
    labels = np.arange(N) % 5
    kind = draw(st.sampled_from(["entry", "shape", "none"]))
    if kind == "entry":
        value = draw(st.sampled_from([*MISSING, "oak", {}, object()]))
        return with_one(labels, value, draw(st.integers(0, N - 1)))
    return of_wrong_shape(draw, labels) if kind == "shape" else draw(st.sampled_from(NO_ARRAYS))


def bad_classes(draw, Estimator):
    return draw(st.sampled_from([
        [], 0, "ab", [[0, 1]], {0, 1}, {0: 1}, [0], [0, None], [0, np.nan], [0, "a"], ["a", "b"],
        [0.5, 1.5], np.zeros((1, 1, 2)), object(), [0, object()], (0, {}),
    ]))  # fmt: skip


def bad_data(draw, Estimator, y, y_val):
    """The arguments of a call, one of them bad, and its name."""
    given = {"X": X, "y": y}
    names = ["X", "X", "y", "y", "sample_weight", "groups", "X_val", "y_val", "sample_weight_val"]
    name = draw(st.sampled_from(names))
    if name.endswith("_val"):
        given |= {"X_val": X_VAL, "y_val": y_val}
    bad_y = bad_numbers if Estimator is MLPRegularizedRegressor else bad_labels
    make = {
        "X": lambda: bad_X(draw, X),
        "X_val": lambda: bad_X(draw, X_VAL),
        "y": lambda: bad_y(draw, y),
        "y_val": lambda: bad_y(draw, y_val),
        "sample_weight": lambda: bad_weights(draw, N),
        "sample_weight_val": lambda: bad_weights(draw, N_VALIDATION),
        "groups": lambda: bad_groups(draw),
    }
    return name, given | {name: make[name]()}


def refused(call, *names):
    """The call raises an error that speaks of one of these names, in bounded memory."""
    with pytest.raises((ValueError, TypeError)) as caught, bounded_memory():
        call()
    told = str(caught.value)
    assert any(re.search(rf"\b{name}\b", told) for name in names), told


@contextmanager
def bounded_memory():
    """What is inside allocates no more than ``MOST``."""
    tracemalloc.start()
    try:
        yield
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST, f"{peak / 2**20:.0f} MB"


def check_data(draw, Estimator):
    kind = draw(st.sampled_from(["one", "several"]))
    y, y_val = targets(Estimator, kind, X), targets(Estimator, kind, X_VAL)
    est = Estimator(**QUICK, warm_start=draw(st.booleans())).fit(X, y)
    before = vars(est).copy(), est.predict(X)
    method = draw(st.sampled_from(["fit", "partial_fit", "predict", "predict_proba", "classes"]))
    if method == "classes" and Estimator is MLPRegularizedClassifier:
        name, given = "classes", {"X": X, "y": y, "classes": bad_classes(draw, Estimator)}
        called = draw(st.sampled_from([est, clone(est)])).partial_fit
    elif method.startswith("predict"):
        name, given = "X", {"X": bad_X(draw, X)}
        # Any number of rows can be predicted.
        shape = np.shape(given["X"]) if isinstance(given["X"], np.ndarray) else ()
        if len(shape) == 2 and shape[0] > 0 and shape[1] == WIDTH and is_numeric(given["X"]):
            given["X"] = X[:, :2]
        called = getattr(est, method, est.predict)
    else:
        name, given = bad_data(draw, Estimator, y, y_val)
        called = getattr(est, "fit" if method == "classes" else method)
    note(f"{est!r}.{called.__name__}({name}={given[name]!r})")
    refused(lambda: called(**given), name)
    assert vars(est).keys() == before[0].keys()
    np.testing.assert_array_equal(est.predict(X), before[1])


def is_numeric(values):
    return values.dtype.kind == "f" and np.isfinite(values).all()


# ---------------------------------------------------------------- settings


def bad_in(allowed):
    """Values that an interval does not hold."""
    low, high = allowed.left, allowed.right
    values = [np.nan, np.inf, -np.inf, -1, -1e-9]
    if low is not None:
        values += [low - 1, low - 1e-6] + ([low] if allowed.closed in ("right", "neither") else [])
    if high is not None:
        values += [high + 1, high + 1e-6] + (
            [high] if allowed.closed in ("left", "neither") else []
        )
    if allowed.type.__name__ == "Integral":
        values += [1.5, 2.0, np.float64(3)]
    return [value for value in values if value not in allowed]


NO_SETTINGS = ["oak", "", b"oak", [], {}, {1}, object(), 1j, np.array([0.5, 0.5]), pd.NA, DAY]
LOOP = []
LOOP.append(LOOP)
OWN = {
    "hidden_layer_sizes": [0, -1, (0,), (3, -1), (2.5,), ("oak",), {3}, {3: 4}, np.array(3.0),
                           [[3]], (None,), (np.nan,), 2.5, None, "oak", np.array([[3]]),
                           [[3], [4, 5]], LOOP],
    "activation": [["relu", "relu"], ["oak"], [None], {"relu"}, None, 3, np.array("relu"), [[]],
                   [["relu"], ["relu", "tanh"]], LOOP],
    "dropout": [1.0, -0.1, np.nan, [0.1, 0.2], [np.nan], ["oak"], [None], {0.1}, [[0.1]], None,
                [[0.1], [0.1, 0.2]], LOOP],
    "augmentation": [3, "oak", lambda X, y, rng: None, lambda X, y, rng: (X, None),
                     lambda X, y, rng: (X * np.nan, y), lambda X, y, rng: (X[:1], y),
                     lambda X, y, rng: (X.astype(str), y), lambda X, y, rng: (X, y, rng)],
    "learning_rate": [3, None, "oak", lambda t: None, lambda t: np.nan, lambda t: "oak",
                      lambda t: -1.0, lambda t: np.inf, lambda t: [1.0, 2.0]],
    "early_stopping_scoring": [3, None, "oak", lambda *a: None, lambda *a: "oak",
                               lambda *a: [1.0, 2.0], lambda *a: {}],
    "class_weight": ["oak", 3, [1, 2], {5: 1.0}, {0: -1.0, 1: 1.0}, {0: np.nan}, {0: "oak"},
                     {0: None}, {0: np.inf, 1: 1.0}, {0: 0, 1: 0}],
    "random_state": ["oak", -1, 1.5, [1], np.nan, 2**40],
    "verbose": ["oak", -1, None, 1.5],
}  # fmt: skip


def bad_values(name, declaration):
    """Values of a hyperparameter that are not allowed."""
    if name in OWN:
        return OWN[name]
    values = list(NO_SETTINGS)
    for allowed in declaration.allowed:
        if isinstance(allowed, Interval):
            values += [each for each in bad_in(allowed) if not fits(each, declaration)]
            values.append(10**400)
        elif isinstance(allowed, StrOptions):
            values += [option + "s" for option in allowed.options]
            values += [[option] for option in allowed.options]
        elif allowed == "boolean":
            values += [2, -1, 1.0, "True", [True], np.array([True])]
    return values if None in declaration.allowed else [*values, None]


def fits(value, declaration):
    """Whether another of the things allowed holds the value."""
    return any(value in getattr(each, "options", each) for each in declaration.allowed
               if isinstance(each, Interval | Options))  # fmt: skip


def check_settings(draw, Estimator):
    y = targets(Estimator, "one", X)
    est = Estimator(**QUICK).fit(X, y)
    before = est.predict(X)
    name = draw(st.sampled_from(list(Estimator._declarations)))
    value = draw(st.sampled_from(bad_values(name, Estimator._declarations[name])))
    note(f"{Estimator.__name__}({name}={value!r})")
    needed = {"early_stopping": True} if name == "early_stopping_scoring" else {}
    est.set_params(**{**needed, name: value})
    method = draw(st.sampled_from(["fit", "partial_fit"]))
    # Where it stands for a method that is not there, fit tells.
    called = getattr(est, method if hasattr(est, method) else "fit")
    refused(lambda: called(X, y), name)
    np.testing.assert_array_equal(est.predict(X), before)


def check_names(draw, Estimator):
    est = Estimator(**QUICK).fit(X, targets(Estimator, "one", X))
    before, settings = est.predict(X), est.get_params()
    known = draw(st.sampled_from(list(Estimator._declarations)))
    name = draw(st.sampled_from([known + "s", known[:-1], known.upper(), known + "_", "alpha",
                                 "_" + known, known + "s__a"]))  # fmt: skip
    refused(lambda: est.set_params(**{known: "changed", name: 1}), name.partition("__")[0])
    refused(lambda: Estimator(**{name: 1}), name)
    assert est.get_params() == settings
    np.testing.assert_array_equal(est.predict(X), before)


ARROW_COLUMNS = [
    [*X[1:, 0], None], [*X[1:, 0], np.nan], ["oak"] * N, [*["1"] * (N - 1), None], [None] * N,
    [DAY] * N, [datetime.timedelta(1)] * N, [datetime.time(1)] * N, [[1.0]] * N, [{"a": 1.0}] * N,
    [*[True] * (N - 1), None],
]  # fmt: skip


def check_arrow(draw, Estimator):
    """Of an Arrow table, and of its columns as y and weights; ``pyarrow`` need not be there."""
    pa = pytest.importorskip("pyarrow")
    columns, y = list(X.T), targets(Estimator, "one", X)
    table = pa.table(columns, names=list("abc"))
    est = Estimator(**QUICK).fit(table, y)
    before = est.predict(table)
    name = draw(st.sampled_from(["X", "y", "X_val", "sample_weight", "names"]))
    bad = pa.chunked_array([pa.array(draw(st.sampled_from(ARROW_COLUMNS)))])
    labels = name == "y" and Estimator is MLPRegularizedClassifier
    given = {"X": table, "y": y, name: pa.chunked_array([[0.5, 1.0] * 12]) if labels else bad}
    if name == "names":
        name, given = "X", {"X": pa.table([bad, bad, bad], names=list("aba")), "y": y}
    elif name.startswith("X"):
        columns[draw(st.integers(0, WIDTH - 1))] = bad
        given |= {"y_val": y} if name == "X_val" else {}
        given[name] = pa.table(columns, names=list("abc"))
    note(f"{Estimator.__name__}.fit({name}={given[name]!r})")
    refused(lambda: est.fit(**given), name)
    np.testing.assert_array_equal(est.predict(table), before)


CHECKS = pytest.mark.parametrize(
    ("check", "share"), [(check_data, 0.6), (check_settings, 0.35), (check_names, 0.05)]
)


@BOTH
@CHECKS
def test_some_of_what_cannot_be_used(run, Estimator, check, share):
    run(lambda draw: check(draw, Estimator), round(share * 150))


@BOTH
@CHECKS
@pytest.mark.soak
@pytest.mark.parametrize("part", range(1, 6))
def test_much_of_what_cannot_be_used(run, Estimator, check, share, part):
    run(lambda draw: check(draw, Estimator), round(share * 1000), part)


@BOTH
def test_arrow_tables_that_cannot_be_used(run, Estimator):
    pytest.importorskip("pyarrow")
    run(lambda draw: check_arrow(draw, Estimator), 60)
