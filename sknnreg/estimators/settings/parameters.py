"""What each hyperparameter may be: the table of constraints, and those given layer by layer."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknnreg.engine.places.signal import ACTIVATIONS

_from_zero = Interval(Real, 0, None, closed="left")
_positive = Interval(Real, 0, None, closed="neither")
_probability = Interval(Real, 0, 1, closed="left")
_count = Interval(Integral, 1, None, closed="left")

LEARNING_RATES = {
    "constant",
    "invscaling",
    "adaptive",
    "exponential",
    "step",
    "cosine",
    "cosine_restarts",
    "cyclic",
    "one_cycle",
}

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _count],
    "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
    # 1 data
    "standardize": ["boolean"],
    "input_noise": [_from_zero],
    "augmentation": [callable, None],
    "mixup": [_from_zero],
    "adversarial": [_from_zero],
    # 2 signal
    "dropout": [_probability, "array-like"],
    "input_dropout": [_probability],
    "dropout_kind": [StrOptions({"bernoulli", "gaussian", "alpha", "variational"})],
    "dropout_scaling": [StrOptions({"train", "predict"})],
    "normalization": [StrOptions({"batch", "mean_only_batch", "layer", "group", "instance"}), None],
    "normalization_position": [StrOptions({"before", "after"})],
    "normalization_epsilon": [_positive],
    "normalization_momentum": [_probability],
    "normalization_groups": [_count],
    "batch_statistics": [StrOptions({"moving", "population"})],
    # 3 weights in use
    "weight_norm": ["boolean"],
    "drop_connect": [_probability],
    "drop_connect_inference": [StrOptions({"mean", "gaussian"})],
    "weight_noise": [_from_zero],
    # 4 objective
    "l1": [_from_zero],
    "l2": [_from_zero],
    # 5 update
    "solver": [StrOptions({"sgd", "rmsprop", "adam", "amsgrad", "lbfgs"})],
    "learning_rate": [StrOptions(LEARNING_RATES), callable],
    "learning_rate_init": [_positive],
    "learning_rate_min": [_from_zero],
    "learning_rate_period": [_count],
    "learning_rate_period_mult": [Interval(Real, 1, None, closed="left")],
    "learning_rate_decay": [Interval(Real, 0, 1, closed="right")],
    "learning_rate_warmup": [Interval(Integral, 0, None, closed="left")],
    "power_t": [_from_zero],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [_probability],
    "beta_2": [_probability],
    "epsilon": [_positive],
    "max_fun": [_count],
    "weight_decay": [_from_zero],
    "gradient_noise": [_from_zero],
    "gradient_noise_decay": [_from_zero],
    "clip_norm": [_positive, None],
    "batch_size": [StrOptions({"auto"}), _count],
    "shuffle": ["boolean"],
    # 6 weights at rest
    "max_norm": [_positive, None],
    "max_weight_norm": [_positive, None],
    # 7 time
    "max_iter": [_count],
    "tol": [_from_zero],
    "n_iter_no_change": [_count, Options(Real, {np.inf})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "early_stopping_scoring": [StrOptions({"loss", *get_scorer_names()}), callable],
    "early_stopping_refit": [StrOptions({"scratch", "continue"}), None],
    "weight_averaging": [StrOptions({"ema", "swa"}), None],
    "averaging_decay": [_probability],
    "averaging_start": [_probability],
    "n_snapshots": [_count],
    "max_time": [_positive, None],
    # all else
    "warm_start": ["boolean"],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def hidden_sizes(estimator: Any) -> tuple[int, ...]:
    """``hidden_layer_sizes`` as a tuple of positive ints."""
    sizes = estimator.hidden_layer_sizes
    sizes = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                f"hidden_layer_sizes must hold whole numbers of at least 1, got {sizes}. "
                "Leave a layer out to have none of it; () is a linear model."
            )
    return tuple(int(size) for size in sizes)


def per_hidden_layer(name: str, value: Any, n_layers: int) -> tuple[Any, ...]:
    """One value for each hidden layer, from one for all or a sequence."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return (value,) * n_layers
    values = tuple(value)
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} values for {n_layers} hidden layers. "
            "Give one plain value for all layers, or one for each size in hidden_layer_sizes."
        )
    return values


def activations(estimator: Any) -> tuple[str, ...]:
    """The activation of each hidden layer."""
    names = per_hidden_layer("activation", estimator.activation, len(hidden_sizes(estimator)))
    for name in names:
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise ValueError(f"activation must be among {sorted(ACTIVATIONS)}, got {name!r}.")
    return names


def dropout_rates(estimator: Any) -> tuple[float, ...]:
    """The dropout rate of each hidden layer."""
    rates = per_hidden_layer("dropout", estimator.dropout, len(hidden_sizes(estimator)))
    for rate in rates:
        if not isinstance(rate, Real) or not 0 <= float(rate) < 1:
            raise ValueError(
                f"dropout must be a probability of dropping in [0, 1), got {rate!r}. "
                "Texts that write p for keeping a unit mean 1 - dropout."
            )
    return tuple(float(rate) for rate in rates)


def uses_batch_statistics(estimator: Any) -> bool:
    """Whether a hidden layer is normalized over the batch."""
    kinds = ("batch", "mean_only_batch")
    return estimator.normalization in kinds and len(hidden_sizes(estimator)) > 0
