"""What may have been meant by a name or a value that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

# Names that scikit-learn and others have for what is here, with what to do.
OTHER_NAMES = {
    "alpha": (
        "MLPClassifier's alpha is l2 here, which does not depend on the batch size: l2 = alpha / "
        "batch size."
    ),
    "lr": "The step size is learning_rate_init.",
    "epochs": "The number of epochs is max_iter.",
    "n_epochs": "The number of epochs is max_iter.",
    "patience": "The number of epochs to wait is n_iter_no_change.",
    "optimizer": "The optimizer is the solver.",
    "hidden_units": "The numbers of units are hidden_layer_sizes.",
}
# Values that name what is here something else.
OTHER_VALUES = {
    ("solver", "adamw"): "AdamW is solver='adam' with a weight_decay above 0.",
    ("solver", "nadam"): "The nearest solver is 'adam'; 'sgd' has nesterovs_momentum.",
    ("loss", "mse"): "The mean squared error is 'squared_error'.",
    ("loss", "mae"): "The mean absolute error is 'absolute_error'.",
    ("activation", "sigmoid"): "The sigmoid is 'logistic'.",
    ("activation", "linear"): "The linear activation is 'identity'.",
}


def hint_for_name(name: str, known: Iterable[str]) -> str:
    """What to say of a parameter that is not there, with a space behind it; "" if nothing."""
    said = OTHER_NAMES.get(name) or _nearest(name, known)
    return said and f"{said} "


def hint_for_value(name: str, value: Any, known: Iterable[str]) -> str:
    """What to say of a text that is not allowed, with a space before it; "" if nothing."""
    if not isinstance(value, str):
        return ""
    said = OTHER_VALUES.get((name, value.lower())) or _nearest(value.lower(), known)
    return said and f" {said}"


def _nearest(given: str, known: Iterable[str]) -> str:
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]!r}?" if near else ""
