"""Differences between estimators with their intervals, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from sknnreg.inspection.axes import new_axes
from sknnreg.model_selection.comparison.comparing import compare_estimators
from sknnreg.model_selection.comparison.result import ComparisonResult
from sknnreg.model_selection.fits.tables import probability


class ComparisonDisplay:
    """Each pair's differences over the splits with their interval, and what the test says.

    Use :meth:`from_results` or :meth:`from_estimator` to make one.

    Parameters
    ----------
    result : ComparisonResult
        What :func:`compare_estimators` gave.

    Attributes
    ----------
    result : ComparisonResult
        As given.
    ax_, figure_ : matplotlib artists
        Once ``plot`` was called.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sknnreg.model_selection import ComparisonDisplay
    >>> both = {"bayes": GaussianNB(), "neighbours": KNeighborsClassifier()}
    >>> display = ComparisonDisplay.from_estimator(both, *load_iris(return_X_y=True))
    >>> display.result.labels
    ['bayes - neighbours']
    """

    def __init__(self, result: ComparisonResult) -> None:
        if not isinstance(result, ComparisonResult):
            raise TypeError(f"result must be what compare_estimators gave, got {result!r}.")
        self.result = result

    @classmethod
    def from_results(cls, results: ComparisonResult) -> ComparisonDisplay:
        """Of a comparison.

        Parameters
        ----------
        results : ComparisonResult
            What :func:`compare_estimators` gave.

        Returns
        -------
        display : ComparisonDisplay
        """
        return cls(results)

    @classmethod
    def from_estimator(cls, estimators: Any, X: Any, y: Any, **options: Any) -> ComparisonDisplay:
        """Compare estimators; parameters are those of :func:`compare_estimators`.

        Parameters
        ----------
        estimators : dict of str to estimator, or list of (str, estimator)
            Two or more.
        X, y : array-like
            Rows and targets.
        **options : object
            Of :func:`compare_estimators`.

        Returns
        -------
        display : ComparisonDisplay
        """
        return cls(compare_estimators(estimators, X, y, **options))

    def plot(self, ax: Any = None) -> ComparisonDisplay:
        """Draw each pair in a row; to the left of 0 the first is better.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ComparisonDisplay
            This one, with ``ax_`` and ``figure_``.
        """
        result, n_pairs = self.result, len(self.result.pairs)
        if ax is None:
            ax = new_axes(1, figsize=(8, 1.8 + 0.7 * n_pairs))
        self.ax_, self.figure_ = ax, ax.figure
        ax.axvline(0, color="0.3", lw=1)
        if result.rope:
            ax.axvspan(-result.rope, result.rope, color="C2", alpha=0.15, lw=0, label="equivalent")
        self._plot_differences()
        ax.set_yticks(range(n_pairs), result.labels)
        ax.set_ylim(n_pairs - 0.5, -0.6)
        ax.set_xlabel(f"difference in {result.measure}: first better < 0 < second better")
        ax.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize="small"
        )
        return self

    def _plot_differences(self) -> None:
        result, ax = self.result, self.ax_
        places = np.arange(len(result.pairs))
        above = 0.12 + 0.04 * (np.arange(result.differences.shape[1]) % 5)
        heights = places[:, None] - above
        ax.plot(
            result.differences.ravel(),
            heights.ravel(),
            "o",
            color="0.6",
            ms=4,
            alpha=0.6,
            label="splits",
        )
        level = f"{100 * result.confidence_level:g}% interval"
        ax.errorbar(
            result.means,
            places + 0.05,
            xerr=[result.means - result.low, result.high - result.means],
            fmt="o",
            color="C0",
            ms=7,
            lw=2.5,
            capsize=5,
            label=level,
        )
        for place, (mean, told) in enumerate(zip(result.means, self._told(), strict=True)):
            behind = {"facecolor": "white", "alpha": 0.8, "lw": 0, "pad": 1}
            ax.text(mean, place + 0.2, told, ha="center", va="top", fontsize="small", bbox=behind)

    def _told(self) -> list[str]:
        """What the test says of each pair."""
        result = self.result
        if result.probabilities is not None:
            return [
                f"P(first) {first:.2f}, {f'P(equivalent) {rope:.2f}, ' if result.rope else ''}"
                f"P(second) {second:.2f}"
                for first, rope, second in result.probabilities
            ]
        several, adjusted = len(result.pairs) > 1, result.adjusted_p_values
        assert adjusted is not None
        return [f"p {probability(p)}{' (Holm)' if several else ''}" for p in adjusted]
