"""The hidden layers' own: hyperparameters given for all of them, or layer by layer."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from sknnreg.engine.places.signal.activations import ACTIVATIONS, ActivationName
from sknnreg.estimators.choices import OVER_THE_BATCH
from sknnreg.estimators.hyperparameters import Hyperparameters


def hidden_sizes(estimator: Hyperparameters) -> tuple[int, ...]:
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


def activations(estimator: Hyperparameters) -> tuple[ActivationName, ...]:
    """The activation of each hidden layer."""
    names = per_hidden_layer("activation", estimator.activation, len(hidden_sizes(estimator)))
    for name in names:
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise ValueError(f"activation must be among {sorted(ACTIVATIONS)}, got {name!r}.")
    return names


def dropout_rates(estimator: Hyperparameters) -> tuple[float, ...]:
    """The dropout rate of each hidden layer."""
    rates = per_hidden_layer("dropout", estimator.dropout, len(hidden_sizes(estimator)))
    for rate in rates:
        if not isinstance(rate, Real) or not 0 <= float(rate) < 1:
            raise ValueError(
                f"dropout must be a probability of dropping in [0, 1), got {rate!r}. "
                "Texts that write p for keeping a unit mean 1 - dropout."
            )
    return tuple(float(rate) for rate in rates)


def uses_batch_statistics(estimator: Hyperparameters) -> bool:
    """Whether a hidden layer is normalized over the batch."""
    return estimator.normalization in OVER_THE_BATCH and len(hidden_sizes(estimator)) > 0
