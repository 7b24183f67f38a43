"""Sample weights: a weight of 0 is a row that is not there, a weight of 2 two rows."""

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 6, "n_iter_no_change": None, "random_state": 0,
         "learning_rate_init": 0.01, "batch_size": 200}  # fmt: skip
SETTINGS = {
    "full batch": {},
    "mini-batches": {"batch_size": 8},
    "float32": {"batch_size": 8, "dtype": "float32"},
    "sgd": {"solver": "sgd", "batch_size": 8},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "lbfgs": {"solver": "lbfgs"},
    "batch norm": {"normalization": "batch", "batch_size": 8},
    "population": {"normalization": "batch", "batch_statistics": "population", "batch_size": 8},
    "draws": {"dropout": 0.3, "input_noise": 0.1, "weight_noise": 0.1, "batch_size": 8},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "early stopping in batches": {"early_stopping": True, "batch_size": 8},
    "not standardized": {"standardize": False},
}


def data(n=40):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5), rng.integers(0, 4, size=n)


def share_right(estimator, X, y, sample_weight):
    """A scorer that does not depend on the size of the weights unless their sum does."""
    return np.average(estimator.predict(X) == y, weights=sample_weight)


def assert_same_bits(a, b):
    for left, right in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(left, right)
    assert a.loss_curve_ == b.loss_curve_
    assert a.validation_loss_curve_ == b.validation_loss_curve_


@BOTH
@pytest.mark.parametrize("name", SETTINGS)
def test_weight_zero_is_a_removed_row_bit_for_bit(Estimator, name):
    X, y, weight = data()
    assert (weight == 0).sum() > 3
    X = np.where(weight[:, None] == 0, 1e6 * X, X)  # outrageous, and not there
    kept = weight > 0
    zeroed = Estimator(**{**QUICK, **SETTINGS[name]}).fit(X, y, sample_weight=weight)
    removed = Estimator(**{**QUICK, **SETTINGS[name]})
    removed.fit(X[kept], y[kept], sample_weight=weight[kept])
    assert_same_bits(zeroed, removed)


@BOTH
@pytest.mark.parametrize("name", ["mini-batches", "batch norm", "early stopping"])
def test_weights_of_zero_and_one_are_removed_and_plain_rows(Estimator, name):
    X, y, weight = data()
    kept = weight > 0
    zeroed = Estimator(**{**QUICK, **SETTINGS[name]}, dtype="float64")
    zeroed.fit(X, y, sample_weight=kept.astype(float))
    removed = Estimator(**{**QUICK, **SETTINGS[name]}, dtype="float64").fit(X[kept], y[kept])
    np.testing.assert_allclose(zeroed.loss_curve_, removed.loss_curve_, rtol=1e-9)


@BOTH
@pytest.mark.parametrize("name", ["full batch", "lbfgs", "not standardized"])
def test_whole_weights_are_repeated_rows(Estimator, name):
    X, y, weight = data()
    params = {**QUICK, **SETTINGS[name]}
    weighted = Estimator(**params).fit(X, y, sample_weight=weight)
    repeated = Estimator(**params).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-7, atol=1e-9)


@BOTH
@pytest.mark.parametrize("position", ["before", "after"])
def test_whole_weights_are_repeated_rows_in_batch_statistics_too(Estimator, position):
    X, y, weight = data()
    params = {**QUICK, "normalization": "batch", "normalization_position": position}
    weighted = Estimator(**params).fit(X, y, sample_weight=weight)
    repeated = Estimator(**params).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted.intercepts_[0], repeated.intercepts_[0], rtol=1e-6)


@BOTH
@pytest.mark.parametrize("name", ["full batch", "mini-batches", "lbfgs", "early stopping"])
@pytest.mark.parametrize("factor", [1e-12, 4.0, 1e12])
def test_a_common_factor_of_all_weights_changes_nothing(Estimator, name, factor):
    X, y, weight = data()
    params = {**QUICK, **SETTINGS[name], "dtype": "float64"}
    a = Estimator(**params).fit(X, y, sample_weight=weight)
    b = Estimator(**params).fit(X, y, sample_weight=factor * weight)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)


@BOTH
@pytest.mark.parametrize("tiny", [1e-30, 1e-200])
def test_a_batch_of_next_to_no_weight_does_no_harm(Estimator, tiny):
    X, y, _ = data()
    weight = np.where(np.arange(len(X)) < 20, 1.0, tiny)
    params = {**QUICK, "batch_size": 10, "shuffle": False, "dtype": "float64"}
    est = Estimator(**params).fit(X, y, sample_weight=weight)
    assert np.isfinite(est.predict(X)).all()
    assert np.isfinite(est.loss_curve_).all()


@BOTH
def test_weights_move_the_standardization(Estimator):
    X, y, _ = data()
    X = X.copy()
    X[0] = 1e3
    light = np.ones(len(X))
    light[0] = 1e-9
    params = {**QUICK, "learning_rate_init": 1e-300}  # coefs_ then tell of the scales alone
    a = Estimator(**params).fit(X, y, sample_weight=light)
    b = Estimator(**params).fit(X[1:], y[1:])
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0], rtol=1e-3)


@BOTH
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(40), "negative|Negative"),
        (np.zeros(40), "zero"),
        (np.full(40, np.nan), "NaN"),
        (np.full(40, np.inf), "infinity|inf"),
        (np.ones(39), "inconsistent numbers of samples"),
        (np.ones((40, 1)), "1D"),
        (["a"] * 40, "could not convert|string"),
    ],
)
@pytest.mark.parametrize("name", ["sample_weight", "sample_weight_val"])
def test_unusable_weights_teach(Estimator, weight, message, name):
    X, y, _ = data()
    validation = {"X_val": X, "y_val": y} if name == "sample_weight_val" else {}
    with pytest.raises(ValueError, match=message):
        Estimator(**QUICK).fit(X, y, **validation, **{name: weight})


@BOTH
def test_one_negative_weight_among_many_is_found(Estimator):
    X, y, _ = data()
    weight = np.ones(len(X))
    weight[7] = -1e-3
    with pytest.raises(ValueError, match="sample_weight"):
        Estimator(**QUICK).fit(X, y, sample_weight=weight)


@BOTH
def test_a_validation_weight_of_zero_is_a_removed_row(Estimator):
    X, y, weight = data()
    kept = weight > 0
    est = Estimator(**QUICK, early_stopping=True)
    a = est.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight).validation_loss_curve_
    b = est.fit(X, y, X_val=X[kept], y_val=y[kept], sample_weight_val=weight[kept])
    np.testing.assert_allclose(a, b.validation_loss_curve_, rtol=1e-6)


@BOTH
def test_weights_are_not_changed(Estimator):
    X, y, weight = data()
    given = weight.astype(float)
    given.setflags(write=False)
    Estimator(**QUICK, early_stopping=True).fit(X, y, sample_weight=given)
    np.testing.assert_array_equal(given, weight)


@BOTH
def test_rows_of_weight_zero_never_reach_a_scorer(Estimator):
    X, y, weight = data()
    seen = []

    def spy(estimator, X, y, sample_weight):
        seen.append((X, y, sample_weight))
        return 0.0

    est = Estimator(**QUICK, early_stopping=True, early_stopping_scoring=spy)
    est.fit(X, y, sample_weight=weight)
    assert len(seen) == est.n_iter_
    rows = {row.tobytes(): at for at, row in enumerate(X)}
    for some, labels, weights in seen:
        places = [rows[row.tobytes()] for row in some]
        assert weights.min() > 0
        np.testing.assert_array_equal(weights, weight[places])
        np.testing.assert_array_equal(labels, y[places])


@BOTH
@pytest.mark.parametrize("factor", [1e-300, 1e-50, 1e300])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_scale_of_weights_reaches_neither_scales_nor_training(Estimator, factor, kind, dtype):
    X, y, weight = data()
    X, weight = kind(X.astype(dtype)), weight + 1.0
    params = {**QUICK, "early_stopping": True, "validation_fraction": 0.3, "dtype": "float64"}
    a = Estimator(**params).fit(X, y, sample_weight=weight)
    b = Estimator(**params).fit(X, y, sample_weight=factor * weight)
    rtol = 1e-5 if dtype == np.float32 else 1e-9
    for scales in ("inputs", "targets"):
        ours, theirs = (getattr(est._continuation, scales) for est in (a, b))
        ours, theirs = (getattr(each, "standardization", each) for each in (ours, theirs))
        for part in ("offset", "scale"):
            one, other = getattr(ours, part, None), getattr(theirs, part, None)
            assert (one is None) == (other is None)
            if one is not None:
                np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=rtol)
    np.testing.assert_allclose(a.validation_loss_curve_, b.validation_loss_curve_, rtol=rtol)
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0], rtol=10 * rtol, atol=rtol)


@BOTH
@pytest.mark.parametrize("weight", [1e-300, 1e-50, 1e300])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_equal_weights_of_any_size_are_no_weights(Estimator, weight, kind):
    X, y, _ = data()
    X = kind(X.astype(np.float32))
    a = Estimator(**{**QUICK, "batch_size": 8}, dtype="float64").fit(X, y)
    b = Estimator(**{**QUICK, "batch_size": 8}, dtype="float64")
    b.fit(X, y, sample_weight=np.full(len(y), weight))
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0], rtol=1e-4, atol=1e-5)


HUGE, TINY = 5e307, 1e-307


@BOTH
@pytest.mark.parametrize("factor", [HUGE, TINY])
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 8},
        {"batch_size": 8, "dtype": "float32", "normalization": "batch"},
        {"batch_size": 8, "mixup": 0.3},
        {"solver": "lbfgs"},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"early_stopping": True, "early_stopping_scoring": share_right},
    ],
    ids=lambda settings: "+".join(settings),
)
def test_sums_of_weights_beyond_the_largest_number(Estimator, factor, settings):
    """Proportions count, and 40 weights of 5e307 to 1.5e308 have no finite sum."""
    X, y, weight = data()
    weight = np.exp2(weight % 2) / 2  # exact at any size
    params = {**QUICK, **settings, "standardize": "mixup" not in settings}
    a = Estimator(**params).fit(X, y, sample_weight=weight)
    b = Estimator(**params).fit(X, y, sample_weight=factor * weight)
    np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=1e-9)
    if "normalization" not in settings:  # whose running variance takes the sum for a count
        np.testing.assert_allclose(b.coefs_[0], a.coefs_[0], rtol=1e-5, atol=1e-7)
    validated = params.get("early_stopping")
    assert (a.validation_loss_curve_ is not None) == bool(validated)
    if validated:
        np.testing.assert_allclose(b.validation_loss_curve_, a.validation_loss_curve_, rtol=1e-9)
        assert b.best_validation_score_ == pytest.approx(a.best_validation_score_, rel=1e-9)


@BOTH
@pytest.mark.parametrize("factor", [HUGE, TINY])
def test_validation_weights_beyond_the_largest_number(Estimator, factor):
    X, y, weight = data()
    est = Estimator(**QUICK)
    a = est.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight).validation_loss_curve_
    b = est.fit(X, y, X_val=X, y_val=y, sample_weight_val=factor * weight).validation_loss_curve_
    np.testing.assert_allclose(b, a, rtol=1e-9)


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_products_with_class_weights_beyond_the_largest_number(factor):
    X, y, weight = data()
    by_class = {0: 1.0, 1: 2.0, 2: 4.0}
    params = {**QUICK, "batch_size": 8, "dtype": "float64"}
    a = MLPRegularizedClassifier(**params, class_weight=by_class).fit(X, y, weight)
    scaled = {label: factor * each for label, each in by_class.items()}
    b = MLPRegularizedClassifier(**params, class_weight=scaled).fit(X, y, factor * weight)
    np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=1e-9)
    balanced = MLPRegularizedClassifier(**params, class_weight="balanced")
    one = balanced.fit(X, y, weight).loss_curve_
    np.testing.assert_allclose(balanced.fit(X, y, HUGE * weight / 3).loss_curve_, one, rtol=1e-9)


@BOTH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_next_to_weights_of_1e300_those_of_1e_300_count_for_nothing(
    Estimator, dtype, normalization
):
    """Yet they are rows: the epoch has as many batches, and nothing stops being finite."""
    X, y, _ = data()
    heavy = np.arange(40) % 2 == 0
    weight = np.where(heavy, 1e300, 1e-300)
    params = {
        **QUICK, "dtype": dtype, "normalization": normalization, "batch_size": 5,
        "learning_rate": "invscaling", "solver": "sgd",
    }  # fmt: skip
    est = Estimator(**params).fit(X, y, sample_weight=weight)
    assert est.t_ == QUICK["max_iter"] * 40
    assert np.isfinite(est.loss_curve_).all()
    wild = Estimator(**params).fit(X, np.where(heavy, y, (y + 1) % 3), sample_weight=weight)
    if normalization is None:
        np.testing.assert_array_equal(wild.predict(X), est.predict(X))
    assert np.isfinite(wild.predict(X)).all()
