"""Whether there is such a hyperparameter, and whether its value, by itself, is allowed."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Iterable
from typing import Any

from sklearn.utils._param_validation import (
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

from sknnreg.estimators.hyperparameters import Hyperparameters
from sknnreg.estimators.settings.hints import hint_for_name, hint_for_value
from sknnreg.estimators.settings.remembered import Remembered, fingerprint


def check_names(estimator: Any, given: Iterable[str]) -> None:
    """Raise where a name is none of the estimator's parameters; ``a__b`` is b of a."""
    known = estimator._get_param_names()
    for name in (each.partition("__")[0] for each in given):
        if name not in known:
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {estimator}. "
                f"{hint_for_name(name, known)}Valid parameters are: {known!r}."
            )


_ALLOWED: Remembered[None] = Remembered()


def check_values(estimator: Hyperparameters) -> None:
    """Raise where a value is not allowed, those too that a subclass sets by itself."""
    _ALLOWED.find(fingerprint(estimator), lambda: _check_values(estimator))


def _check_values(estimator: Hyperparameters) -> None:
    allowed = estimator._parameter_constraints
    values = {name: getattr(estimator, name) for name in allowed}
    caller = type(estimator).__name__
    try:
        validate_parameter_constraints(allowed, values, caller)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"{error}{_hint(allowed, values, caller)}") from None
    for name, value in values.items():
        if isinstance(value, int) and value > sys.float_info.max:
            raise InvalidParameterError(
                f"The {name!r} parameter of {caller} is beyond the largest number a network can "
                f"compute with, about 1.8e308. Got {reprlib.repr(value)} instead."
            )


def _hint(allowed: dict[str, list[Any]], values: dict[str, Any], caller: str) -> str:
    """What may have been meant by the first value that is not allowed."""
    for name, value in values.items():
        try:
            validate_parameter_constraints({name: allowed[name]}, {name: value}, caller)
        except InvalidParameterError:
            options = [each.options for each in allowed[name] if isinstance(each, StrOptions)]
            return hint_for_value(name, value, [text for each in options for text in each])
    return ""
