"""What may be asked of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from sknnreg.model_selection.fits.measures import Measure, measure_of
from sknnreg.model_selection.fits.splitting import checked_repeats
from sknnreg.model_selection.fits.spread import checked_level

TESTS = ("corrected_t", "5x2cv_f", "bayesian")


def checked_choices(test: str, level: Any, n_repeats: Any, rope: Any) -> tuple[float, int, float]:
    """The confidence level, the number of repetitions and the region of equivalence."""
    if test not in TESTS:
        raise ValueError(f"test must be one of {', '.join(map(repr, TESTS))}, got {test!r}.")
    n_repeats = checked_repeats(n_repeats)
    if test == "5x2cv_f" and n_repeats not in (None, 5):
        raise ValueError(f"test='5x2cv_f' has five repetitions, got n_repeats={n_repeats}.")
    if rope is not None and test != "bayesian":
        raise ValueError(
            f"rope={rope!r} is for test='bayesian', whose posterior says how probable a difference "
            f"within it is; test={test!r} has none."
        )
    if not (rope is None or (_is_number(rope) and 0 <= rope < np.inf)):
        raise ValueError(f"rope must be a number >= 0 in units of the error, got {rope!r}.")
    repeats = n_repeats or (5 if test == "5x2cv_f" else 1)
    return checked_level(level), repeats, float(rope or 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def checked_estimators(estimators: Any) -> dict[str, Any]:
    """By name."""
    pairs = list(estimators.items()) if isinstance(estimators, Mapping) else estimators
    well_formed = isinstance(pairs, list | tuple) and all(
        isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str)
        for each in pairs
    )
    if not well_formed:
        raise TypeError(
            "estimators must be a dict of estimators by name, or a list of (name, estimator), got "
            f"{estimators!r}."
        )
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError(f"names of estimators must be unique, got {[name for name, _ in pairs]}.")
    if len(named) < 2:
        raise ValueError(f"estimators must be at least two, got {len(named)}: {list(named)}.")
    return named


def measures_of(named: dict[str, Any], scoring: Any) -> dict[str, Measure]:
    """One measure, as each estimator's scorer makes it."""
    measures = {name: measure_of(scoring, estimator) for name, estimator in named.items()}
    found = sorted({measure.name for measure in measures.values()})
    if len(found) > 1:
        raise ValueError(
            f"estimators must be judged by one error, by default these are {', '.join(found)}: "
            "name one by scoring."
        )
    return measures
