"""What compare_estimators found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.comparison.paired_tests import Verdict, holm
from sknnreg.model_selection.fits.tables import aligned, between, frame, probability, short

if TYPE_CHECKING:
    from sknnreg.model_selection.comparison.display import ComparisonDisplay

SAID = {
    "corrected_t": "corrected t-test",
    "5x2cv_f": "combined 5x2cv F test",
    "bayesian": "Bayesian correlated t-test",
}


@dataclass(frozen=True, eq=False)
class ComparisonResult:
    """Errors on the same splits and what a test says; made by :func:`compare_estimators`.

    Attributes
    ----------
    names : tuple of str
        The estimators' names.
    measure, test : str
        The error, and the test of its differences.
    confidence_level, rope : float
        Of the intervals; the region of practical equivalence.
    errors : ndarray of shape (n_estimators, k)
        On each split's test rows; of "5x2cv_f", two folds of each of five repetitions.
    pairs : list of (int, int)
        Which estimators make each pair.
    differences : ndarray of shape (n_pairs, k)
        Error of the first less that of the second: below 0 where the first is better.
    means, low, high : ndarray of shape (n_pairs,)
        The mean differences and each pair's interval.
    statistics, p_values, adjusted_p_values : ndarray of shape (n_pairs,) or None
        Of "corrected_t" and "5x2cv_f"; adjusted by Holm's method.
    probabilities : ndarray of shape (n_pairs, 3) or None
        Of "bayesian": that the first is better, that both are equivalent, that the second is
        better.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sknnreg.model_selection import compare_estimators
    >>> X, y = load_iris(return_X_y=True)
    >>> both = {"bayes": GaussianNB(), "neighbours": KNeighborsClassifier()}
    >>> result = compare_estimators(both, X, y, test="bayesian", rope=0.01, cv=10)
    >>> result.probabilities.round(2)
    array([[0.13, 0.3 , 0.57]])
    """

    names: tuple[str, ...]
    measure: str
    test: str
    confidence_level: float
    rope: float
    errors: Array
    pairs: list[tuple[int, int]]
    differences: Array
    means: Array
    low: Array
    high: Array
    statistics: Array | None
    p_values: Array | None
    adjusted_p_values: Array | None
    probabilities: Array | None

    @classmethod
    def of_verdicts(cls, verdicts: Sequence[Verdict], **fields: Any) -> ComparisonResult:
        """With what the test says of each pair.

        Parameters
        ----------
        verdicts : sequence of Verdict
            One of each pair.
        **fields : object
            All other attributes.

        Returns
        -------
        result : ComparisonResult
        """
        posterior = verdicts[0].probabilities is not None
        p_values = None if posterior else _column(verdicts, "p_value")
        intervals = [each.interval for each in verdicts]
        return cls(
            **fields,
            means=_column(intervals, "estimate"),
            low=_column(intervals, "low"),
            high=_column(intervals, "high"),
            statistics=None if posterior else _column(verdicts, "statistic"),
            p_values=p_values,
            adjusted_p_values=None if p_values is None else holm(p_values),
            probabilities=_column(verdicts, "probabilities") if posterior else None,
        )

    @property
    def labels(self) -> list[str]:
        """Each pair, as "first - second"."""
        return [f"{self.names[a]} - {self.names[b]}" for a, b in self.pairs]

    def __str__(self) -> str:
        """Two tables."""
        n_splits = self.errors.shape[1]
        title = f"{self.measure[:1].upper()}{self.measure[1:]}, {n_splits} splits"
        rows = zip(self.names, self.errors.mean(axis=1), self.errors.std(axis=1), strict=True)
        header = ["", "mean", "standard deviation"]
        errors = aligned(header, [[name, short(mean), short(std)] for name, mean, std in rows])
        level = f"{100 * self.confidence_level:g}% interval"
        header = ["first - second", "difference", level, *self._test_columns]
        verdicts = [
            [label, short(mean), between(low, high), *[probability(value[at]) for value in told]]
            for told in [list(self._test_columns.values())]
            for at, (label, mean, low, high) in enumerate(
                zip(self.labels, self.means, self.low, self.high, strict=True)
            )
        ]
        rope = f", practically equivalent within {short(self.rope)}" if self.rope else ""
        return f"{title}\n\n{errors}\n\n{SAID[self.test]}{rope}\n\n{aligned(header, verdicts)}"

    @property
    def _test_columns(self) -> dict[str, Array]:
        """What the test says of each pair, by heading."""
        if self.probabilities is not None:
            told = ("P(first)", "P(equal)", "P(second)")
            columns = dict(zip(told, self.probabilities.T, strict=True))
            return columns if self.rope else {name: columns[name] for name in told[::2]}
        assert self.p_values is not None
        assert self.adjusted_p_values is not None
        several = {"p (Holm)": self.adjusted_p_values} if len(self.pairs) > 1 else {}
        return {"p": self.p_values} | several

    def to_frame(self) -> Any:
        """A row for each pair: names, difference, interval, and what the test says.

        Returns
        -------
        frame : pandas.DataFrame
            Needs pandas.
        """
        columns: dict[str, Any] = {
            "first": [self.names[a] for a, _ in self.pairs],
            "second": [self.names[b] for _, b in self.pairs],
            "difference": self.means,
            "low": self.low,
            "high": self.high,
        }
        if self.probabilities is not None:
            told = ("p_first_better", "p_equivalent", "p_second_better")
            return frame(columns | dict(zip(told, self.probabilities.T, strict=True)))
        names = ("statistic", "p_value", "adjusted_p_value")
        values = (self.statistics, self.p_values, self.adjusted_p_values)
        return frame(columns | dict(zip(names, values, strict=True)))

    def plot(self, ax: Any = None) -> ComparisonDisplay:
        """Draw each pair's differences with their interval.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ComparisonDisplay
            With ``ax_`` and ``figure_``.
        """
        from sknnreg.model_selection.comparison.display import ComparisonDisplay

        return ComparisonDisplay.from_results(self).plot(ax)


def _column(rows: Sequence[Any], name: str) -> Array:
    return np.array([getattr(each, name) for each in rows], dtype=float)
