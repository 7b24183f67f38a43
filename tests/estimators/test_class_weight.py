"""Class weights are sample weights by class."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from sknnreg import MLPRegularizedClassifier

QUICK = {"hidden_layer_sizes": (5,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01, "batch_size": 200}  # fmt: skip
SETTINGS = [
    {}, {"batch_size": 10}, {"solver": "lbfgs"}, {"normalization": "batch"},
    {"early_stopping": True, "validation_fraction": 0.2}, {"dropout": 0.2},
]  # fmt: skip


def data(kind="numbers", n=90):
    X = np.random.default_rng(0).normal(size=(n, 3))
    codes = np.repeat([0, 1, 2], [n // 2, n // 3, n - n // 2 - n // 3])
    if kind == "two":
        codes = np.minimum(codes, 1)
    return X + codes[:, None], np.array(["ant", "bee", "cat"])[codes] if kind == "names" else codes


TABLES = {
    "numbers": {0: 1.0, 1: 2.5, 2: 7.0},
    "two": {0: 0.3, 1: 4.0},
    "names": {"ant": 1.0, "bee": 0.25, "cat": 3.0},
}


def assert_same_bits(a, b):
    for left, right in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(left, right)
    assert a.loss_curve_ == b.loss_curve_


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", TABLES)
def test_a_dict_equals_sample_weights(settings, kind):
    X, y = data(kind)
    table = TABLES[kind]
    weight = np.array([table[label] for label in y])
    by_class = MLPRegularizedClassifier(**{**QUICK, **settings}, class_weight=table).fit(X, y)
    by_row = MLPRegularizedClassifier(**{**QUICK, **settings}).fit(X, y, sample_weight=weight)
    assert_same_bits(by_class, by_row)
    assert by_class.validation_loss_curve_ == by_row.validation_loss_curve_


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", TABLES)
def test_balanced_equals_scikit_learns_weights(settings, kind):
    X, y = data(kind)
    balanced = MLPRegularizedClassifier(**{**QUICK, **settings}, class_weight="balanced").fit(X, y)
    weight = compute_sample_weight("balanced", y)
    by_row = MLPRegularizedClassifier(**{**QUICK, **settings}).fit(X, y, sample_weight=weight)
    assert_same_bits(balanced, by_row)


def test_class_weights_multiply_with_sample_weights():
    X, y = data()
    weight = np.random.default_rng(1).random(len(y))
    table = TABLES["numbers"]
    both = MLPRegularizedClassifier(**QUICK, class_weight=table).fit(X, y, sample_weight=weight)
    product = np.array([table[label] for label in y]) * weight
    by_row = MLPRegularizedClassifier(**QUICK).fit(X, y, sample_weight=product)
    assert_same_bits(both, by_row)


def test_balanced_gives_every_class_the_same_total_weight():
    X, y = data()
    weight = 1.0 + np.arange(len(y)) % 4
    balanced = MLPRegularizedClassifier(**QUICK, class_weight="balanced")
    balanced.fit(X, y, sample_weight=weight)
    totals = np.bincount(y, weights=weight)
    by_row = MLPRegularizedClassifier(**QUICK).fit(X, y, sample_weight=weight / totals[y])
    np.testing.assert_allclose(balanced.loss_curve_, by_row.loss_curve_, rtol=1e-9)


def test_balanced_lifts_a_rare_class():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = (np.arange(200) < 10).astype(int)
    X[:10] += 1.0
    params = {**QUICK, "max_iter": 60}
    plain = MLPRegularizedClassifier(**params).fit(X, y)
    balanced = MLPRegularizedClassifier(**params, class_weight="balanced").fit(X, y)
    assert balanced.predict_proba(X)[:, 1].mean() > 3 * plain.predict_proba(X)[:, 1].mean()


def test_a_class_of_weight_zero_is_not_there_but_keeps_its_column():
    X, y = data()
    est = MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: 1.0, 2: 0.0}).fit(X, y)
    assert est.predict_proba(X).shape == (len(X), 3)
    wild = np.where((y == 2)[:, None], 1e9, X)
    other = MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: 1.0, 2: 0.0}).fit(wild, y)
    assert_same_bits(est, other)


def test_balanced_with_a_class_whose_rows_all_weigh_nothing():
    """The others weigh the same as one another; the one that is not there keeps its column."""
    X, y = data()
    weight = np.where(y == 2, 0.0, 1.0 + np.arange(len(y)) / 10)
    of_class = np.array([weight[y == label].sum() for label in range(3)])
    by_hand = np.divide(weight, of_class[y], out=np.zeros(len(y)), where=weight > 0)
    balanced, plain = (
        MLPRegularizedClassifier(**QUICK, class_weight=kind, dtype="float64")
        for kind in ("balanced", None)
    )
    balanced.fit(X, y, sample_weight=weight)
    plain.fit(X, y, sample_weight=by_hand)
    np.testing.assert_allclose(balanced.predict_proba(X), plain.predict_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(balanced.classes_, [0, 1, 2])


def test_the_dict_goes_along_with_partial_fit():
    X, y = data()
    table = TABLES["numbers"]
    weight = np.array([table[label] for label in y])
    a = MLPRegularizedClassifier(**QUICK, class_weight=table)
    b = MLPRegularizedClassifier(**QUICK)
    for _ in range(3):
        a.partial_fit(X, y, classes=[0, 1, 2])
        b.partial_fit(X, y, sample_weight=weight, classes=[0, 1, 2])
    assert_same_bits(a, b)


def test_partial_fit_with_the_dict_takes_batches_that_lack_a_class():
    X, y = data()
    est = MLPRegularizedClassifier(**QUICK, class_weight=TABLES["numbers"])
    est.partial_fit(X, y)
    before = est.n_iter_
    assert est.partial_fit(X[y < 2], y[y < 2]).n_iter_ == before + 1


def test_validation_rows_that_lack_a_class_are_weighed():
    X, y = data()
    est = MLPRegularizedClassifier(**QUICK, class_weight="balanced")
    est.fit(X, y, X_val=X[y == 1], y_val=y[y == 1])
    assert np.isfinite(est.validation_loss_curve_).all()


def test_balanced_partial_fit_teaches():
    X, y = data()
    with pytest.raises(AttributeError, match="partial_fit") as error:
        MLPRegularizedClassifier(class_weight="balanced").partial_fit(X, y)
    assert "compute_class_weight" in str(error.value.__cause__)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 2.0}])
def test_multilabel_y_has_no_class_weights(class_weight):
    X, y = data()
    with pytest.raises(ValueError, match=r"class_weight=.*multilabel.*sample_weight"):
        MLPRegularizedClassifier(class_weight=class_weight).fit(X, np.eye(3, dtype=int)[y])


@pytest.mark.parametrize(
    "table", [{0: 1.0, 1: -2.0, 2: 1.0}, {0: 1.0, 1: np.nan, 2: 1.0}, {0: np.inf, 1: 1.0, 2: 1.0}]
)
def test_class_weights_are_finite_and_not_negative(table):
    X, y = data()
    with pytest.raises(ValueError, match="class_weight"):
        MLPRegularizedClassifier(**QUICK, class_weight=table).fit(X, y)


def test_a_table_of_other_classes_is_refused():
    X, y = data()
    with pytest.raises(ValueError, match="class_weight"):
        MLPRegularizedClassifier(**QUICK, class_weight={7: 1.0, 8: 2.0}).fit(X, y)


def test_weights_of_zero_for_every_class_leave_nothing():
    X, y = data()
    with pytest.raises(ValueError, match=r"weight zero.*class_weight"):
        MLPRegularizedClassifier(**QUICK, class_weight={0: 0.0, 1: 0.0, 2: 0.0}).fit(X, y)


@pytest.mark.parametrize("kind", ["numbers", "names"])
def test_a_first_chunk_may_lack_a_class_that_the_dict_names(kind):
    X, y = data(kind)
    classes = np.unique(y)
    known = y != classes[2]
    table = TABLES[kind]
    est = MLPRegularizedClassifier(**QUICK, class_weight=table)
    est.partial_fit(X[known], y[known], classes=classes).partial_fit(X, y)
    by_row = MLPRegularizedClassifier(**QUICK)
    weight = np.array([table[label] for label in y])
    by_row.partial_fit(X[known], y[known], sample_weight=weight[known], classes=classes)
    by_row.partial_fit(X, y, sample_weight=weight)
    assert_same_bits(est, by_row)
    assert list(est.classes_) == list(classes)


def test_a_first_chunk_of_one_class_only():
    X, y = data("two")
    est = MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: 5.0})
    est.partial_fit(X[y == 0], y[y == 0], classes=[0, 1]).partial_fit(X, y)
    assert est.n_iter_ == 2


def test_the_dict_may_name_more_than_there_is():
    X, y = data("two")
    est = MLPRegularizedClassifier(**QUICK, class_weight=TABLES["two"]).fit(X, y)
    more = MLPRegularizedClassifier(**QUICK, class_weight={**TABLES["two"], 7: 9.0}).fit(X, y)
    assert_same_bits(est, more)


def test_a_slip_in_a_name_is_told_by_that_name():
    X, y = data("names")
    with pytest.raises(ValueError, match="class_weight names 'bea'"):
        MLPRegularizedClassifier(**QUICK, class_weight={"ant": 1.0, "bea": 2.0}).fit(X, y)


@pytest.mark.parametrize("weight", ["2", None, [1.0], np.nan, -1.0, -np.inf, 1j])
def test_what_is_no_weight_is_shown(weight):
    X, y = data("two")
    with pytest.raises(ValueError, match=r"class_weight holds .* finite numbers of at least 0"):
        MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: weight}).fit(X, y)


@pytest.mark.parametrize("weight", [2, np.float32(2), np.int64(2), True])
def test_any_real_number_is_a_weight(weight):
    X, y = data("two")
    a = MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: weight}).fit(X, y)
    b = MLPRegularizedClassifier(**QUICK, class_weight={0: 1.0, 1: float(weight)}).fit(X, y)
    assert_same_bits(a, b)


@pytest.mark.parametrize("as_dict", [False, True])
def test_many_classes_give_no_warning(as_dict):
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.arange(60) % 30
    class_weight = dict.fromkeys(range(30), 2.0) if as_dict else "balanced"
    est = MLPRegularizedClassifier(**QUICK, class_weight=class_weight).fit(X, y)
    assert est.predict_proba(X).shape == (60, 30)
