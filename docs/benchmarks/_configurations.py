"""What bits.py trains: a table of settings, each hyperparameter in each of its kinds."""

from collections.abc import Callable
from typing import Any, NamedTuple

from _bits_data import Data, certainty, halved, jitter, once, pieces, smaller_steps, stretch, twice
from _report import shown

Settings = dict[str, Any]

VALIDATION = ("X_val", "y_val")
WEIGHTS = ("sample_weight", "sample_weight_val")


class Configuration(NamedTuple):
    """Settings, the data, and how they are given: arguments of ``fit`` beside X and y, calls."""

    data: str
    settings: Settings
    given: tuple[str, ...] = ()
    train: Callable[[Any, Data], None] = once

    def __str__(self) -> str:
        calls = [] if self.train is once else [self.train.__name__]
        return ", ".join([self.data, *filter(None, [shown(self.settings)]), *self.given, *calls])


DATA = [
    {"input_noise": 0.1},
    {"augmentation": jitter},
    {"mixup": 0.3},
    {"label_smoothing": 0.1},
    {"adversarial": 0.1},
    {"standardize": False},
    {"augmentation": jitter, "input_noise": 0.1, "mixup": 1.0, "label_smoothing": 0.2},
    {"mixup": 0.3, "adversarial": 0.05, "dropout": 0.2, "input_dropout": 0.1},
]
SIGNAL = [
    {"dropout": 0.3},
    {"dropout": (0.5, 0.0), "input_dropout": 0.2},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_scaling": "predict"},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_kind": "gaussian"},
    {"dropout": 0.2, "input_dropout": 0.1, "dropout_kind": "alpha", "activation": "selu"},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_kind": "variational"},
    *(
        {"normalization": kind, "normalization_position": position}
        for kind in ("batch", "mean_only_batch", "layer", "group")
        for position in ("before", "after")
    ),
    {"normalization": "batch", "normalization_momentum": 0.5, "normalization_epsilon": 1e-3},
    {"normalization": "batch", "batch_statistics": "population", "dropout": 0.2},
    {"normalization": "mean_only_batch", "batch_statistics": "population", "weight_norm": True},
]
WEIGHTS_IN_USE = [
    {"weight_norm": True},
    {"drop_connect": 0.3},
    {"drop_connect": 0.3, "drop_connect_inference": "gaussian"},
    {"drop_connect": 0.3, "drop_connect_inference": "gaussian", "normalization": "layer"},
    {"weight_noise": 0.05},
    {"weight_norm": True, "weight_noise": 0.05, "drop_connect": 0.2, "l1": 1e-3, "max_norm": 1.0},
]
OBJECTIVE = [
    {"l1": 0.01},
    {"l2": 0.1},
    {"l1": 0.01, "l2": 0.1, "solver": "rmsprop", "beta_2": 0.95},
    {"l1": 0.01, "solver": "sgd"},
    {"class_weight": "balanced"},
    {"class_weight": {0: 1.0, 1: 2.5}},
]
UPDATE = [
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "momentum": 0.8},
    {"solver": "sgd", "nesterovs_momentum": False},
    {"solver": "rmsprop", "beta_2": 0.9, "epsilon": 1e-6},
    {"solver": "adam", "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-4},
    {"solver": "amsgrad"},
    {"weight_decay": 0.1},
    {"solver": "sgd", "weight_decay": 0.1, "learning_rate": "cosine"},
    {"gradient_noise": 0.1},
    {"gradient_noise": 0.1, "gradient_noise_decay": 0.55, "clip_norm": 0.5},
    {"clip_norm": 0.2},
    {"max_norm": 0.8},
    {"max_weight_norm": 2.0},
    {"max_norm": 1.0, "max_weight_norm": 3.0, "solver": "sgd", "dropout": 0.2},
    {"shuffle": False},
    {"batch_size": 7},
    {"batch_size": 1, "max_iter": 2},
    {"batch_size": 1000},
    {"batch_size": "auto"},
    {"dtype": "auto"},
    {"dtype": "auto", "batch_size": 1000},
    {"random_state": 3},
]
SCHEDULES = [
    {"learning_rate": "invscaling", "power_t": 0.3},
    {"learning_rate": "exponential", "learning_rate_decay": 0.7},
    {"learning_rate": "step", "learning_rate_decay": 0.5, "learning_rate_period": 2},
    {"learning_rate": "cosine", "learning_rate_min": 1e-4},
    {
        "learning_rate": "cosine_restarts",
        "learning_rate_period": 1,
        "learning_rate_period_mult": 1.5,
    },
    {"learning_rate": "cyclic", "learning_rate_period": 2, "learning_rate_decay": 0.5},
    {"learning_rate": "one_cycle", "learning_rate_min": 1e-4},
    {"learning_rate": halved},
    {"learning_rate": "one_cycle", "beta_1": 0.95, "momentum_min": 0.85},
    {"learning_rate": "cyclic", "learning_rate_period": 2, "solver": "sgd", "momentum_min": 0.5},
    {"learning_rate_warmup": 2},
    {"learning_rate": "cosine", "learning_rate_warmup": 2, "solver": "sgd"},
]
LBFGS = [
    {},
    {"l1": 0.01, "max_iter": 15},
    {"l2": 0.1, "tol": 0.1, "max_iter": 20},
    {"max_fun": 5},
    {"normalization": "batch", "weight_norm": True},
    {"hidden_layer_sizes": (), "l1": 0.01},
    {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 20},
    {"dtype": "auto"},
]
TIME: list[Settings] = [
    {"n_iter_no_change": 2, "tol": 0.1, "max_iter": 20},
    {"early_stopping": True, "validation_fraction": 0.3},
    {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.05, "max_iter": 20},
    {"early_stopping": True, "early_stopping_scoring": "accuracy", "normalization": "batch"},
    {"early_stopping": True, "early_stopping_scoring": certainty, "n_iter_no_change": 1},
    {"early_stopping": True, "early_stopping_refit": "scratch", "n_iter_no_change": 1, "tol": 0.1},
    {"early_stopping": True, "early_stopping_refit": "continue", "n_iter_no_change": 1, "tol": 0.1},
    {"weight_averaging": "ema", "averaging_decay": 0.9},
    {"weight_averaging": "ema", "averaging_decay": 0.8, "early_stopping": True, "dropout": 0.2},
    {"weight_averaging": "swa", "averaging_start": 0.4, "normalization": "batch"},
    {"weight_averaging": "swa", "averaging_start": 0.2, "early_stopping": True},
]
CYCLES = {"learning_rate": "cyclic", "learning_rate_period": 2, "n_snapshots": 3}
RESTARTS = {"learning_rate": "cosine_restarts", "learning_rate_period": 2, "n_snapshots": 2}
CURVED = ("logistic", "tanh", "elu", "selu", "gelu", "silu", "mish", "softplus")
ACTIVATIONS = ("identity", "relu", "leaky_relu", *CURVED, ("tanh", "relu"))
EARLY = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.02, "max_iter": 15}
AVERAGE = {"weight_averaging": "ema", "averaging_decay": 0.9, "normalization": "batch"}


CLASSIFIERS = [
    ("species", {}),
    ("species", {"class_weight": {"setosa": 2.0, "virginica": 0.5}, "augmentation": jitter}),
    ("cancer", {}),
    ("cancer", {"class_weight": "balanced", "label_smoothing": 0.1}),
    ("cancer", CYCLES),
    ("digits", {"hidden_layer_sizes": 30, "dropout": 0.5, "input_dropout": 0.2}),
    # Its products are large enough for several threads of the BLAS.
    ("digits", {"hidden_layer_sizes": (128, 128), "batch_size": 200, "max_iter": 3}),
    ("digits", {"hidden_layer_sizes": (128, 128), "batch_size": 200, "max_iter": 3, **AVERAGE}),
    ("sparse", {}),
    ("sparse", {"standardize": False, "l1": 0.01, "input_dropout": 0.2}),
    ("sparse", {"drop_connect": 0.3, "drop_connect_inference": "gaussian"}),
    ("sparse", {"solver": "lbfgs", "l1": 0.01}),
    ("labels", {}),
    ("labels", {"label_smoothing": 0.1, **EARLY}),
    ("labels", CYCLES),
    ("sparse labels", {"mixup": 0.5}),
    ("iris", {"hidden_layer_sizes": ()}),
    ("iris", {"hidden_layer_sizes": (12, 8, 8, 4, 4), "weight_norm": True}),
    ("iris", {"hidden_layer_sizes": (), "solver": "sgd", "l1": 0.01, "input_dropout": 0.2}),
    ("iris", CYCLES),
    ("iris", {**RESTARTS, "normalization": "layer", "dropout": 0.2}),
    ("iris", {**RESTARTS, "drop_connect": 0.2, "drop_connect_inference": "gaussian"}),
    ("iris", {**AVERAGE, **EARLY, "dropout": 0.2, "l1": 1e-3, "weight_norm": True}),
]
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.02}
POISSON = {"loss": "poisson"}
REGRESSORS: list[tuple[str, Settings]] = [
    ("diabetes", {}),
    ("diabetes", {"loss": "absolute_error"}),
    ("diabetes", {"loss": "huber", "huber_delta": 0.5}),
    ("diabetes", {"standardize": False, "clip_norm": 1.0}),
    ("diabetes", {"augmentation": stretch, "mixup": 0.3}),
    ("diabetes", {"adversarial": 0.1, "input_noise": 0.1}),
    ("diabetes", {"dropout": 0.3, "normalization": "batch", "normalization_position": "after"}),
    ("diabetes", {"dropout": 0.3, "dropout_kind": "variational", "normalization": "group"}),
    ("diabetes", {"hidden_layer_sizes": ()}),
    ("diabetes", {"hidden_layer_sizes": (12, 8, 8, 4, 4), "activation": "mish"}),
    ("diabetes", ADAPTIVE),
    ("diabetes", RESTARTS),
    ("diabetes", {**EARLY, "early_stopping_scoring": "r2", "l2": 0.1}),
    ("diabetes", {**EARLY, "early_stopping_refit": "scratch", "normalization": "batch"}),
    ("diabetes", {**EARLY, "early_stopping_refit": "continue", "weight_averaging": "ema"}),
    ("diabetes", {**AVERAGE, "drop_connect": 0.3}),
    ("diabetes", {"solver": "lbfgs", "l1": 0.05, "l2": 0.01}),
    ("diabetes", {"solver": "lbfgs", "loss": "huber", "weight_norm": True}),
    ("counts", POISSON),
    ("counts", {**POISSON, **CYCLES}),
    ("counts", {**POISSON, "solver": "lbfgs", "l2": 0.1}),
    ("counts", {**POISSON, "standardize": False, "clip_norm": 1.0, "learning_rate_init": 1e-3}),
    ("two responses", {}),
    ("two responses", {"loss": "absolute_error", "dropout": 0.2, **EARLY}),
    ("sparse responses", {"max_norm": 1.0}),
]
GIVEN: list[tuple[str, Settings, tuple[str, ...]]] = [
    ("iris", {}, ("sample_weight",)),
    ("iris", {"class_weight": "balanced", "normalization": "batch"}, ("sample_weight",)),
    ("iris", EARLY, ("sample_weight",)),
    ("iris", {"l2": 0.1}, VALIDATION),
    ("iris", {"normalization": "batch", **EARLY}, (*VALIDATION, *WEIGHTS)),
    ("iris", {**EARLY, "early_stopping_refit": "scratch"}, (*VALIDATION, *WEIGHTS)),
    ("iris", {**EARLY, "early_stopping_refit": "continue"}, VALIDATION),
    ("cancer", {**EARLY, "early_stopping_scoring": "roc_auc"}, (*VALIDATION, *WEIGHTS)),
    ("sparse", {**EARLY, "learning_rate_init": 0.05}, VALIDATION),
    ("labels", {}, ("sample_weight", *VALIDATION)),
    ("diabetes", {"loss": "absolute_error"}, ("sample_weight",)),
    ("diabetes", {"solver": "lbfgs"}, (*VALIDATION, *WEIGHTS)),
    ("counts", {**POISSON, **EARLY}, (*VALIDATION, *WEIGHTS)),
]
WARM = {"warm_start": True, "max_iter": 5}
GOING_ON: list[tuple[str, Settings, tuple[str, ...], Callable[[Any, Data], None]]] = [
    ("iris", {"warm_start": True, "max_iter": 10}, (), twice),
    ("iris", {**WARM, **AVERAGE, "dropout": 0.2}, (), twice),
    ("iris", {**WARM, **EARLY}, (), twice),
    ("iris", {**WARM, **RESTARTS}, (), twice),
    ("iris", {**WARM, "learning_rate": "cosine", "solver": "sgd"}, (), twice),
    ("iris", {**WARM, "solver": "lbfgs", "l1": 0.01}, (), twice),
    ("iris", WARM, (), smaller_steps),
    ("diabetes", {**WARM, **ADAPTIVE}, VALIDATION, twice),
    ("iris", {"normalization": "batch", "learning_rate": "exponential"}, (), pieces),
    ("iris", {**AVERAGE, "early_stopping": True}, (*VALIDATION, *WEIGHTS), pieces),
    ("cancer", {"l1": 0.01}, (), pieces),
    ("sparse", {"dropout": 0.2}, ("sample_weight",), pieces),
    ("diabetes", {"dropout": 0.2, "gradient_noise": 0.1}, (), pieces),
    ("counts", {**POISSON, "learning_rate": "cosine"}, (), pieces),
]

TABLE = [
    *(Configuration("iris", {"activation": name}) for name in ACTIVATIONS),
    *(Configuration("iris", each) for each in [*DATA, *SIGNAL, *WEIGHTS_IN_USE, *OBJECTIVE]),
    *(Configuration("iris", each) for each in [*UPDATE, *SCHEDULES, *TIME]),
    *(Configuration("iris", {"solver": "lbfgs", **each}) for each in LBFGS),
    *(Configuration(*each) for each in [*CLASSIFIERS, *REGRESSORS, *GIVEN, *GOING_ON]),
]

# Searches: their networks differ in numbers, and train in one stack, or in structure.
GRIDS: list[tuple[str, Settings, dict[str, list[Any]]]] = [
    (
        "iris",
        {},
        {"l2": [0.0, 0.01, 0.1], "dropout": [0.0, 0.3], "learning_rate_init": [0.003, 0.03]},
    ),
    # Long enough to be worth another process.
    (
        "digits",
        {"hidden_layer_sizes": 100, "batch_size": 10, "max_iter": 12, "l2": 0.01},
        {"weight_decay": [0.01, 0.1], "input_noise": [0.1, 0.2], "random_state": list(range(9))},
    ),
    (
        "iris",
        {**AVERAGE, "weight_norm": True},
        {"averaging_decay": [0.5, 0.9], "normalization_momentum": [0.5, 0.9], "l1": [0.001, 0.01]},
    ),
    (
        "iris",
        {"learning_rate_period": 2},
        {
            "learning_rate": ["constant", "cosine", "one_cycle", "step", halved],
            "learning_rate_warmup": [0, 2],
            "max_iter": [4, 6],
        },
    ),
    # Networks that leave their stack at different epochs.
    (
        "iris",
        {"early_stopping": True, "max_iter": 12},
        {
            "n_iter_no_change": [1, 3],
            "tol": [0.0, 0.05],
            "early_stopping_scoring": ["loss", "accuracy"],
            "early_stopping_refit": [None, "scratch", "continue"],
        },
    ),
    (
        "diabetes",
        {"solver": "sgd", "clip_norm": 1.0, "max_norm": 2.0},
        {"momentum": [0.5, 0.9], "gradient_noise": [0.0, 0.1], "loss": ["huber", "squared_error"]},
    ),
    ("diabetes", {"solver": "lbfgs"}, {"l1": [0.0, 0.01, 0.1], "l2": [0.0, 0.1]}),
    (
        "cancer",
        {"dropout": 0.2},
        {
            "hidden_layer_sizes": [(), 8, (8, 8)],
            "solver": ["sgd", "rmsprop", "adam", "amsgrad"],
            "normalization": [None, "batch", "layer"],
        },
    ),
]
