"""Differences tell a right backpropagation (below 1e-7) from a slightly wrong one."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification, make_regression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.objective.losses import SquaredError
from sknnreg.engine.places.signal.activations import Tanh
from sknnreg.engine.places.signal.batch_normalization import BatchNormalization
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.inspection import check_gradients

RIGHT = 1e-7
# (1 + 1e-4) e against e: |a - e| / (|a| + |e|) is half of 1e-4.
WRONG = 1e-4
SHOWN = 0.5e-4


@pytest.fixture
def data():
    return make_regression(n_samples=20, n_features=4, noise=1.0, random_state=0)


@pytest.fixture
def model():
    # Without a penalty: its part of the gradient would be right, entry by entry another share.
    return MLPRegularizedRegressor((5, 3), activation="tanh", random_state=0)


def plant(monkeypatch, cls, spoil, where=lambda layer: True):
    """Make ``spoil(grad_x, g)`` happen at the end of the backward of layers of this class."""
    bind = cls.bind

    def spoiled(self, site):
        forward, backward = bind(self, site)
        if not where(self):
            return forward, backward
        return forward, lambda grad_y: spoil(backward(grad_y), site.g)

    monkeypatch.setattr(cls, "bind", spoiled)


def spoil_array(name):
    def spoil(grad_x, g):
        getattr(g, name)[...] *= 1 + WRONG
        return grad_x

    return spoil


def check_found(errors, wrong):
    """Half of 1e-4 for the arrays named, nothing for the others."""
    assert wrong <= errors.keys()
    for name, error in errors.items():
        if name in wrong:
            assert error == pytest.approx(SHOWN, rel=1e-3), name
        else:
            assert error < RIGHT, name


def test_right_gradients_are_found_right(model, data):
    """Every trained array, by its layer's kind and number."""
    errors = check_gradients(model, *data)
    arrays = {f"Dense {i} {name}" for i in range(3) for name in ("weight", "bias")}
    assert errors.keys() == arrays
    assert max(errors.values()) < RIGHT


@pytest.mark.parametrize("layer", ["0", "1", "2"])
@pytest.mark.parametrize("array", ["weight", "bias"])
def test_an_error_in_one_array_is_found_there_alone(monkeypatch, model, data, layer, array):
    """A weight's or a bias's gradient, wrong by a ten-thousandth."""
    plant(monkeypatch, Dense, spoil_array(array), lambda dense: dense.name == layer)
    check_found(check_gradients(model, *data), {f"Dense {layer} {array}"})


def test_an_error_on_the_way_back_is_found_in_front_of_it(monkeypatch, model, data):
    """The second layer's input gradient spoils the first's arrays, not its own."""
    plant(monkeypatch, Dense, lambda grad_x, g: grad_x * (1 + WRONG), lambda d: d.name == "1")
    check_found(check_gradients(model, *data), {"Dense 0 weight", "Dense 0 bias"})


def test_an_error_in_an_activation_is_found_in_front_of_it(monkeypatch, data):
    """Its derivative concerns everything before it."""
    model = MLPRegularizedRegressor((5,), activation="tanh", random_state=0)
    plant(monkeypatch, Tanh, lambda grad_x, g: grad_x * (1 + WRONG))
    check_found(check_gradients(model, *data), {"Dense 0 weight", "Dense 0 bias"})


@pytest.mark.parametrize("array", ["scale", "shift"])
def test_an_error_in_a_normalization_is_found_there(monkeypatch, model, data, array):
    """Gamma's or beta's gradient, spoiled after the input's was worked out from it."""
    model.set_params(normalization="batch")
    plant(monkeypatch, BatchNormalization, spoil_array(array), lambda norm: norm.n_units == 3)
    check_found(check_gradients(model, *data), {f"BatchNormalization 1 {array}"})


def test_ignoring_the_batch_statistics_is_found(monkeypatch, model, data):
    """Mean and variance taken for constants: wrong in front of the normalization, right else."""
    model.set_params(normalization="batch")
    bind = BatchNormalization.bind

    def constant_statistics(self, site):
        forward, _ = bind(self, site)
        p = copy.copy(site.p)
        p.mean, p.variance = np.zeros_like(p.mean), np.zeros_like(p.variance)
        # Inference, handed the batch's own statistics: the same outputs, another derivative.
        forward_constant, backward_constant = bind(self, replace(site, p=p, phase=None))

        def forward_both(x):
            p.mean[...] = x.mean(axis=-2, keepdims=True)
            p.variance[...] = x.var(axis=-2, keepdims=True)
            y = forward(x)
            np.testing.assert_allclose(forward_constant(x), y, atol=1e-12)
            return y

        return forward_both, backward_constant

    monkeypatch.setattr(BatchNormalization, "bind", constant_statistics)
    errors = check_gradients(model, *data)
    assert errors["Dense 0 weight"] > 0.01
    assert errors["Dense 1 weight"] > 0.01
    assert errors["BatchNormalization 1 scale"] < RIGHT
    assert errors["Dense 2 weight"] < RIGHT


def test_an_error_in_the_loss_is_found_everywhere(monkeypatch, model, data):
    """The gradient by the outputs starts every other."""
    bind_rows = SquaredError.bind_rows

    def spoiled(self, shape, dtype):
        rows_and_gradient = bind_rows(self, shape, dtype)

        def slightly_wrong(raw, y):
            rows, gradient = rows_and_gradient(raw, y)
            return rows, gradient * (1 + WRONG)

        return slightly_wrong

    monkeypatch.setattr(SquaredError, "bind_rows", spoiled)
    errors = check_gradients(model, *data)
    check_found(errors, set(errors))


def test_an_error_in_the_weighting_is_found_with_sample_weights_only(monkeypatch, model, data):
    """Statistics differentiated as if all rows weighed alike."""
    model.set_params(normalization="batch")
    bind = BatchNormalization.bind

    def even_backward(self, site):
        forward, backward = bind(self, site)

        def evenly(grad_y):
            given = site.phase.weight
            if given is not None:
                site.phase.weight = np.full_like(given, 1 / site.n_rows)
            grad_x = backward(grad_y)
            site.phase.weight = given
            return grad_x

        return forward, evenly

    monkeypatch.setattr(BatchNormalization, "bind", even_backward)
    weight = np.random.default_rng(0).uniform(0.1, 3, 20)
    assert max(check_gradients(model, *data).values()) < RIGHT
    assert check_gradients(model, *data, weight)["Dense 0 weight"] > 1e-3


EVERYTHING = {
    "input_noise": 0.1,
    "dropout": 0.3,
    "input_dropout": 0.2,
    "normalization": "batch",
    "weight_noise": 0.1,
    "l1": 0.1,
    "l2": 0.1,
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("members", [{}, EVERYTHING], ids=["plain", "everything"])
def test_sparse_inputs_and_weights_are_welcome(weighted, kind, members):
    """Whatever fit takes, with everything that draws frozen."""
    X, y = make_classification(
        n_samples=20, n_features=6, n_informative=4, n_classes=3, random_state=0
    )
    X[np.abs(X) < 0.5] = 0
    weight = np.random.default_rng(0).uniform(0.1, 3, 20) if weighted else None
    model = MLPRegularizedClassifier((5,), activation="gelu", random_state=0, **members)
    errors = check_gradients(model, kind(X), y, weight)
    assert max(errors.values()) < RIGHT


def test_the_estimator_is_not_changed(model, data):
    """Neither its hyperparameters nor, where it is fitted, what it has learned."""
    X, y = data
    unfitted = dict(vars(model))
    check_gradients(model, X, y)
    assert vars(model) == unfitted

    model.set_params(n_iter_no_change=None, max_iter=3, warm_start=True, early_stopping=True)
    model.fit(X, y)
    before = copy.deepcopy(vars(model))
    predictions, row = model.predict(X), model._continuation.state.values.copy()
    check_gradients(model, X[:10] * 2, y[:10])
    assert vars(model).keys() == before.keys()
    np.testing.assert_array_equal(model.predict(X), predictions)
    np.testing.assert_array_equal(model._continuation.state.values, row)
    untouched = copy.deepcopy(model)
    untouched.__dict__.update(before)
    np.testing.assert_array_equal(model.fit(X, y).coefs_[0], untouched.fit(X, y).coefs_[0])


@pytest.mark.parametrize("other", [MLPClassifier(), make_pipeline(MLPRegularizedRegressor())])
def test_other_estimators_are_refused(other, data):
    with pytest.raises(TypeError, match=f"check_gradients needs .* got {type(other).__name__}"):
        check_gradients(other, *data)


@pytest.mark.parametrize(
    "settings",
    [*({"step": step} for step in (0, -1e-5, 1e-300, 2.0, np.inf, np.nan)), {"max_entries": 0}],
    ids=str,
)
def test_settings_that_compare_nothing_are_refused(model, data, settings):
    with pytest.raises(ValueError, match="step must be between 1e-08 and 1 and max_entries at"):
        check_gradients(model, *data, **settings)


@pytest.mark.parametrize("wrong", [0.0, 1 + WRONG])
@pytest.mark.parametrize("large", [1e3, 1e4])
def test_a_small_share_of_the_gradient_is_not_lost_in_the_rest(monkeypatch, large, wrong):
    """Weights of a large input have large gradients; the bias beside them is judged by itself."""
    rng = np.random.default_rng(0)
    X = large * rng.normal(size=(20, 3))
    y = rng.normal(size=20)
    model = MLPRegularizedRegressor((), standardize=False, l2=0.1, random_state=0)
    right = check_gradients(model, X, y)

    def spoil(grad_x, g):
        g.bias[...] *= wrong
        return grad_x

    plant(monkeypatch, Dense, spoil)
    errors = check_gradients(model, X, y)
    assert errors["Dense 0 weight"] == right["Dense 0 weight"] < RIGHT
    assert right["Dense 0 bias"] < RIGHT
    assert errors["Dense 0 bias"] > 0.1 * abs(1 - wrong)
