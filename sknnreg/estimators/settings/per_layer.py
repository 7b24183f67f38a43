"""The hidden layers' own: hyperparameters given for all of them, or layer by layer."""

import reprlib
from collections.abc import Iterable, Mapping, Set
from numbers import Integral, Real
from typing import Any

from sknnreg.engine.places.signal.activations import ACTIVATIONS, ActivationName
from sknnreg.estimators.choices import OVER_THE_BATCH
from sknnreg.estimators.hyperparameters import Hyperparameters

# Units of a layer: more have more weights than any machine can hold.
LARGEST_LAYER = 1 << 31


def hidden_sizes(estimator: Hyperparameters) -> tuple[int, ...]:
    """``hidden_layer_sizes`` as a tuple of positive ints."""
    given: Any = estimator.hidden_layer_sizes
    sizes = _in_order("hidden_layer_sizes", given) if isinstance(given, Iterable) else [given]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or int(size) < 1:
            raise ValueError(
                f"hidden_layer_sizes must hold whole numbers of at least 1, got {sizes}. "
                "Leave a layer out to have none of it; () is a linear model."
            )
        if int(size) > LARGEST_LAYER:
            raise ValueError(
                f"hidden_layer_sizes must hold numbers of units that fit into memory, got {sizes}."
            )
    return tuple(int(size) for size in sizes)


def per_hidden_layer(name: str, value: Any, n_layers: int) -> tuple[Any, ...]:
    """One value for each hidden layer, from one for all or a sequence."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return (value,) * n_layers
    values = tuple(_in_order(name, value))
    if len(values) != n_layers:
        raise ValueError(
            f"{name}={value!r} has {len(values)} values for {n_layers} hidden layers. "
            "Give one plain value for all layers, or one for each size in hidden_layer_sizes."
        )
    return values


def _in_order(name: str, given: Any) -> list[Any]:
    """The values for one layer after the other; what has no such order raises."""
    if isinstance(given, Mapping | Set | str | bytes) or getattr(given, "ndim", 1) == 0:
        raise ValueError(
            f"{name} must be one plain value, or a list of them, one for each hidden layer, got "
            f"{given!r}."
        )
    return list(given)


def activations(estimator: Hyperparameters) -> tuple[ActivationName, ...]:
    """The activation of each hidden layer."""
    names = per_hidden_layer("activation", estimator.activation, len(hidden_sizes(estimator)))
    for name in names:
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise ValueError(f"activation must be among {list(ACTIVATIONS)}, got {name!r}.")
    return names


def dropout_rates(estimator: Hyperparameters) -> tuple[float, ...]:
    """The dropout rate of each hidden layer."""
    rates: tuple[Any, ...] = per_hidden_layer(
        "dropout", estimator.dropout, len(hidden_sizes(estimator))
    )
    for rate in rates:
        if not isinstance(rate, Real) or not 0 <= rate < 1:  # type: ignore[operator]
            raise ValueError(
                f"dropout must be a probability of dropping in [0, 1), got {reprlib.repr(rate)}. "
                "Texts that write p for keeping a unit mean 1 - dropout."
            )
    return tuple(float(rate) for rate in rates)


def uses_batch_statistics(estimator: Hyperparameters) -> bool:
    """Whether a hidden layer is normalized over the batch."""
    return estimator.normalization in OVER_THE_BATCH and len(hidden_sizes(estimator)) > 0
