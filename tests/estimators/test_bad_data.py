"""Data that cannot be learned from is refused in words; data that is merely odd is learned."""

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
QUICK = {"hidden_layer_sizes": (10,), "max_iter": 60, "n_iter_no_change": None,
         "random_state": 0, "learning_rate_init": 0.02}  # fmt: skip


def data(n=200, n_features=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features))
    return X, (X[:, 0] > 0).astype(int)


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("container", [np.array, sparse.csr_array])
def test_inputs_that_are_not_finite_are_refused(Estimator, bad, container):
    X, y = data()
    broken = X.copy()
    broken[3, 2] = bad
    broken, whole = container(broken), container(X)
    est = Estimator(**QUICK)
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        est.fit(broken, y)
    with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
        est.fit(whole, y, X_val=broken, y_val=y)
    est.fit(whole, y)
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        est.predict(broken)


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_memory_map_that_is_not_finite_is_refused(Estimator, bad, tmp_path):
    X, y = data()
    mapped = np.memmap(tmp_path / "X", dtype=float, mode="w+", shape=X.shape)
    mapped[:] = X
    est = Estimator(**QUICK).fit(mapped, y)
    mapped[-1, -1] = bad
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        Estimator(**QUICK).fit(mapped, y)
    with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
        est.fit(X, y, X_val=mapped, y_val=y)
    with pytest.raises(ValueError, match=r"X contains (NaN|infinity)"):
        est.predict(mapped)


@BOTH
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_targets_that_are_not_finite_are_refused(Estimator, bad):
    X, y = data()
    y = y.astype(float)
    broken = y.copy()
    broken[3] = bad
    with pytest.raises(ValueError, match=r"y contains (NaN|infinity)"):
        Estimator(**QUICK).fit(X, broken)
    with pytest.raises(ValueError, match=r"(?i)nan|inf|not among the classes"):
        Estimator(**QUICK).fit(X, y, X_val=X, y_val=broken)


@BOTH
def test_validation_targets_that_are_not_finite_are_named(Estimator):
    X, y = data()
    broken = y.astype(float)
    broken[3] = np.nan
    with pytest.raises(ValueError, match=r"y_val.*NaN"):
        Estimator(**QUICK).fit(X, y, X_val=X, y_val=broken)


@BOTH
def test_x_val_and_y_val_come_together(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="y_val is missing"):
        Estimator(**QUICK).fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X_val is missing"):
        Estimator(**QUICK).fit(X, y, y_val=y)
    with pytest.raises(ValueError, match="X_val is missing"):
        Estimator(**QUICK).fit(X, y, sample_weight_val=y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Estimator(**QUICK).fit(X, y, X_val=X, y_val=y[:-1])


@BOTH
def test_an_empty_or_narrower_x_val_is_refused(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="0 sample"):
        Estimator(**QUICK).fit(X, y, X_val=X[:0], y_val=y[:0])
    with pytest.raises(ValueError, match="features"):
        Estimator(**QUICK).fit(X, y, X_val=X[:, :3], y_val=y)


@BOTH
def test_no_rows_no_columns_and_no_target_are_refused(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match="0 sample"):
        Estimator(**QUICK).fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="0 feature"):
        Estimator(**QUICK).fit(X[:, :0], y)
    with pytest.raises(ValueError, match="requires y to be passed"):
        Estimator(**QUICK).fit(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Estimator(**QUICK).fit(X, y[:-1])


@BOTH
def test_texts_and_complex_numbers_are_refused(Estimator):
    X, y = data()
    with pytest.raises(ValueError, match=r"numeric|could not convert string"):
        Estimator(**QUICK).fit(np.full(X.shape, "a"), y)
    with pytest.raises(ValueError, match="Complex data not supported"):
        Estimator(**QUICK).fit(X + 1j, y)


@BOTH
@pytest.mark.parametrize(
    ("container", "constant"), [(np.array, 12345.678), (np.array, -1e9), (sparse.csr_array, 1.0)]
)  # a sparse column is not centred
def test_constant_columns_are_no_trouble(Estimator, container, constant):
    X, y = data()
    X[:, 1], X[:, 2] = 0.0, constant
    est = Estimator(**QUICK).fit(container(X), y)
    assert est.score(container(X), y) > (0.9 if Estimator is MLPRegularizedClassifier else 0.6)


@BOTH
def test_only_constant_columns_teach_the_mean(Estimator):
    X, y = np.full((40, 2), 0.1), np.repeat([0, 1], [30, 10])
    est = Estimator(**{**QUICK, "max_iter": 200}).fit(X, y)
    mean = est.predict_proba(X)[:, 1] if Estimator is MLPRegularizedClassifier else est.predict(X)
    np.testing.assert_allclose(mean, 0.25, atol=0.05)


def test_a_constant_target_is_predicted():
    X, _ = data()
    est = MLPRegularizedRegressor(**QUICK).fit(X, np.full(len(X), 1e6))
    np.testing.assert_allclose(est.predict(X), 1e6, rtol=1e-4)


@BOTH
@pytest.mark.parametrize("dtype", ["auto", "float32", "float64"])
@pytest.mark.parametrize("offset", [1e6, 1e9, -1e9])
def test_a_huge_offset_of_the_inputs_does_not_hide_their_differences(Estimator, dtype, offset):
    X, y = data()
    plain = Estimator(**QUICK, dtype=dtype).fit(X, y)
    moved = Estimator(**QUICK, dtype=dtype).fit(offset + X, y)
    assert abs(moved.score(offset + X, y) - plain.score(X, y)) < 0.02
    assert plain.score(X, y) > 0.6


@pytest.mark.parametrize("scale", [1e-12, 1e-100, 1e9, 1e100])
def test_the_scale_of_inputs_and_targets_does_not_matter(scale):
    X, y = data()
    y = X[:, 0] + np.sin(X[:, 1])
    plain = MLPRegularizedRegressor(**QUICK).fit(X, y)
    scaled = MLPRegularizedRegressor(**QUICK).fit(scale * X, scale * y)
    np.testing.assert_allclose(scaled.loss_curve_, plain.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(scaled.predict(scale * X), scale * plain.predict(X), rtol=1e-4)


@BOTH
def test_inputs_whose_variance_overflows_are_named(Estimator):
    X, y = data()
    X[0, 2] = 1e200
    with pytest.raises(ValueError, match=r"column 2 of X is too large.*standardize=False"):
        Estimator(**QUICK).fit(X, y)


def test_targets_whose_variance_overflows_are_named():
    X, y = data()
    with pytest.raises(ValueError, match=r"column 0 of y is too large"):
        MLPRegularizedRegressor(**QUICK).fit(X, np.where(y, 1e300, -1e300))


@BOTH
def test_inputs_beyond_float32_teach_rather_than_turn_to_nan(Estimator):
    X, y = data()
    est = Estimator(**QUICK, standardize=False, dtype="float32")
    with pytest.raises(ValueError, match=r"diverged.*standardize=True") as caught:
        est.fit(1e300 * X, y)
    assert f"largest input is {np.abs(1e300 * X).max():g} " in str(caught.value)


def test_targets_beyond_float32_teach_rather_than_turn_to_nan():
    X, y = data()
    est = MLPRegularizedRegressor(**QUICK, standardize=False, dtype="float32")
    with pytest.raises(ValueError, match=r"diverged.*largest target 1e\+100"):
        est.fit(X, 1e100 * y)


@BOTH
def test_a_row_of_wild_size_at_predict_time_gives_finite_numbers(Estimator):
    X, y = data()
    est = Estimator(**QUICK).fit(X, y)
    assert np.isfinite(est.predict(np.full((1, 4), 1e150))).all()
