"""Errors with their intervals, drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknnreg.inspection.axes import new_axes
from sknnreg.model_selection.error.estimating import estimate_error
from sknnreg.model_selection.error.result import ErrorEstimateResult

# More dots than that would hide one another.
MOST_DOTS = 100


class ErrorEstimateDisplay:
    """Errors of splits, training errors and intervals, one estimate above the other.

    Use :meth:`from_results` or :meth:`from_estimator` to make one.

    Parameters
    ----------
    results : dict of str to ErrorEstimateResult
        Estimates of one measure by name.

    Attributes
    ----------
    results : dict of str to ErrorEstimateResult
        As given.
    ax_, figure_ : matplotlib artists
        Once ``plot`` was called.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sknnreg.model_selection import ErrorEstimateDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = ErrorEstimateDisplay.from_estimator(GaussianNB(), X, y, cv=10)
    >>> list(display.results)
    ['GaussianNB, corrected']
    """

    def __init__(self, results: Mapping[str, ErrorEstimateResult]) -> None:
        self.results = dict(results)
        wrong = [
            each for each in self.results.values() if not isinstance(each, ErrorEstimateResult)
        ]
        if wrong or not self.results:
            raise TypeError(
                "results must be what estimate_error gave, or a dict of such results by name, got "
                f"{wrong[0] if wrong else self.results!r}."
            )
        measures = sorted({each.measure for each in self.results.values()})
        if len(measures) > 1:
            raise ValueError(
                f"results must be of one measure to share an axis, got {', '.join(measures)}."
            )

    @classmethod
    def from_results(
        cls, results: ErrorEstimateResult | Mapping[str, ErrorEstimateResult]
    ) -> ErrorEstimateDisplay:
        """Of one estimate, or of several by name.

        Parameters
        ----------
        results : ErrorEstimateResult, or dict of str to ErrorEstimateResult
            What :func:`estimate_error` gave.

        Returns
        -------
        display : ErrorEstimateDisplay
        """
        if isinstance(results, ErrorEstimateResult):
            results = {f"{results.estimator}, {results.method}": results}
        return cls(results if isinstance(results, Mapping) else {"results": results})

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, **options: Any) -> ErrorEstimateDisplay:
        """Estimate an error; parameters are those of :func:`estimate_error`.

        Parameters
        ----------
        estimator : object
            Any estimator of scikit-learn.
        X, y : array-like
            Rows and targets.
        **options : object
            Of :func:`estimate_error`.

        Returns
        -------
        display : ErrorEstimateDisplay
        """
        return cls.from_results(estimate_error(estimator, X, y, **options))

    def plot(self, ax: Any = None) -> ErrorEstimateDisplay:
        """Draw each estimate in a row: dots are splits, the diamond the training error.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ErrorEstimateDisplay
            This one, with ``ax_`` and ``figure_``.
        """
        n_rows = len(self.results)
        if ax is None:
            ax = new_axes(1, figsize=(7, 1.6 + 0.7 * n_rows))
        self.ax_, self.figure_ = ax, ax.figure
        for place, result in enumerate(self.results.values()):
            self._plot_row(place, result, labelled=place == 0)
        ax.set_yticks(range(n_rows), list(self.results))
        # Room for the legend below the last row.
        ax.set_ylim(n_rows - 0.5, -0.5)
        ax.set_xlabel(next(iter(self.results.values())).measure)
        ax.grid(axis="x", alpha=0.3)
        ax.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize="small"
        )
        return self

    def _plot_row(self, place: int, result: ErrorEstimateResult, *, labelled: bool) -> None:
        def label(text: str) -> str | None:
            return text if labelled else None

        errors = result.errors[:: -(-len(result.errors) // MOST_DOTS)]
        level = f"{100 * result.confidence_level:g}% interval"
        above = place - np.linspace(0.12, 0.32, 5)[np.arange(len(errors)) % 5]
        self.ax_.plot(errors, above, "o", color="0.6", ms=4, alpha=0.6, label=label("splits"))
        self.ax_.errorbar(
            result.estimate,
            place + 0.05,
            xerr=[[result.estimate - result.low], [result.high - result.estimate]],
            fmt="o",
            color="C0",
            ms=7,
            lw=2.5,
            capsize=5,
            label=label(level),
        )
        self.ax_.plot(
            result.train_error,
            place + 0.05,
            "D",
            mfc="white",
            color="C1",
            label=label("training error"),
        )
