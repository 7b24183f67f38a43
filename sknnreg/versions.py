"""Which version this is, and objects that say when another one pickled them."""

from __future__ import annotations

import warnings
from typing import Any

import sklearn
from sklearn.exceptions import InconsistentVersionWarning

__version__ = "0.1.0"

# Under these names a pickle says which versions made it.
_OURS, _THEIRS = "_sknnreg_version", "_sklearn_version"
_UNKNOWN = "unknown"


class OtherVersionWarning(InconsistentVersionWarning):  # type: ignore[misc]
    """What was loaded was pickled by another version of this package, or of scikit-learn."""

    def __init__(self, *, estimator_name: str, current: str, original: str) -> None:
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=current,
            original_sklearn_version=original,
        )

    def __str__(self) -> str:
        return (
            f"{self.estimator_name} was pickled by {self.original_sklearn_version} and is loaded "
            f"by {self.current_sklearn_version}. It may fail, or predict something else: load it "
            "by the versions that pickled it, or fit anew."
        )


class Versioned:
    """An estimator whose pickle holds the versions of this package and of scikit-learn.

    scikit-learn's ``BaseEstimator`` does so for its own estimators alone.
    """

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**(state or {}), _OURS: __version__, _THEIRS: sklearn.__version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        original = told(state.pop(_OURS, _UNKNOWN), state.pop(_THEIRS, _UNKNOWN))
        current = told(__version__, sklearn.__version__)
        if original != current:
            name = type(self).__name__
            warning = OtherVersionWarning(estimator_name=name, current=current, original=original)
            warnings.warn(warning, stacklevel=2)
        vars(self).update(state)


def told(ours: str, theirs: str) -> str:
    """Both versions in words."""
    return f"sknnreg {ours} with scikit-learn {theirs}"
