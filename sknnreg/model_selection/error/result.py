"""What estimate_error found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.error.nested_moments import NestedMoments
from sknnreg.model_selection.fits.sample import Index
from sknnreg.model_selection.fits.tables import between, frame, short

if TYPE_CHECKING:
    from sknnreg.model_selection.error.display import ErrorEstimateDisplay

SAID = {
    "corrected": "training parts overlap: corrected",
    "nested_cv": "by nested cross-validation",
    "naive": "as if splits were independent",
}


@dataclass(frozen=True, eq=False)
class ErrorEstimateResult:
    """An error with its interval, and what it was made of; made by :func:`estimate_error`.

    Attributes
    ----------
    estimator, measure, method : str
        What was judged, by which error, with which interval.
    confidence_level : float
        Of the interval.
    errors : ndarray of shape (k,)
        Each split's error on its test rows; of "nested_cv", each fold's of each repetition.
    train_errors : ndarray of shape (k,)
        Each split's error on its own training rows.
    n_train, n_test : ndarray of shape (k,)
        The splits' numbers of rows.
    estimate : float
        What the interval is around: the mean of ``errors``; of "nested_cv", an error with its bias
        taken off.
    standard_error : float
        Of the estimate.
    low, high : float
        The interval's bounds.
    losses : ndarray of shape (n_repeats, n_folds, n_samples) or None
        Of "nested_cv": at (r, f, i) the loss of row i in repetition r, fitted without fold f and
        without the fold of row i, which may be the same.
    folds : ndarray of shape (n_repeats, n_samples) or None
        Of "nested_cv": each row's fold.
    moments : object or None
        Of "nested_cv": ``with_one_left_out`` and ``with_two_left_out``, the mean losses with one
        and two folds left out; ``bias``; ``squared_error``, which estimates that of
        cross-validation; ``naive_standard_error``.
    mean, variance : float
        Of ``errors``: E and s^2 = (1/k) sum (E_i - E)^2.
    train_error, optimism : float
        The mean of ``train_errors``, and by how much the errors' mean is above it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sknnreg.model_selection import estimate_error
    >>> result = estimate_error(GaussianNB(), *load_iris(return_X_y=True))
    >>> round(result.mean, 4), round(result.low, 4), round(result.high, 4)
    (0.0467, -0.0089, 0.1022)
    """

    estimator: str
    measure: str
    method: str
    confidence_level: float
    errors: Array
    train_errors: Array
    n_train: Index
    n_test: Index
    estimate: float
    standard_error: float
    low: float
    high: float
    losses: Array | None = None
    folds: Index | None = None
    moments: NestedMoments | None = None

    @property
    def mean(self) -> float:
        """E, the mean of the splits' errors."""
        return float(self.errors.mean())

    @property
    def variance(self) -> float:
        """s^2 = (1/k) sum (E_i - E)^2."""
        return float(self.errors.var())

    @property
    def train_error(self) -> float:
        """The mean of the training errors."""
        return float(self.train_errors.mean())

    @property
    def optimism(self) -> float:
        """By how much the mean error on test rows is above the training error."""
        return self.mean - self.train_error

    def __str__(self) -> str:
        """A table."""
        rows = [
            ("error of the splits", short(self.mean), f"standard deviation {self._deviation}"),
            ("training error", short(self.train_error), ""),
            ("optimism", short(self.optimism), ""),
        ]
        if self.moments is not None:
            said = "smaller training parts: corrected"
            rows.append(("error, all rows", short(self.estimate), said))
        level = f"{100 * self.confidence_level:g}% interval"
        rows.append((level, between(self.low, self.high), SAID[self.method]))
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        lines = [f"{a:{widths[0]}}   {b:>{widths[1]}}   {c}".rstrip() for a, b, c in rows]
        return "\n".join([self._heading, "", *lines])

    @property
    def _deviation(self) -> str:
        return short(self.variance**0.5)

    @property
    def _heading(self) -> str:
        what = f"{self.measure[:1].upper()}{self.measure[1:]} of {self.estimator}"
        if self.folds is None:
            return f"{what}, {len(self.errors)} splits"
        n_repeats = len(self.folds)
        times = "1 repetition" if n_repeats == 1 else f"{n_repeats} repetitions"
        return f"{what}, {times} of {len(self.errors) // n_repeats} folds"

    def to_frame(self) -> Any:
        """A row for each split: ``error``, ``train_error``, ``n_train``, ``n_test``.

        Returns
        -------
        frame : pandas.DataFrame
            Needs pandas.
        """
        names = {"error": self.errors, "train_error": self.train_errors}
        return frame(names | {"n_train": self.n_train, "n_test": self.n_test})

    def plot(self, ax: Any = None) -> ErrorEstimateDisplay:
        """Draw the errors, the training error and the interval.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : ErrorEstimateDisplay
            With ``ax_`` and ``figure_``.
        """
        from sknnreg.model_selection.error.display import ErrorEstimateDisplay

        return ErrorEstimateDisplay.from_results(self).plot(ax)
