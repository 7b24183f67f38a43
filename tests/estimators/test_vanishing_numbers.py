"""Small positive numbers are not silently 0 in the computing dtype."""

import re

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# What would divide by 0 if it were 0 in float32: a hyperparameter, with what makes it count.
DIVISORS = [
    *(("epsilon", {"solver": solver}) for solver in ("adam", "amsgrad", "rmsprop")),
    *(("normalization_epsilon", {"normalization": kind}) for kind in ("batch", "layer", "group")),
    ("max_norm", {"weight_norm": True}),
    ("max_weight_norm", {"weight_norm": True}),
]


def data():
    """A column that is always 0: the gradients of its weights are too."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    X[:, 2] = 0
    return X, (X[:, 0] > 0).astype(int)


def settings(more):
    return {"hidden_layer_sizes": (8,), "normalization_groups": 2, "max_iter": 3, "batch_size": 20,
            "n_iter_no_change": np.inf, "random_state": 0, **more}  # fmt: skip


@BOTH
@pytest.mark.parametrize("value", [1e-50, 5e-324])
@pytest.mark.parametrize("dtype", ["auto", "float32"])
@pytest.mark.parametrize(("name", "more"), DIVISORS, ids=str)
def test_what_is_0_in_float32_is_named_with_a_way_out(Estimator, name, more, dtype, value):
    est = Estimator(**settings({**more, name: value, "dtype": dtype}))
    with pytest.raises(ValueError, match=re.escape(f"{name}={value!r} is as good as 0")) as caught:
        est.fit(*data())
    message = str(caught.value)
    assert "in float32" in message
    assert "dtype='float64'" in message
    assert ("dtype='auto'" in message) is (dtype == "auto")
    (advised,) = re.findall(rf"at least {name}=(\S+) or", message)
    est.set_params(**{name: float(advised)}).fit(*data())
    assert np.isfinite(est.predict(data()[0])).all()


@BOTH
@pytest.mark.parametrize(("name", "more"), DIVISORS, ids=str)
def test_it_is_not_0_in_float64(Estimator, name, more):
    est = Estimator(**settings({**more, name: 1e-50, "dtype": "float64"})).fit(*data())
    assert np.isfinite(est.predict(data()[0])).all()
    est.set_params(**{name: 5e-324})
    with pytest.raises(ValueError, match=re.escape(f"{name}=5e-324 is as good as 0 in float64")):
        est.fit(*data())


@BOTH
@pytest.mark.parametrize(
    "more",
    [
        {"epsilon": 1e-50, "solver": "sgd"},
        {"epsilon": 1e-50, "solver": "lbfgs", "dtype": "float32"},
        {"normalization_epsilon": 1e-50},
        {"normalization_epsilon": 1e-50, "normalization": "mean_only_batch"},
    ],
    ids=str,
)
def test_what_does_not_count_may_be_anything(Estimator, more):
    est = Estimator(**settings({"max_iter": 200, **more})).fit(*data())
    assert np.isfinite(est.predict(data()[0])).all()


def test_the_smallest_epsilon_does_not_blow_up_gradients_whose_squares_vanish():
    """Where g is so small that g * g is 0 in float32, a step is still no longer than the rate.

    Under an epsilon that is a number in float32 and its square is not, it would be.
    """
    X = np.array([[1e-24], [-1e-24], [1e-24], [-1e-24]])
    model = MLPRegularizedRegressor(
        (), dtype="float32", standardize=False, epsilon=1.1e-19, learning_rate_init=0.01,
        max_iter=1, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    start = model.fit(X, X[:, 0] * 0).coefs_[0].item()
    moved = model.fit(X, np.sign(X[:, 0])).coefs_[0].item()
    assert abs(moved - start) <= 0.02


@BOTH
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("learning_rate_init", {}), ("learning_rate_init", {"l1": 0.1}), ("clip_norm", {}),
        ("l1", {}), ("l2", {}), ("weight_decay", {}), ("max_norm", {}), ("max_weight_norm", {}),
        ("input_noise", {}), ("weight_noise", {}), ("gradient_noise", {}), ("mixup", {}),
        ("adversarial", {}), ("dropout", {}), ("tol", {}),
        ("dropout", {"dropout_kind": "variational"}), ("drop_connect", {}),
        ("learning_rate_min", {"learning_rate": "one_cycle"}),
        ("averaging_decay", {"weight_averaging": "ema"}), ("beta_1", {}), ("beta_2", {}),
    ],
    ids=str,
)  # fmt: skip
def test_other_small_numbers_do_what_they_do_in_float64(Estimator, name, more):
    """They multiply or bound: as 0 they do what they would do as they are, next to nothing."""
    small, exact = (
        Estimator(**settings({**more, name: 1e-50, "dtype": dtype})).fit(*data())
        for dtype in ("float32", "float64")
    )
    np.testing.assert_allclose(small.coefs_[0], exact.coefs_[0], rtol=0, atol=1e-3)
