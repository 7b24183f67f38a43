"""Whether an ensemble's parameters are allowed, and what its members are."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from sknnreg.ensemble.members import network_of


def check_settings(ensemble: Any) -> None:
    """Raise for the first parameter that is not allowed."""
    _check_count(ensemble, "n_members", "networks that are averaged")
    if ensemble.validation not in ("fold", None):
        raise ValueError(
            f"validation={ensemble.validation!r} must be 'fold', for members that hold out a fold "
            "each, or None, for members that learn from all rows and differ in their seeds."
        )
    if isinstance(ensemble.cv, Integral) and (ensemble.cv < 2 or isinstance(ensemble.cv, bool)):
        raise ValueError(f"cv={ensemble.cv!r} must be a number of folds of at least 2.")
    if ensemble.param_distributions is None:
        return
    _check_count(ensemble, "n_candidates", "settings drawn from param_distributions")
    if ensemble.validation is None:
        raise ValueError(
            "param_distributions with validation=None: candidates are selected by the rows that "
            "they hold out. Set validation='fold', or param_distributions=None."
        )


def _check_count(ensemble: Any, name: str, what: str) -> None:
    value = getattr(ensemble, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(
            f"{name}={reprlib.repr(value)} must be the number of {what}, an integer of at least 1."
        )


def check_estimator_kind(estimator: Any, kind: type) -> None:
    """Raise unless it is, or ends in, one of this package's estimators of this kind."""
    network = network_of(estimator)
    if isinstance(estimator, type) or not isinstance(network, kind):
        found = network if network is estimator else f"a Pipeline that ends in {network!r}"
        raise TypeError(
            f"estimator must be an {kind.__name__}, or a Pipeline whose last step is one; got "
            f"{reprlib.repr(found)}."
        )


def check_network(network: Any, validation: str | None) -> None:
    """Raise where a network would learn from the rows that it holds out."""
    if validation == "fold" and network.early_stopping_refit is not None:
        raise ValueError(
            f"early_stopping_refit={network.early_stopping_refit!r} lets a member learn from the "
            "rows that it holds out, which could then judge nothing. Set it to None: all rows "
            "serve for training in any case, each in all members but one."
        )


def refuse_others(given: Sequence[str]) -> None:
    """Raise for what ``fit`` of a network takes, and that of an ensemble does not."""
    if not given:
        return
    if {"X_val", "y_val", "sample_weight_val"} & set(given):
        raise TypeError(
            f"fit got {given[0]!r}: here the folds are the validation rows, each member's its own. "
            "Leave it out and pass all rows as X and y, or fit the network itself."
        )
    raise TypeError(
        f"fit got an unexpected argument {given[0]!r}. It takes X, y, sample_weight and groups."
    )
