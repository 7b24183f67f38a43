"""The folds of a nested cross-validation, with both estimates, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.inspection.axes import new_axes

# Okabe and Ito's colors, which color-blind readers can tell apart.
_OUTER, _INNER = "#0072B2", "#D55E00"


@dataclass(eq=False)
class NestedCrossValidationDisplay:
    """Outer and inner errors by fold, their mean with its interval, the estimate without nesting.

    Parameters
    ----------
    errors, inner_errors : ndarray of shape (n_folds,)
        Of rows that the choice has not seen, and of those by which it was made.
    error : float
        The mean outer error.
    interval : tuple of float
        Of that mean.
    non_nested_error : float
        The search's own error on all rows.
    measure : str, default="error"
        What the errors are.
    confidence_level : float, default=0.95
        Of the interval.

    Attributes
    ----------
    ax_, figure_ : matplotlib artists
        Once ``plot`` was called.

    See Also
    --------
    nested_cross_validate : Makes what is shown.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sknnreg.model_selection import NestedCrossValidationDisplay, nested_cross_validate
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3, 9]})
    >>> result = nested_cross_validate(search, X, y)
    >>> display = NestedCrossValidationDisplay.from_results(result).plot()
    """

    errors: Array
    inner_errors: Array
    error: float
    interval: tuple[float, float]
    non_nested_error: float
    measure: str = "error"
    confidence_level: float = 0.95

    @classmethod
    def from_results(cls, result: Any) -> NestedCrossValidationDisplay:
        """Of a result of `nested_cross_validate`, not drawn yet.

        Parameters
        ----------
        result : NestedCrossValidationResult
            What was found.

        Returns
        -------
        display : NestedCrossValidationDisplay
            ``plot`` draws it.
        """
        return cls(
            result.errors,
            result.inner_errors,
            result.error,
            result.interval,
            result.non_nested_error,
            result.measure,
            result.confidence_level,
        )

    def plot(self, ax: Any = None) -> NestedCrossValidationDisplay:
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : NestedCrossValidationDisplay
            This one, with ``ax_`` and ``figure_``.
        """
        self.ax_ = ax = new_axes(1, figsize=(7.5, 4.2)) if ax is None else ax
        self.figure_ = ax.figure
        folds = np.arange(1, len(self.errors) + 1)
        ax.axhspan(
            *self.interval, color=_OUTER, alpha=0.12, lw=0,
            label=f"{100 * self.confidence_level:g}% interval of the nested error",
        )  # fmt: skip
        ax.axhline(self.error, color=_OUTER, lw=2, label=f"nested: {self.error:.4g}")
        ax.axhline(
            self.non_nested_error, color=_INNER, lw=2, ls="--",
            label=f"not nested: {self.non_nested_error:.4g}",
        )  # fmt: skip
        ax.vlines(folds, self.errors, self.inner_errors, color="0.75", lw=1, zorder=1)
        ax.scatter(folds, self.errors, s=45, color=_OUTER, zorder=3, label="outer error")
        ax.scatter(
            folds, self.inner_errors, s=45, marker="D", facecolor="white", edgecolor=_INNER,
            zorder=3, label="inner error of the choice",
        )  # fmt: skip
        if len(folds) <= 20:
            ax.set_xticks(folds)
        ax.set(xlabel="outer fold", ylabel=self.measure)
        ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        return self
