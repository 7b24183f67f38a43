"""A trained scale for each input (Holzmueller et al., 2024): the same function, another way."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

SETTINGS = {"hidden_layer_sizes": (20,), "n_iter_no_change": None, "random_state": 0}


def data(n_idle):
    """Two inputs that count and many that do not."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2 + n_idle))
    return X, X[:, 0] - 2 * X[:, 1] + 0.1 * rng.normal(size=300)


def test_it_starts_as_the_same_function():
    """After a step of next to nothing, the weights are those without."""
    X, y = data(3)
    tiny = {**SETTINGS, "max_iter": 1, "batch_size": 300, "learning_rate_init": 1e-12}
    plain = MLPRegularizedRegressor(**tiny).fit(X, y)
    scaled = MLPRegularizedRegressor(**tiny, input_scale=6.0).fit(X, y)
    np.testing.assert_allclose(scaled.coefs_[0], plain.coefs_[0], rtol=1e-9)


def test_the_first_step_of_adam_moves_the_scale_so_many_times_as_far_as_a_weight():
    """Adam's first step is the step size for every number, so V / W - 1 = c times it, past W's."""
    X, y = data(3)
    step, c = 1e-6, 5.0
    once = {**SETTINGS, "max_iter": 1, "batch_size": 300, "epsilon": 1e-14, "dtype": "float64",
            "standardize": False}  # fmt: skip
    start = MLPRegularizedRegressor(**once, learning_rate_init=1e-15).fit(X, y).coefs_[0]
    end = (
        MLPRegularizedRegressor(**once, learning_rate_init=step, input_scale=c).fit(X, y).coefs_[0]
    )
    # What is left of V - W once each weight's own step of +-step is taken off, over W: +-c step.
    scales = np.median((end - start) / start, axis=1)
    signs = np.sign(scales)[:, None]
    own = end - start - c * step * signs * start
    np.testing.assert_allclose(np.abs(own), step, rtol=1e-3)


def test_inputs_that_do_not_count_fade():
    X, y = data(30)
    settings = {**SETTINGS, "max_iter": 60, "weight_decay": 0.1, "learning_rate_init": 0.005}
    idle = []
    for c in (0.0, 6.0):
        weights = MLPRegularizedRegressor(**settings, input_scale=c).fit(X, y).coefs_[0]
        lengths = np.linalg.norm(weights, axis=1)
        idle.append(lengths[2:].mean() / lengths[:2].mean())
    assert idle[1] < 0.7 * idle[0]


def test_going_on_with_another_scale_is_refused():
    X, y = data(3)
    model = MLPRegularizedClassifier(**SETTINGS, max_iter=2, warm_start=True, input_scale=6.0)
    model.fit(X, y > 0)
    with pytest.raises(ValueError, match="input_scale"):
        model.set_params(input_scale=3.0).fit(X, y > 0)
