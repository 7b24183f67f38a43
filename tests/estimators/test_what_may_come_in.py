"""What may come in for X, y and weights is the same in fit, partial_fit, warm fits and predict."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "n_iter_no_change": np.inf, "random_state": 0}
ESTIMATORS = [MLPRegularizedClassifier, MLPRegularizedRegressor]
BOTH = pytest.mark.parametrize("Estimator", ESTIMATORS)
N = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
CODES = (X[:, 0] > 0).astype(int)
LABELS = np.column_stack([CODES, 1 - CODES, X[:, 1] > 0]).astype(int)
DAYS = np.datetime64("2020-01-01", "ms") + np.arange(N) * np.timedelta64(1, "D")
NO_DAY = np.where(np.arange(N) == 3, np.datetime64("NaT", "ms"), DAYS)


def tries(Estimator, y):
    """Every way for a y to come in, with the name it should be called by."""
    good = LABELS if np.ndim(y) == 2 or sparse.issparse(y) else CODES
    started = Estimator(**QUICK).fit(X, good)
    warm = Estimator(**QUICK, warm_start=True).fit(X, good)
    return [
        ("y", lambda: Estimator(**QUICK).fit(X, y)),
        ("y", lambda: Estimator(**QUICK).partial_fit(X, y)),
        ("y", lambda: Estimator(**QUICK).fit(X, good).partial_fit(X, y)),
        ("y", lambda: started.partial_fit(X, y)),
        ("y", lambda: warm.fit(X, y)),
        ("y_val", lambda: Estimator(**QUICK).fit(X, good, X_val=X, y_val=y)),
        ("y_val", lambda: Estimator(**QUICK).partial_fit(X, good, X_val=X, y_val=y)),
    ]


@pytest.mark.parametrize(
    "y", [2 * LABELS - 1, 2 * LABELS, 5 * np.ones_like(LABELS), X, X.astype(str),
          sparse.csr_array(3 * LABELS)],
    ids=["-1 and 1", "0 and 2", "5", "real", "text", "sparse"],
)  # fmt: skip
def test_indicators_are_0_and_1(y):
    for name, attempt in tries(MLPRegularizedClassifier, y):
        with pytest.raises(ValueError, match=rf"^({name} |Unknown label type).*(0 and 1|{name} )"):
            attempt()
    with pytest.raises(ValueError, match="y must be an indicator matrix of 0 and 1"):
        MLPRegularizedClassifier(**QUICK).partial_fit(X, y, classes=[0, 1, 2])


def test_duplicate_entries_of_a_sparse_indicator_matrix_are_summed():
    rows, columns = np.nonzero(LABELS)
    twice = np.concatenate([rows, rows]), np.concatenate([columns, columns])

    def indicators(value):
        matrix = sparse.coo_array((np.full(2 * len(rows), value), twice), shape=LABELS.shape)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(matrix.row, minlength=N))])
        order = np.argsort(matrix.row, kind="stable")
        return sparse.csr_array((matrix.data[order], matrix.col[order], indptr), LABELS.shape)

    with pytest.raises(ValueError, match=r"y must be an indicator matrix.*got 2"):
        MLPRegularizedClassifier(**QUICK).fit(X, indicators(1))
    halves = indicators(0.5)
    assert not halves.has_canonical_format
    summed = MLPRegularizedClassifier(**QUICK).fit(X, halves)
    plain = MLPRegularizedClassifier(**QUICK).fit(X, LABELS.astype(float))
    assert summed.loss_curve_ == plain.loss_curve_


def frames():
    """Frames that stay object arrays and have a missing value in their column "a"."""
    decimals = [Decimal("1.5")] * N
    return {
        "polars bool": pl.DataFrame({"a": [None, *[True, False] * 20][:N], "b": [True] * N}),
        "polars decimal": pl.DataFrame({"a": [None, *decimals][:N]}),
        "pandas decimal": pd.DataFrame({"a": [None, *decimals][:N]}),
        "categories": pd.DataFrame({"a": pd.Categorical([None, *["1", "2"] * 20][:N]), "b": 1.0}),
        "objects": np.array([[None], *[[1.0]] * (N - 1)], dtype=object),
    }


@BOTH
@pytest.mark.parametrize("kind", frames())
def test_missing_values_in_objects_are_found(Estimator, kind):
    broken = frames()[kind]
    whole = broken[1:] if not isinstance(broken, pd.DataFrame) else broken.iloc[1:]
    est = Estimator(**QUICK).fit(whole, CODES[1:])
    assert np.isfinite(est.predict(whole)).all()
    for name, attempt in [
        ("X", lambda: Estimator(**QUICK).fit(broken, CODES)),
        ("X", lambda: Estimator(**QUICK).partial_fit(broken, CODES)),
        ("X", lambda: est.predict(broken)),
        ("X_val", lambda: Estimator(**QUICK).fit(whole, CODES[1:], X_val=broken, y_val=CODES)),
    ]:
        with pytest.raises(ValueError, match=rf"Input {name} contains NaN"):
            attempt()
    if Estimator is MLPRegularizedClassifier:
        with pytest.raises(ValueError, match="Input X contains NaN"):
            est.predict_proba(broken)


@BOTH
def test_numbers_in_objects_are_learned_as_numbers(Estimator):
    decimals = np.array([[Decimal(str(each)) for each in row] for row in X], dtype=object)
    plain = Estimator(**QUICK).fit(X, CODES)
    np.testing.assert_array_equal(
        Estimator(**QUICK).fit(decimals, CODES).coefs_[0], plain.coefs_[0]
    )


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize(
    "container",
    [lambda y: np.array(y, dtype=object), list, lambda y: pd.Series(y, dtype=object)],
    ids=["array", "list", "series"],
)
def test_missing_targets_are_found(missing, container):
    y = container([*(float(code) for code in CODES[:-1]), missing])
    for name, attempt in tries(MLPRegularizedRegressor, y):
        with pytest.raises(
            (ValueError, TypeError), match=rf"{name} (contains|must hold).*(NaN|NA)"
        ):
            attempt()


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
def test_missing_labels_are_found(missing):
    y = np.array([*np.array(["a", "b"])[CODES[:-1]], missing], dtype=object)
    for name, attempt in [
        ("y", lambda: MLPRegularizedClassifier(**QUICK).fit(X, y)),
        ("y_val", lambda: MLPRegularizedClassifier(**QUICK).fit(X, CODES, X_val=X, y_val=y)),
        ("y", lambda: MLPRegularizedClassifier(**QUICK).fit(X, y.tolist())),
        ("classes", lambda: MLPRegularizedClassifier(**QUICK).partial_fit(X, CODES, classes=y)),
    ]:
        with pytest.raises(ValueError, match=rf"{name} contains .*Leave these rows out"):
            attempt()
    with pytest.raises(ValueError, match="y contains NaT"):
        MLPRegularizedClassifier(**QUICK).fit(X, NO_DAY)


@BOTH
@pytest.mark.parametrize("column", [DAYS, NO_DAY, DAYS - DAYS[0], NO_DAY - DAYS[0]],
                         ids=["dates", "with NaT", "durations", "durations with NaT"])  # fmt: skip
@pytest.mark.parametrize(
    "container",
    [
        lambda days: days[:, None],
        lambda days: pd.DataFrame({0: days}),
        lambda days: pd.DataFrame({0: days, 1: 1.0}),
        lambda days: pl.DataFrame({"0": days}),
        lambda days: pl.DataFrame({"0": days, "1": np.ones(N)}),
        lambda days: days.astype(object)[:, None],
    ],
    ids=["array", "pandas", "mixed pandas", "polars", "mixed polars", "objects"],
)
def test_dates_are_not_taken_for_numbers(Estimator, column, container):
    given = container(column)
    numbers = container(np.arange(float(N)))
    numeric = Estimator(**QUICK).fit(numbers, CODES)
    for attempt in (
        lambda: Estimator(**QUICK).fit(given, CODES),
        lambda: numeric.predict(given),
        lambda: numeric.fit(numbers, CODES, X_val=given, y_val=CODES),
    ):
        with pytest.raises(
            (ValueError, TypeError), match=r"column '?0'? of X(_val)? must hold num"
        ):
            attempt()


@pytest.mark.parametrize("y", [DAYS, NO_DAY, DAYS - DAYS[0]], ids=["dates", "NaT", "durations"])
def test_dates_are_neither_targets_nor_weights(y):
    for name, attempt in tries(MLPRegularizedRegressor, y):
        with pytest.raises(ValueError, match=rf"^{name} must hold numbers.*Dates and durations"):
            attempt()
    with pytest.raises(ValueError, match=r"^sample_weight must hold numbers.*Dates and durations"):
        MLPRegularizedRegressor(**QUICK).fit(X, CODES, sample_weight=y)


@pytest.mark.parametrize("y", [CODES.astype(str), np.where(CODES, "a", "b").astype(object)])
def test_a_regressor_takes_no_texts_wherever_they_come(y):
    for name, attempt in tries(MLPRegularizedRegressor, y):
        with pytest.raises(ValueError, match=rf"^{name} must hold.*MLPRegularizedClassifier"):
            attempt()


@BOTH
@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_a_frame_with_texts_points_to_encoders(Estimator, container):
    numbers = container({"age": [1.0, 2.0] * 20, "city": [1.0] * N})
    texts = container({"age": [1.0, 2.0] * 20, "city": ["Rome", "Oslo"] * 20})
    est = Estimator(**QUICK).fit(numbers, CODES)
    for name, attempt in [
        ("X", lambda: Estimator(**QUICK).fit(texts, CODES)),
        ("X", lambda: est.predict(texts)),
        ("X_val", lambda: Estimator(**QUICK).fit(numbers, CODES, X_val=texts, y_val=CODES)),
    ]:
        with pytest.raises(ValueError, match=rf"column 'city' of {name} .*'Rome'") as caught:
            attempt()
        for each in ("OrdinalEncoder", "OneHotEncoder", "TargetEncoder", "ColumnTransformer"):
            assert each in str(caught.value)


@BOTH
def test_numbers_beyond_float64_are_named(Estimator):
    large = [[10**400, 0.0, 0.0]] * N
    for name, attempt in [
        ("column 0 of X", lambda: Estimator(**QUICK).fit(large, CODES)),
        ("column 0 of X_val", lambda: Estimator(**QUICK).fit(X, CODES, X_val=large, y_val=CODES)),
        ("sample_weight",
         lambda: Estimator(**QUICK).fit(X, CODES, sample_weight=[10**400] * N)),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=rf"^{name} must hold.*1\.8e308"):
            attempt()
    with pytest.raises(ValueError, match=r"^y must hold.*1\.8e308"):
        MLPRegularizedRegressor(**QUICK).fit(X, [10**400] * N)
    with pytest.raises(ValueError, match="class_weight holds 1000"):
        MLPRegularizedClassifier(**QUICK, class_weight={0: 10**400, 1: 1}).fit(X, CODES)


@pytest.mark.skipif(np.finfo(np.longdouble).max <= np.finfo(np.float64).max, reason="no wider")
@BOTH
def test_wider_floats_that_float64_cannot_hold_are_found(Estimator):
    wide = X.astype(np.longdouble)
    est = Estimator(**QUICK, standardize=False).fit(wide, CODES)
    np.testing.assert_array_equal(est.predict(wide), est.predict(X))
    wide[0, 0] = np.longdouble("1e4000")
    for attempt in (lambda: est.fit(wide, CODES), lambda: est.predict(wide)):
        with pytest.raises(ValueError, match="X contains infinity"):
            attempt()


@BOTH
def test_x_val_is_called_by_its_name(Estimator):
    frame = pd.DataFrame(X, columns=list("abc"))
    with pytest.raises(ValueError, match=r"^X_val has 2 features, .*expecting 3"):
        Estimator(**QUICK).fit(X, CODES, X_val=X[:, :2], y_val=CODES)
    with pytest.raises(ValueError, match=r"^X_val: The feature names should match"):
        Estimator(**QUICK).fit(frame, CODES, X_val=frame.rename(columns={"c": "d"}), y_val=CODES)
    with pytest.raises(ValueError, match=r"X_val has 40 rows, y_val has 3"):
        Estimator(**QUICK).fit(X, CODES, X_val=X, y_val=CODES[:3])
    with pytest.raises(ValueError, match=r"X_val has 40 rows, sample_weight_val has 3"):
        Estimator(**QUICK).fit(X, CODES, X_val=X, y_val=CODES, sample_weight_val=[1.0] * 3)


@pytest.mark.parametrize(
    "labels", [[1, "a"], np.array([1, "a"], dtype=object), [True, "a"], [0.5, b"a"]], ids=str
)
def test_labels_of_different_types_are_named(labels):
    y = [labels[0], labels[1]] * 20
    y = np.array(y, dtype=object) if isinstance(labels, np.ndarray) or b"a" in y else y
    with pytest.raises(ValueError, match=r"^y holds labels of different types, \w+ and \w+"):
        MLPRegularizedClassifier(**QUICK).fit(X, y)
    with pytest.raises(ValueError, match=r"^classes holds labels of different types"):
        MLPRegularizedClassifier(**QUICK).partial_fit(X, CODES, classes=y[:2])


@pytest.mark.parametrize("classes", [[], 0, "ab", [[0, 1]], {0, 1}, [0, 0.5]], ids=str)
def test_classes_that_are_no_list_of_labels_are_named(classes):
    est = MLPRegularizedClassifier(**QUICK)
    with pytest.raises(ValueError, match="classes"):
        est.partial_fit(X, CODES, classes=classes)
    est.partial_fit(X, CODES)
    with pytest.raises(ValueError, match="classes"):
        est.partial_fit(X, CODES, classes=classes)


def test_classes_of_an_indicator_matrix_are_the_numbers_of_its_labels():
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] must be .*\[0, 1, 2\]"):
        MLPRegularizedClassifier(**QUICK).partial_fit(X, LABELS, classes=[0, 1])


def test_numbers_among_text_classes_are_unknown_labels():
    texts = np.where(CODES, "a", "b").astype(object)
    with pytest.raises(ValueError, match=r"y holds \['[ab]'.*not among the classes"):
        MLPRegularizedClassifier(**QUICK).partial_fit(X, texts, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y_val holds \[.*not among the classes"):
        MLPRegularizedClassifier(**QUICK).fit(X, texts, X_val=X, y_val=CODES)


@pytest.mark.parametrize("dtype", [int, np.uint8, float])
def test_a_classifier_of_many_numbers_points_to_the_regressor(dtype):
    message = r"^y holds 40 different numbers in 40 rows.*Regressor"
    with pytest.warns(UserWarning, match=message) as told:
        MLPRegularizedClassifier(**QUICK).fit(X, np.arange(N).astype(dtype))
    assert len(told) == 1
    half = np.arange(N) % 20
    MLPRegularizedClassifier(**QUICK).fit(X, half)
    MLPRegularizedClassifier(**QUICK).fit(X, np.arange(N).astype(str))
    for y in (X[:, 0], X):
        with pytest.raises(ValueError, match=r"Unknown label type: continuous.*Regressor"):
            MLPRegularizedClassifier(**QUICK).fit(X, y)


def test_a_column_of_labels_is_read_as_ever():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        column = MLPRegularizedClassifier(**QUICK).fit(X, CODES[:, None])
    plain = MLPRegularizedClassifier(**QUICK).fit(X, CODES)
    assert column.loss_curve_ == plain.loss_curve_


def test_dates_are_labels_if_none_is_missing():
    days = np.array(["2020-01-01", "2021-01-01"], "M8[D]")[CODES]
    est = MLPRegularizedClassifier(**QUICK).fit(X, days)
    assert set(est.predict(X)) <= set(days)


@BOTH
def test_a_map_of_dates_is_refused_without_reading_it(Estimator, tmp_path):
    mapped = np.memmap(tmp_path / "X", dtype="M8[D]", mode="w+", shape=(N, 2))
    with pytest.raises(ValueError, match="column 0 of X must hold numbers"):
        Estimator(**QUICK).fit(mapped, CODES)


@BOTH
@pytest.mark.parametrize("value", [np.datetime64("2020-01-01"), np.datetime64("NaT"),
                                   np.timedelta64(3, "D")], ids=str)  # fmt: skip
@pytest.mark.parametrize("container", [np.asarray, np.ndarray.tolist, pd.DataFrame])
def test_dates_of_numpy_among_objects_are_no_numbers(Estimator, value, container):
    mixed = X.astype(object)
    mixed[5, 0] = value
    est = Estimator(**QUICK).fit(X, CODES)
    for attempt in (lambda: est.fit(container(mixed), CODES),
                    lambda: est.predict(container(mixed))):  # fmt: skip
        with pytest.raises(ValueError, match="column 0 of X must hold numbers"):
            attempt()
    with pytest.raises(ValueError, match="sample_weight must hold numbers"):
        est.fit(X, CODES, sample_weight=mixed[:, 0])
    with pytest.raises(ValueError, match="y must hold numbers"):
        MLPRegularizedRegressor(**QUICK).fit(X, mixed[:, 0].tolist())


def test_shapes_and_bytes_that_are_no_labels_are_named():
    est = MLPRegularizedClassifier(**QUICK)
    with pytest.raises(ValueError, match=r"^y: Found array with 0 sample"):
        est.fit(X, CODES[:0])
    with pytest.raises(ValueError, match=r"^y_val should be a 1d array"):
        est.fit(X, CODES, X_val=X, y_val=LABELS)
    with pytest.raises(ValueError, match=r"^y holds labels of different types, bytes and int"):
        est.fit(X, [b"oak", *CODES[1:].tolist()])
