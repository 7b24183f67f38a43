"""What dropout does to a linear unit, and how its two scalings predict.

With p the probability of keeping an input, R the mask and G = diag(X'X)^(1/2):
E ||y - (R*X) w||² = ||y - p X w||² + p (1 - p) ||G w||².
"""

from itertools import product

import numpy as np
import pytest
from sklearn.datasets import make_regression

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.signal.activations import Tanh
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import Dropout
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.fitted.folding import fold

SIGMAS = 5
KEEP = [0.5, 0.75]  # exact in the 16 bits that a rate is rounded to


@pytest.fixture
def linear(bench, rng):
    """Rows, targets and a linear unit, by the engine's dense layer."""
    return rng.normal(size=(8, 5)), rng.normal(size=8), bench(Dense("0", 5, 1, bias=False))


def marginal(x, y, w, keep):
    """The right-hand side: squared error of the scaled unit and an adaptive ridge."""
    ridge = keep * (1 - keep) * (np.square(x).sum(axis=0) * w**2).sum()
    return np.square(y - keep * x @ w).sum() + ridge


def over_all_masks(x, y, unit, keep):
    """The left-hand side: rows are masked independently, so 2**5 masks for each are all."""
    expected = 0.0
    for mask in product([0, 1], repeat=x.shape[1]):
        probability = np.prod(np.where(mask, keep, 1 - keep))
        errors = np.square(y - unit.infer(x * mask)[:, 0])
        expected += probability * errors.sum()
    return expected


@pytest.mark.parametrize("keep", [*KEEP, 0.9, 1.0])
def test_dropout_on_a_linear_unit_is_an_adaptive_ridge(linear, keep):
    """The expectation over all masks, term by term."""
    x, y, unit = linear
    w = unit.p[0].weight[0, :, 0]
    np.testing.assert_allclose(
        over_all_masks(x, y, unit, keep), marginal(x, y, w, keep), rtol=1e-13
    )


@pytest.mark.parametrize("keep", KEEP)
def test_the_dropout_layer_draws_from_that_distribution(bench, linear, keep):
    """20,000 passes of the layer with unscaled survivors, within 5 standard errors."""
    x, y, unit = linear
    n_draws = 20_000
    dropping = bench(Dropout("in", 5, 1 - keep, inverted=False), Dense("0", 5, 1, bias=False))
    dropping.p[1].weight[...] = unit.p[0].weight
    outputs = dropping.train(np.tile(x, (n_draws, 1))).reshape(n_draws, len(x))
    losses = np.square(y - outputs).sum(axis=1)
    error = losses.std(ddof=1) / np.sqrt(n_draws)
    expected = over_all_masks(x, y, unit, keep)
    ridge = expected - np.square(y - keep * unit.infer(x)[:, 0]).sum()
    assert ridge > 4 * SIGMAS * error  # the term can be told from nothing
    assert abs(losses.mean() - expected) < SIGMAS * error


@pytest.mark.parametrize("scaling", ["train", "predict"])
def test_a_linear_model_trained_with_input_dropout_is_that_ridge_on_average(scaling):
    """The weights in use at prediction minimize the marginal loss: mean of 25 seeds, 5 errors.

    Steps are linear in the weights and their masks independent of them, so the mean is exact.
    Both scalings end at the same function: p w there is w here.
    """
    keep, n = 0.75, 60
    X, y = make_regression(n_samples=n, n_features=3, noise=5.0, random_state=0)
    X, y = X - X.mean(axis=0), (y - y.mean()) / y.std()

    def weights(seed):
        model = MLPRegularizedRegressor(
            (), solver="sgd", momentum=0.0, learning_rate_init=0.05, batch_size=n,
            input_dropout=1 - keep, dropout_scaling=scaling, standardize=False, max_iter=400,
            n_iter_no_change=None, random_state=seed,
        )  # fmt: skip
        return model.fit(X, y).coefs_[0][:, 0]

    found = np.array([weights(seed) for seed in range(25)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    gram = X.T @ X
    adaptive = np.diag(np.diag(gram)) * (1 - keep) / keep
    expected = np.linalg.solve(gram + adaptive, X.T @ y)
    assert np.all(np.abs(found.mean(axis=0) - expected) < SIGMAS * error)
    assert np.abs((np.linalg.solve(gram, X.T @ y) - expected) / error).max() > 4 * SIGMAS


def both_scalings(bench, rate):
    """The same survivors: weights behind unscaled ones are larger by 1 / (1 - rate)."""
    layers = [
        (Dense("0", 4, 6), Tanh(), Dropout("drop", 6, rate, inverted=inverted), Dense("1", 6, 2))
        for inverted in (True, False)
    ]
    inverted, unscaled = (bench(*each) for each in layers)
    unscaled.values[...] = inverted.values
    unscaled.p[3].weight /= 1 - rate
    return inverted, unscaled


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_both_scalings_predict_the_same_for_the_same_survivors(bench, rng, rate):
    """While training their outputs are the same, mask by mask, and at prediction again."""
    inverted, unscaled = both_scalings(bench, rate)
    x = rng.normal(size=(9, 4))
    np.testing.assert_allclose(inverted.train(x), unscaled.train(x), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(inverted.infer(x), unscaled.infer(x), rtol=1e-13, atol=1e-14)
    assert np.abs(inverted.train(x) - inverted.infer(x)).max() > 0.01


@pytest.mark.parametrize("rate", [0.25, 0.5])
def test_only_unscaled_survivors_need_scaling_at_prediction(bench, rng, rate):
    """Inverted, the plain network has the trained weights; else those behind times 1 - rate."""
    inverted, unscaled = both_scalings(bench, rate)
    one = fold(inverted.network, inverted.values, Standardization())
    np.testing.assert_array_equal(one.coefs[1], inverted.p[3].weight[0])
    other = fold(unscaled.network, unscaled.values, Standardization())
    np.testing.assert_allclose(other.coefs[1], (1 - rate) * unscaled.p[3].weight[0], rtol=1e-14)
    pairs = zip([*one.coefs, *one.intercepts], [*other.coefs, *other.intercepts], strict=True)
    for mine, theirs in pairs:
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)
    x = rng.normal(size=(9, 4))
    hidden = np.tanh(x @ one.coefs[0] + one.intercepts[0])
    plain = hidden @ one.coefs[1] + one.intercepts[1]
    np.testing.assert_allclose(plain, inverted.infer(x), rtol=1e-13, atol=1e-14)


def test_a_linear_output_is_on_average_what_is_predicted(bench, rng):
    """Behind the last dropout all is linear: the mean over masks is the prediction."""
    n_draws, x = 20_000, rng.normal(size=(3, 4))
    for model in both_scalings(bench, 0.5):
        outputs = model.train(np.tile(x, (n_draws, 1))).reshape(n_draws, 3, 2)
        error = outputs.std(axis=0, ddof=1) / np.sqrt(n_draws)
        assert np.all(np.abs(outputs.mean(axis=0) - model.infer(x)) < SIGMAS * error)
        assert np.abs(model.infer(x) / error).max() > 10 * SIGMAS
