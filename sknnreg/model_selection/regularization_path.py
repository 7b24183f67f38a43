"""Training and validation error along one hyperparameter, all networks in one stack."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import clone

from sknnreg.engine.arrays.stack import Array
from sknnreg.inspection.axes import new_axes
from sknnreg.model_selection.fits.train_and_test import TrainAndTest


class RegularizationPathDisplay:
    """Training and validation error along a hyperparameter.

    Use :meth:`from_estimator`. Lines are means over splits, bands reach from the least to the
    largest error of a split, and a dot marks the value with the lowest mean validation error. Where
    the two lines run together and are high, there is bias; where they part, there is variance.

    Parameters
    ----------
    param_name : str
        The hyperparameter.
    param_range : sequence of length n_values
        Its values.
    train_errors, validation_errors : ndarray of shape (n_values, n_splits)
        The errors.
    error_name : str, default="error"
        What they are.

    Attributes
    ----------
    best_index_ : int
        The place of the lowest mean validation error; of equals the first.
    best_value_ : object
        The value there. Chosen among many, its error is optimistic: nested cross-validation tells
        by how much.
    ax_, figure_, lines_ : matplotlib artists
        Once ``plot`` was called; the lines of training and of validation.

    See Also
    --------
    diagnose_estimator : Which of the two gaps to work on.
    sklearn.model_selection.ValidationCurveDisplay : Scores, one fit after the other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.model_selection import RegularizationPathDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPRegularizedClassifier((20,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> path = RegularizationPathDisplay.from_estimator(
    ...     model, X, y, param_name="l2", param_range=[0, 0.01, 0.1, 1, 10], cv=3
    ... )
    >>> path.validation_errors.shape
    (5, 3)
    """

    def __init__(
        self,
        param_name: str,
        param_range: Iterable[Any],
        train_errors: Array,
        validation_errors: Array,
        error_name: str = "error",
    ) -> None:
        self.param_name = param_name
        self.param_range = list(param_range)
        self.train_errors = train_errors
        self.validation_errors = validation_errors
        self.error_name = error_name
        self.best_index_ = int(np.argmin(np.mean(validation_errors, axis=1)))
        self.best_value_ = self.param_range[self.best_index_]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        param_name: str,
        param_range: Iterable[Any],
        cv: Any = None,
        scoring: Any = None,
        groups: Any = None,
        params: dict[str, Any] | None = None,
        n_jobs: int | None = None,
        callbacks: Any = None,
        ax: Any = None,
    ) -> RegularizationPathDisplay:
        """Fit an estimator with each value on each split, and draw both errors.

        Networks of this package train in one pass, as in ``fit_together()``, also within a pipeline
        or another meta-estimator.

        Parameters
        ----------
        estimator : estimator
            Any classifier or regressor of scikit-learn's kind; not changed.
        X : array-like of shape (n_samples, n_features)
            Whatever the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        param_name : str
            The hyperparameter, under the name that ``set_params`` takes.
        param_range : iterable
            Its values, at least one.
        cv : int, splitter or iterable, default=None
            The splits, the same for each value; None is 5 folds.
        scoring : str or callable, default=None
            A scorer, whose error is drawn: minus the score for scorers of losses, 1 - score for
            others. None is the share of errors of a classifier, the mean squared error of a
            regressor.
        groups : array-like of shape (n_samples,), default=None
            For the splitter; under metadata routing they go into ``params``.
        params : dict, default=None
            Metadata, such as ``sample_weight``: for ``fit``, or as routed.
        n_jobs : int, default=None
            For joblib. None trains networks of this package in one pass.
        callbacks : callback or list of callbacks, default=None
            Callbacks of scikit-learn, such as ``sklearn.callback.ProgressBar()``.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : RegularizationPathDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such hyperparameter, no value, or an error that is not finite.
        """
        values = _checked_range(param_name, param_range)
        candidates = [
            clone(estimator).set_params(**{param_name: clone(v, safe=False)}) for v in values
        ]
        study = TrainAndTest.of(
            "RegularizationPathDisplay",
            estimator,
            X,
            y,
            cv=cv,
            scoring=scoring,
            groups=groups,
            params=params,
        )
        errors = study.errors(candidates, n_jobs=n_jobs, callbacks=callbacks)
        for each in errors:
            _check_finite(each, param_name, values)
        return cls(param_name, values, *errors, study.measure.name).plot(ax)

    def plot(self, ax: Any = None) -> RegularizationPathDisplay:
        """Draw both errors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : RegularizationPathDisplay
            This one, with ``ax_``, ``figure_`` and ``lines_``.
        """
        self.ax_ = ax = new_axes(1) if ax is None else ax
        self.figure_ = ax.figure
        places, ticks = _places(self.param_range)
        order = np.argsort(places, kind="stable")
        self.lines_ = []
        for name, errors, colour in (
            ("training", np.asarray(self.train_errors), "C0"),
            ("validation", np.asarray(self.validation_errors), "C1"),
        ):
            x, e = places[order], errors[order]
            self.lines_ += ax.plot(x, e.mean(axis=1), ".-", color=colour, label=name)
            ax.fill_between(x, e.min(axis=1), e.max(axis=1), color=colour, alpha=0.15, lw=0)
        best = self.best_index_
        lowest = float(np.mean(self.validation_errors[best]))
        label = f"lowest: {_short(self.best_value_)}"
        ax.plot(places[best], lowest, "o", ms=9, mfc="none", color="C1", label=label)
        if ticks is not None:
            ax.set_xticks(*ticks)
            ax.minorticks_off()
        ax.set(xlabel=self.param_name, ylabel=self.error_name)
        ax.legend()
        return self


def _checked_range(name: str, values: Any) -> list[Any]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(
            f"param_range must be a list of values of {name}, such as [{values!r}], got {values!r}."
        )
    listed: list[Any] = list(values)
    if not listed:
        raise ValueError("param_range must have at least one value, got none.")
    return listed


def _places(values: list[Any]) -> tuple[Array, tuple[list[float], list[str]] | None]:
    """Where values stand on the axis, and the ticks, if these are not the axis' own.

    Numbers over more than a power of ten stand by their logarithms, 0 to their left; what is no
    number stands in the order given.
    """
    numeric = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    if not numeric or len(set(values)) < len(values):
        places = np.arange(len(values), dtype=np.float64)
        return places, (places.tolist(), [_short(v) for v in values])
    numbers = np.array(values, dtype=np.float64)
    positive = numbers[numbers > 0]
    if len(positive) < 2 or (numbers < 0).any() or positive.max() <= 10 * positive.min():
        return numbers, None
    logs = np.log10(np.sort(positive))
    zero = logs[0] - max(0.5, float(np.median(np.diff(logs))))
    places = np.array([np.log10(v) if v > 0 else zero for v in numbers])
    whole = [float(p) for p in range(int(np.ceil(logs[0])), int(np.floor(logs[-1])) + 1)]
    ticks = [*([zero] if (numbers == 0).any() else []), *whole]
    return places, (ticks, ["0" if t == zero else f"{10**t:g}" for t in ticks])


def _short(value: Any) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 20 else f"{text[:19]}…"


def _check_finite(errors: Array, name: str, values: list[Any]) -> None:
    bad = np.flatnonzero(~np.isfinite(errors).all(axis=1))
    if len(bad):
        raise ValueError(
            f"the error with {name}={values[bad[0]]!r} is not finite: leave this value out of "
            "param_range, or choose another scoring."
        )
