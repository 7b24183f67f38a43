"""Small networks with each kind of noise, and data for them."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

# Rates that the 16 bits of a mask hold exactly.
NOISES = {
    "units": {"dropout": 0.25},
    "inputs": {"input_dropout": 0.25},
    "both, gaussian": {"dropout": 0.25, "input_dropout": 0.25, "dropout_kind": "gaussian"},
    "alpha": {"dropout": 0.25, "dropout_kind": "alpha", "activation": "selu"},
    "variational": {"dropout": 0.25, "input_dropout": 0.125, "dropout_kind": "variational"},
    "scaled at prediction": {"dropout": 0.5, "dropout_scaling": "predict"},
    "weights": {"drop_connect": 0.25},
    "weights by moments": {"drop_connect": 0.25, "drop_connect_inference": "gaussian"},
    "everything": {
        "dropout": 0.25, "input_dropout": 0.25, "drop_connect": 0.25, "weight_norm": True,
        "normalization": "batch", "normalization_position": "after", "input_scale": 2.0,
    },
    "layer normalization": {"dropout": 0.25, "drop_connect": 0.25, "normalization": "layer"},
}  # fmt: skip
SNAPSHOTS = {
    "n_snapshots": 3, "learning_rate": "cosine_restarts", "learning_rate_period": 5,
}  # fmt: skip


class Case:
    """One kind of estimator, with data that it fits in no time."""

    def __init__(self, kind):
        self.kind = kind
        rng = np.random.default_rng(0)
        self.X = rng.normal(2.0, 3.0, (80, 3))
        signal = self.X @ [1.0, -1.0, 0.5] + 0.3 * rng.normal(size=80)
        self.regresses = kind is MLPRegularizedRegressor
        self.y = 5 + signal if self.regresses else np.digitize(signal, [0.0, 3.0])

    def fit(self, y=None, **settings):
        quick = {
            "hidden_layer_sizes": (4,), "max_iter": 15, "n_iter_no_change": None,
            "learning_rate_init": 0.03, "random_state": 0,
        }  # fmt: skip
        return self.kind(**{**quick, **settings}).fit(self.X, self.y if y is None else y)


@pytest.fixture(params=[MLPRegularizedClassifier, MLPRegularizedRegressor],
                ids=["classifier", "regressor"])  # fmt: skip
def case(request):
    return Case(request.param)


@pytest.fixture
def regressor():
    return Case(MLPRegularizedRegressor)


@pytest.fixture
def classifier():
    return Case(MLPRegularizedClassifier)


@pytest.fixture(params=NOISES)
def noise(request):
    """The settings of each kind of noise."""
    return NOISES[request.param]


@pytest.fixture
def snapshots():
    """The settings of three snapshots."""
    return SNAPSHOTS
