"""What a nested cross-validation found, as numbers, a table and a data frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.spread import t_interval
from sknnreg.model_selection.fits.tables import between, frame, setting, short
from sknnreg.model_selection.nested.display import NestedCrossValidationDisplay

WIDTH, INDENT = 80, 38


@dataclass(frozen=True, eq=False)
class NestedCrossValidationResult:
    """The errors of a search in outer folds, what it chose, and the estimate without nesting.

    Attributes
    ----------
    measure : str
        What the errors are, such as "error rate".
    errors : ndarray of shape (n_folds,)
        The outer errors, of rows that the choice has not seen.
    inner_errors : ndarray of shape (n_folds,)
        What each fold's search itself says of its choice.
    best_params : list of dict
        What each fold's search chose.
    n_train, n_test : ndarray of shape (n_folds,)
        Rows of the outer parts.
    non_nested_error : float
        What the search says of its choice when it is fitted to all rows: the best of many.
    search : estimator
        The search fitted to all rows. It is what one would use, and what ``error`` judges.
    confidence_level : float
        Of ``interval``.
    error : float
        The mean outer error.
    interval : tuple of float
        Its corrected interval (Nadeau and Bengio 2003).
    optimism : float
        By how much the estimate without nesting is lower; by chance it may be below 0.
    most_frequent : dict
        Of each hyperparameter the value chosen by most folds, and the share of folds that chose it.
    stability : float
        The share of folds that made the most frequent choice of all hyperparameters together.
    """

    measure: str
    errors: Array
    inner_errors: Array
    best_params: list[dict[str, Any]]
    n_train: Array
    n_test: Array
    non_nested_error: float
    search: Any
    confidence_level: float

    @property
    def error(self) -> float:
        """The mean outer error."""
        return float(self.errors.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The corrected interval of the mean outer error."""
        ratio = float((self.n_test / self.n_train).mean())
        found = t_interval(self.errors, ratio, self.confidence_level)
        return found.low, found.high

    @property
    def optimism(self) -> float:
        """By how much the estimate without nesting is lower."""
        return self.error - self.non_nested_error

    @property
    def most_frequent(self) -> dict[str, tuple[Any, float]]:
        """Of each hyperparameter the value that most folds chose, and their share."""
        # In the order of their names; folds of a list of grids need not have the same ones.
        names = sorted({name for chosen in self.best_params for name in chosen})
        return {name: self._most_frequent(name) for name in names}

    @property
    def stability(self) -> float:
        """The share of folds that made the most frequent choice."""
        wholes = [
            repr(sorted(chosen.items(), key=lambda pair: pair[0])) for chosen in self.best_params
        ]
        return Counter(wholes).most_common(1)[0][1] / len(wholes)

    def _most_frequent(self, name: str) -> tuple[Any, float]:
        # Values may be lists or estimators: what reads alike is alike.
        values = {repr(each[name]): each[name] for each in self.best_params if name in each}
        counts = Counter(repr(each[name]) for each in self.best_params if name in each)
        text, count = counts.most_common(1)[0]
        return values[text], count / len(self.best_params)

    def __str__(self) -> str:
        low, high = self.interval
        return "\n".join(
            [
                f"Nested cross-validation: {self.measure} in {len(self.errors)} outer folds",
                "",
                f"{'fold':>4}{'error':>16}{'inner error':>14}    chosen inside",
                *self._lines_of_folds(),
                "",
                f"{'nested':10}{short(self.error):>10}    "
                f"{100 * self.confidence_level:g}% interval {between(low, high)}",
                f"{'non-nested':10}{short(self.non_nested_error):>10}    optimism "
                f"{short(self.optimism)}",
                "",
                f"{'most frequent choice':44}{'share of folds':>16}",
                *self._lines_of_choices(),
            ]
        )

    def _lines_of_folds(self) -> list[str]:
        lines = []
        columns = zip(self.errors, self.inner_errors, self.best_params, strict=True)
        for fold, (error, inner, chosen) in enumerate(columns, 1):
            told = ", ".join(f"{_last(name)}={setting(value)}" for name, value in chosen.items())
            first, *others = wrap(told, WIDTH - INDENT) or [""]
            lines.append(f"{fold:4}{short(error):>16}{short(inner):>14}    {first}".rstrip())
            lines += [" " * INDENT + each for each in others]
        return lines

    def _lines_of_choices(self) -> list[str]:
        lines = [
            f"{f'{_last(name)}={setting(value)}'[:43]:44}{share:16.0%}"
            for name, (value, share) in self.most_frequent.items()
        ]
        return [*lines, f"{'all together':44}{self.stability:16.0%}"]

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each outer fold.

        Returns
        -------
        frame : DataFrame
            Columns ``error``, ``inner_error``, ``n_train``, ``n_test`` and one for each
            hyperparameter, ``param_`` and its name.
        """
        columns: dict[str, Any] = {
            "error": self.errors,
            "inner_error": self.inner_errors,
            "n_train": self.n_train,
            "n_test": self.n_test,
        }
        for name in self.most_frequent:
            columns[f"param_{name}"] = [chosen.get(name) for chosen in self.best_params]
        return frame(columns, range(1, len(self.errors) + 1)).rename_axis("fold")

    def plot(self, ax: Any = None) -> NestedCrossValidationDisplay:
        """Draw the folds' errors, their mean with its interval, and the estimate without nesting.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : NestedCrossValidationDisplay
            With ``ax_`` and ``figure_``.
        """
        return NestedCrossValidationDisplay.from_results(self).plot(ax)


def _last(name: str) -> str:
    return name.rpartition("__")[2]
