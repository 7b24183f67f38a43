"""Weight normalization w = g v / ||v||: ||w|| = g, and what the gradients by g and v are.

dL/dg = dL/dw . v / ||v||; dL/dv = (g / ||v||) dL/dw - (g dL/dg / ||v||²) v, orthogonal to v.
"""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.activations import Tanh
from sknnreg.engine.places.signal.batch_normalization import (
    BatchNormalization,
    MeanOnlyBatchNormalization,
)
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.weights_in_use import WeightNorm
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.fitted.folding import fold

N_ROWS, N_IN, N_OUT = 9, 5, 3


@pytest.fixture
def x(rng):
    return rng.normal(size=(N_ROWS, N_IN))


@pytest.fixture
def grad_y(rng):
    return rng.normal(size=(N_ROWS, N_OUT))


@pytest.fixture
def model(bench):
    """Units with lengths of their own, one of them negative: g is any number."""
    model = bench(Dense("0", N_IN, N_OUT, reparametrizations=(WeightNorm(),)))
    model.p[0].length[...] = [0.3, 2.0, -1.5]
    return model


def parts(model):
    """v, g and ||v||."""
    v = model.p[0].weight[0]
    return v, model.p[0].length[0, 0], np.linalg.norm(v, axis=0)


def test_the_weights_in_use_have_length_g(model):
    """Whatever v; their direction is v's."""
    v, g, length = (each.copy() for each in parts(model))
    for scale in (1e-3, 1.0, 1e3):
        model.p[0].weight[...] = scale * v
        used = fold(model.network, model.values, Standardization()).coefs[0]
        np.testing.assert_allclose(np.linalg.norm(used, axis=0), np.abs(g), rtol=1e-14)
        np.testing.assert_allclose(used, g * v / length, rtol=1e-13)


def test_outputs_are_those_of_the_plain_layer_with_these_weights(bench, model, x):
    v, g, length = parts(model)
    plain = bench(Dense("0", N_IN, N_OUT))
    plain.p[0].weight[0], plain.p[0].bias[...] = g * v / length, model.p[0].bias
    np.testing.assert_allclose(model.train(x), plain.train(x), rtol=1e-13)
    np.testing.assert_allclose(model.infer(x), plain.infer(x), rtol=1e-13)


def test_the_gradients_by_length_and_direction(bench, model, x, grad_y):
    """From the plain layer's dL/dw, which is x' dL/dy."""
    v, g, length = parts(model)
    plain = bench(Dense("0", N_IN, N_OUT))
    plain.p[0].weight[0] = g * v / length
    _, grad_x = plain.train(x, grad_y)
    by_w = plain.g[0].weight[0]
    by_g = (by_w * v).sum(axis=0) / length
    by_v = g / length * by_w - g * by_g / length**2 * v
    _, grad_x_here = model.train(x, grad_y)
    np.testing.assert_allclose(model.g[0].length[0, 0], by_g, rtol=1e-12)
    np.testing.assert_allclose(model.g[0].weight[0], by_v, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(model.g[0].bias, plain.g[0].bias)
    np.testing.assert_allclose(grad_x_here, grad_x, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-2, 1.0, 1e2])
def test_the_gradient_by_v_is_orthogonal_to_v_and_goes_with_its_inverse_length(
    model, x, grad_y, scale
):
    model.train(x, grad_y)
    gradient = model.g[0].weight[0].copy()
    model.p[0].weight *= scale
    model.train(x, grad_y)
    by_v = model.g[0].weight[0]
    v, _, length = parts(model)
    np.testing.assert_allclose(by_v, gradient / scale, rtol=1e-10)
    size = length * np.linalg.norm(by_v, axis=0)
    np.testing.assert_allclose((v * by_v).sum(axis=0) / size, 0, atol=1e-14)


def test_under_gradient_descent_v_only_grows(bench, rng, x):
    """Steps are orthogonal to v: ||v||² gains the squared step, exactly (Pythagoras)."""
    norm = (WeightNorm(),)
    model = bench(
        Dense("0", N_IN, 4, reparametrizations=norm),
        Tanh(),
        Dense("1", 4, 1, reparametrizations=norm),
    )
    y = rng.normal(size=(N_ROWS, 1))
    n_trainable = model.network.layout.n_trainable
    for _ in range(20):
        before = [np.square(p.weight[0]).sum(axis=0) for p in (model.p[0], model.p[2])]
        model.judge(x, y, SquaredError())
        model.values[:, :n_trainable] -= 0.5 * model.gradients
        for p, g, square in zip(model.p[::2], model.g[::2], before, strict=True):
            gained = 0.25 * np.square(g.weight[0]).sum(axis=0)
            np.testing.assert_allclose(np.square(p.weight[0]).sum(axis=0), square + gained)
            assert np.all(gained > 0)


def whitened(rng, n):
    """Rows of mean 0 and covariance I."""
    raw = rng.normal(size=(n, N_IN))
    return np.sqrt(n) * np.linalg.qr(raw - raw.mean(axis=0))[0]


def test_on_whitened_inputs_it_is_batch_normalization(bench, rng):
    """The variance of v x is then ||v||²: gamma is g, for the same outputs while training."""
    x = whitened(rng, 30)
    batch = bench(Dense("0", N_IN, N_OUT, bias=False), BatchNormalization(N_OUT, 0.9, 1e-30))
    weight = bench(Dense("0", N_IN, N_OUT, reparametrizations=(WeightNorm(),)))
    weight.p[0].weight[...] = batch.p[0].weight
    g, shift = [0.3, 2.0, 1.5], [1.0, -1.0, 0.5]
    weight.p[0].length[...], weight.p[0].bias[...] = g, shift
    batch.p[1].scale[...], batch.p[1].shift[...] = g, shift
    np.testing.assert_allclose(weight.train(x), batch.train(x), rtol=1e-12, atol=1e-13)
    # On others it is not.
    assert np.abs(weight.train(x + 1) - batch.train(x + 1)).max() > 0.1


def test_with_the_mean_alone_whitening_need_not_centre(bench, rng):
    """Mean-only batch normalization takes the offset off: the same once more on x + 1."""
    x = whitened(rng, 30) + 1
    batch = bench(Dense("0", N_IN, N_OUT, bias=False), BatchNormalization(N_OUT, 0.9, 1e-30))
    dense = Dense("0", N_IN, N_OUT, bias=False, reparametrizations=(WeightNorm(),))
    both = bench(dense, MeanOnlyBatchNormalization(N_OUT, 0.9))
    both.p[0].weight[...] = batch.p[0].weight
    both.p[0].length[...] = batch.p[1].scale[...] = [0.3, 2.0, 1.5]
    both.p[1].shift[...] = batch.p[1].shift[...] = [1.0, -1.0, 0.5]
    np.testing.assert_allclose(both.train(x), batch.train(x), rtol=1e-12, atol=1e-13)


TRAINING = {
    "activation": "tanh",
    "weight_norm": True,
    "batch_size": 30,
    "learning_rate_init": 0.02,
    "max_iter": 60,
    "n_iter_no_change": None,
    "random_state": 0,
}


@pytest.mark.parametrize("normalization", [None, "mean_only_batch"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_it_trains_a_regressor(normalization, solver):
    X, y = make_regression(n_samples=120, n_features=6, noise=1.0, random_state=0)
    model = MLPRegularizedRegressor((10, 5), normalization=normalization, solver=solver, **TRAINING)
    model.fit(X, np.tanh(y / y.std()))
    assert model.loss_ < 0.05 * model.loss_curve_[0]
    assert model.score(X, np.tanh(y / y.std())) > 0.9


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_together_with_the_mean_alone_it_trains_a_classifier(solver):
    X, y = make_classification(
        150, 6, n_informative=4, n_classes=3, n_clusters_per_class=1, random_state=0
    )
    model = MLPRegularizedClassifier(
        (10, 5), normalization="mean_only_batch", **{**TRAINING, "solver": solver, "tol": 0.01}
    ).fit(X, y)
    assert model.loss_ < 0.5 * model.loss_curve_[0]
    assert model.score(X, y) > 0.9


def test_it_starts_as_the_same_network():
    """g is ||v|| at first: both have the same loss before any step."""
    X, y = make_regression(n_samples=60, n_features=6, noise=1.0, random_state=0)

    def start(weight_norm):
        settings = {**TRAINING, "weight_norm": weight_norm, "max_iter": 1, "batch_size": 60}
        return MLPRegularizedRegressor((10, 5), **settings).fit(X, y).loss_

    assert start(True) == pytest.approx(start(False), rel=1e-13)
