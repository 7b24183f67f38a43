"""What the hyperparameters may be: the table of constraints, and which do not go together."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from sknnreg.engine.layers import ACTIVATIONS

_from_zero = Interval(Real, 0, None, closed="left")
_positive = Interval(Real, 0, None, closed="neither")
_probability = Interval(Real, 0, 1, closed="left")
_count = Interval(Integral, 1, None, closed="left")

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
    "solver": [StrOptions({"sgd", "adam", "lbfgs"})],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_positive],
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
    "max_time": [_positive, None],
    # all else
    "warm_start": ["boolean"],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# What lbfgs cannot be used with, and why not.
_DRAWS = "draws random numbers, and solver='lbfgs' needs a deterministic loss"
_STEPS = "acts on single steps, which solver='lbfgs' does not take"
_JUMPS = "moves rows by the sign of a gradient, whose jumps solver='lbfgs' cannot follow"
_NOT_WITH_LBFGS = {
    "augmentation": _DRAWS,
    "input_noise": _DRAWS,
    "mixup": _DRAWS,
    "adversarial": _JUMPS,
    "dropout": _DRAWS,
    "input_dropout": _DRAWS,
    "drop_connect": _DRAWS,
    "weight_noise": _DRAWS,
    "gradient_noise": _DRAWS,
    "weight_decay": _STEPS,
    "clip_norm": _STEPS,
    "max_norm": _STEPS,
    "max_weight_norm": _STEPS,
}
_OFF_AS_NONE = ("augmentation", "clip_norm", "max_norm", "max_weight_norm")


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


def check_compatible(estimator: Any, n_rows: int) -> None:
    """Raise where two hyperparameters, each right by itself, do not go together."""
    if uses_batch_statistics(estimator) and (estimator.batch_size == 1 or n_rows == 1):
        raise ValueError(
            f"normalization={estimator.normalization!r} needs the spread of at least two rows, got "
            f"batch_size={estimator.batch_size!r} and n_samples={n_rows}. Use larger batches, or "
            "normalization='layer' or None."
        )
    _check_rows_normalization(estimator)
    if estimator.dropout_scaling == "predict" and estimator.dropout_kind != "bernoulli":
        raise ValueError(
            f"dropout_scaling='predict' needs dropout_kind='bernoulli', got dropout_kind="
            f"{estimator.dropout_kind!r}, which keeps the mean of each unit while training. "
            "Use dropout_scaling='train'."
        )
    if estimator.learning_rate == "adaptive" and estimator.solver != "sgd":
        raise ValueError(
            f"learning_rate='adaptive' needs solver='sgd', got solver={estimator.solver!r}. "
            "Use solver='sgd', or learning_rate='constant' or 'invscaling'."
        )
    if estimator.solver == "lbfgs":
        _check_lbfgs(estimator)


def _check_rows_normalization(estimator: Any) -> None:
    n_groups = estimator.normalization_groups
    if estimator.normalization == "instance":
        raise ValueError(
            "normalization='instance' normalizes each channel of a row by itself, and a channel of "
            "a table's row is one number: nothing but beta would be left of it. Use 'layer', or "
            "'group' with fewer groups than units."
        )
    if estimator.normalization != "group":
        return
    for size in hidden_sizes(estimator):
        if size % n_groups or size == n_groups:
            raise ValueError(
                f"normalization_groups={n_groups} must divide the number of units of every hidden "
                "layer into groups of at least two, of which one alone would leave nothing, got "
                f"hidden_layer_sizes={estimator.hidden_layer_sizes!r}. Use another number of "
                "groups; normalization='layer' is one group."
            )


def _check_lbfgs(estimator: Any) -> None:
    on = {name: getattr(estimator, name) for name in _NOT_WITH_LBFGS}
    on["dropout"] = max(dropout_rates(estimator), default=0.0)
    for name, value in on.items():
        if value is None or value == 0:
            continue
        off = None if name in _OFF_AS_NONE else 0.0
        raise ValueError(
            f"{name}={getattr(estimator, name)!r} {_NOT_WITH_LBFGS[name]}. "
            f"Set {name}={off} or use solver='adam' or 'sgd'."
        )
    if estimator.learning_rate != "constant":
        raise ValueError(
            f"learning_rate={estimator.learning_rate!r} has no effect with solver='lbfgs', which "
            "finds its own step sizes. Set learning_rate='constant' or use solver='sgd'."
        )
