"""``check_gradients`` over whole networks, as the estimators build them: below 1e-7."""

from itertools import cycle, product

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.signal.activations import ACTIVATIONS
from sknnreg.inspection import check_gradients

N = 24
ALL_ON = {
    "activation": ("tanh", "gelu"),
    "dropout": (0.3, 0.0),
    "input_dropout": 0.1,
    "input_noise": 0.3,
    "weight_noise": 0.2,
    "normalization": "batch",
    "l1": 0.05,
    "l2": 0.1,
}


@pytest.fixture
def X(rng):
    return rng.normal(size=(N, 4))


@pytest.fixture
def weight(rng):
    return rng.uniform(0.2, 3.0, N)


def assert_right(model, X, y, sample_weight=None):
    errors = check_gradients(model, X, y, sample_weight)
    # each dense layer's weight at least, so that nothing is left unchecked
    assert sum(name.endswith(" weight") for name in errors) == len(model.hidden_layer_sizes) + 1
    assert max(errors.values()) < 1e-7, errors


def test_every_activation_has_a_name(members):
    assert {each.cls for each in members["activation"][1]} == {*map(type, ACTIVATIONS.values())}


# Dropout comes behind and does not know the activation: its scalings take turns, so that each
# activation and each position meets both.
@pytest.mark.parametrize(
    ("name", "position", "scaling"),
    [
        (*pair, scaling)
        for pair, scaling in zip(
            product(ACTIVATIONS, (None, "before", "after")), cycle(("train", "predict"))
        )
    ],
)
def test_activations(name, position, scaling, X, rng):
    model = MLPRegularizedClassifier(
        (5, 4),
        activation=name,
        normalization=position and "batch",
        normalization_position=position or "before",
        dropout=0.3,
        input_dropout=0.1,
        dropout_scaling=scaling,
        l2=0.1,
        random_state=3,
    )
    assert_right(model, X, rng.integers(0, 3, N))


CHANGES = [
    {},
    {"hidden_layer_sizes": ()},
    {"weight_noise": 0.5},
    {"input_noise": 0.5},
    {"l2": 0.5},
    {"l1": 0.5},
    {"normalization": "batch", "normalization_epsilon": 0.1},
    {"normalization": "mean_only_batch"},
    {"normalization": "layer", "normalization_epsilon": 0.1},
    {"normalization": "group", "normalization_groups": 1, "normalization_position": "after"},
    {"weight_norm": True},
    {"input_scale": 6.0, "l2": 0.2},
    {"input_scale": 2.0, "weight_norm": True, "drop_connect": 0.3, "normalization": "layer"},
    {"weight_norm": True, "normalization": "mean_only_batch", "l2": 0.2},
    {"weight_norm": True, "drop_connect": 0.3, "weight_noise": 0.2, "normalization": "layer"},
    {"drop_connect": 0.5},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_kind": "gaussian"},
    {"dropout": 0.3, "dropout_kind": "alpha"},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_kind": "variational"},
    {"mixup": 0.5},
    {"adversarial": 0.1},
    {"adversarial": 0.1, "normalization": "batch", "dropout": 0.3, "drop_connect": 0.2},
    ALL_ON,
    {**ALL_ON, "weight_norm": True, "drop_connect": 0.2, "mixup": 0.5},
    {**ALL_ON, "normalization_position": "after", "dropout_scaling": "predict"},
    {**ALL_ON, "standardize": False},
]
# Each change with each kind of targets under sample weights. A kind notices of the change's layers
# no more than the gradient by its outputs, so that without weights one of each link is enough.
EVERY = [(change, True) for change in CHANGES]
PLAIN = [*EVERY, ({}, False)]
BOTH = [*EVERY, *((change, False) for change in CHANGES)]


def name_of(value):
    if isinstance(value, bool):
        return "weighted" if value else "alike"
    return "+".join(value) or "plain"


def changes(pairs):
    return pytest.mark.parametrize(("change", "weighted"), pairs, ids=name_of)


class TestKindsOfTargets:
    @changes(BOTH)
    def test_binary(self, change, weighted, X, weight, rng):
        model = self.model(MLPRegularizedClassifier, change)
        assert_right(model, X, rng.integers(0, 2, N), weight if weighted else None)

    @changes(PLAIN)
    def test_multiclass(self, change, weighted, X, weight):
        model = self.model(MLPRegularizedClassifier, change, class_weight="balanced")
        assert_right(model, X, np.arange(N) % 4, weight if weighted else None)

    @changes(PLAIN)
    def test_multilabel(self, change, weighted, X, weight, rng):
        model = self.model(MLPRegularizedClassifier, change)
        assert_right(model, X, rng.integers(0, 2, (N, 3)), weight if weighted else None)

    @changes(BOTH)
    def test_two_numbers(self, change, weighted, X, weight, rng):
        model = self.model(MLPRegularizedRegressor, change)
        assert_right(model, X, rng.normal(size=(N, 2)), weight if weighted else None)

    @changes(PLAIN)
    @pytest.mark.parametrize(
        ("kind", "outputs"), [("absolute_error", (2,)), ("huber", ()), ("poisson", ())]
    )
    def test_other_losses(self, change, weighted, X, weight, rng, kind, outputs):
        y = rng.poisson(3.0, (N, *outputs)) if kind == "poisson" else rng.normal(size=(N, *outputs))
        model = self.model(MLPRegularizedRegressor, change, loss=kind, huber_delta=0.4)
        assert_right(model, X, y, weight if weighted else None)

    @staticmethod
    def model(cls, change, **more):
        settings = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "random_state": 1}
        return cls(**{**settings, **more, **change})


def test_a_wrong_gradient_is_found(X, monkeypatch):
    """The check can fail: a derivative off by a thousandth shows."""
    from sknnreg.engine.places.signal.activations import Tanh

    right = Tanh.derivative
    monkeypatch.setattr(
        Tanh, "derivative", lambda *args: np.multiply(right(*args), 1.001, out=args[-1])
    )
    model = MLPRegularizedClassifier((5, 4), activation="tanh", random_state=1)
    assert max(check_gradients(model, X, np.arange(N) % 3).values()) > 1e-5
