"""The learning-rate range test: one sweep over all step sizes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone

from sknnreg.engine.batches import DataSet
from sknnreg.engine.problem import Problem
from sknnreg.engine.schedules import Custom
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import spawn
from sknnreg.engine.training import losses_by_update
from sknnreg.estimators.base import training_plan
from sknnreg.inspection.axes import new_axes
from sknnreg.inspection.networks import check_network

# Nothing that acts on the course of training has a say in a sweep.
_PLAIN = {
    "learning_rate": "constant",
    "learning_rate_warmup": 0,
    "early_stopping": False,
    "early_stopping_refit": None,
    "weight_averaging": None,
    "n_snapshots": 1,
    "warm_start": False,
}
# The loss turns where steps get too long for the steepest direction. That point depends less on the
# length of the sweep than where the loss falls most; a training wants shorter steps than that.
SHARE_OF_TURN = 1 / 10


def learning_rate_range_test(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    min_learning_rate: float = 1e-6,
    max_learning_rate: float = 10.0,
    n_updates: int = 300,
    n_repeats: int = 10,
    smoothing: float = 0.1,
) -> LearningRateRangeDisplay:
    r"""Train for a few batches with an ever larger step size, and see what the loss does.

    At update :math:`t = 0, 1, \dots, n - 1` the step size is

    .. math:: a_t = a_\text{min} (a_\text{max} / a_\text{min})^{t / (n - 1)}.

    First the loss stays where it is, then it falls, flattens, and explodes. Several copies of the
    network from different starts train side by side, in one stack. Their median loss is smoothed
    over neighbouring step sizes.

    Parameters
    ----------
    estimator : MLPRegularizedClassifier or MLPRegularizedRegressor
        Its hyperparameters are used, regularisers and ``batch_size`` included; its
        ``learning_rate``, ``early_stopping`` and the like are not. It need not be fitted and is not
        changed.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Inputs. If there are more rows than the sweep needs, it draws as many as it needs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights.
    min_learning_rate, max_learning_rate : float, default=1e-6, 10.0
        The ends of the sweep, greater than 0.
    n_updates : int, default=300
        Number of updates, each on a batch of its own; at least 10.
    n_repeats : int, default=10
        Number of networks.
    smoothing : float, default=0.1
        Standard deviation, at least 0, of the Gaussian that smooths the loss, in powers of ten of
        the step size.

    Returns
    -------
    display : LearningRateRangeDisplay
        The curve, with suggestions: ``learning_rate_init`` for a constant step size or one that
        falls, and ``learning_rate_min`` and ``learning_rate_max`` as bounds of a cycle.

    Raises
    ------
    ValueError
        For unusable data or hyperparameters, as ``fit`` does; for ``solver="lbfgs"``, which finds
        its own step sizes; if the loss falls nowhere.
    TypeError
        For any other estimator.

    See Also
    --------
    TrainingCurveDisplay : How training went.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import learning_rate_range_test
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPRegularizedClassifier((50,), batch_size=50, random_state=0)
    >>> sweep = learning_rate_range_test(model, X, y)
    >>> bool(1e-4 < sweep.learning_rate_init < 1e-2)
    True
    >>> model = model.set_params(learning_rate_init=sweep.learning_rate_init)

    Cycles between the bounds:

    >>> model = model.set_params(
    ...     learning_rate="cyclic",
    ...     learning_rate_min=sweep.learning_rate_min,
    ...     learning_rate_init=sweep.learning_rate_max,
    ... )
    """
    check_network(estimator, "learning_rate_range_test")
    _check(estimator, min_learning_rate, max_learning_rate, n_updates, n_repeats, smoothing)
    ratio = max_learning_rate / min_learning_rate
    problem = _problem(estimator, (X, y, sample_weight), n_updates)
    recipe = replace(
        problem.recipe,
        schedule=Custom(lambda t: ratio ** (t / (n_updates - 1))),
        learning_rate=float(min_learning_rate),
        max_iter=n_updates,
    )
    seeds = spawn(problem.seed, "range test").integers(np.iinfo(np.int32).max, size=n_repeats)
    copies = [replace(problem, recipe=recipe, seed=int(seed)) for seed in seeds]
    losses, rates = losses_by_update(copies, n_updates)
    return LearningRateRangeDisplay(rates, losses, smoothing * n_updates / np.log10(ratio))


def _check(
    estimator: Any,
    smallest: float,
    largest: float,
    n_updates: int,
    n_repeats: int,
    smoothing: float,
) -> None:
    if estimator.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' finds its own step sizes: there is none to test. Use solver='sgd', "
            "'rmsprop', 'adam' or 'amsgrad'."
        )
    if not 0 < smallest < largest < np.inf:
        raise ValueError(
            f"min_learning_rate={smallest!r} must be above 0 and below "
            f"max_learning_rate={largest!r}, which must be finite."
        )
    if n_updates < 10 or n_repeats < 1 or not 0 <= smoothing < np.inf:
        raise ValueError(
            "n_updates must be at least 10, n_repeats at least 1 and smoothing at least 0, got "
            f"n_updates={n_updates!r}, n_repeats={n_repeats!r} and smoothing={smoothing!r}."
        )


def _problem(estimator: Any, given: tuple[Any, Any, Any], n_updates: int) -> Problem:
    """What to train on, with no more rows than the sweep meets."""
    plan = training_plan(clone(estimator).set_params(**_PLAIN), *given)
    problem = plan.prepared.problem(plan.recipe)
    n_needed = n_updates * plan.recipe.batch_size
    if len(problem.train) <= n_needed:
        return problem
    rows = spawn(problem.seed, "range test rows").permutation(len(problem.train))[:n_needed]
    raw = None if problem.raw is None else _take(problem.raw, rows)
    return replace(problem, train=_take(problem.train, rows), raw=raw)


def _take(data: DataSet, rows: Array) -> DataSet:
    weight = None if data.weight is None else data.weight[rows]
    return DataSet(data.x.take(rows), data.y.take(rows), weight)


@dataclass
class LearningRateRangeDisplay:
    """Loss against step size, as :func:`learning_rate_range_test` found it, with suggestions.

    Parameters
    ----------
    learning_rates : ndarray of shape (n_updates,)
        The step sizes, rising.
    losses : ndarray of shape (n_repeats, n_updates)
        The objective of each network at each update.
    width : float, default=0.0
        Standard deviation of the Gaussian that smooths the median loss, in updates.

    Attributes
    ----------
    smoothed_loss : ndarray of shape (n_updates,)
        The median over networks, smoothed. What is above twice the loss at the start, or not
        finite, counts as twice that loss.
    learning_rate_init : float
        A step size to begin with: a tenth of the one at which the smoothed loss is lowest, where
        steps get too long. For hundreds of epochs less may be better.
    learning_rate_min, learning_rate_max : float
        Where the loss has come down by a tenth, and by nine tenths, of all that it falls: bounds
        for a cycle.
    ax_, figure_, lines_ : matplotlib artists
        Once ``plot`` was called.

    Raises
    ------
    ValueError
        If the loss falls nowhere.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.inspection import LearningRateRangeDisplay
    >>> rates = np.logspace(-5, 1, 61)
    >>> loss = 2 - np.exp(-((np.log10(rates) + 1) ** 2))
    >>> round(LearningRateRangeDisplay(rates, loss[None]).learning_rate_init, 6)
    0.01
    """

    learning_rates: Array
    losses: Array
    width: float = 0.0
    smoothed_loss: Array = field(init=False)
    learning_rate_init: float = field(init=False)
    learning_rate_min: float = field(init=False)
    learning_rate_max: float = field(init=False)

    def __post_init__(self) -> None:
        median = np.median(np.where(np.isfinite(self.losses), self.losses, np.inf), axis=0)
        start = float(median[: max(1, len(median) // 20)].mean())
        # What explodes says no more than that it does; nor may it leak into its neighbours.
        smoothed = np.minimum(median, start + abs(start))
        if self.width > 0:
            smoothed = gaussian_filter1d(smoothed, self.width, mode="nearest")
        turn = int(np.argmin(smoothed))
        fall = start - float(smoothed[turn])
        if not fall > 5 * _noise(median, self.width):
            raise ValueError(
                f"the loss falls nowhere between min_learning_rate={self.learning_rates[0]:g} and "
                f"max_learning_rate={self.learning_rates[-1]:g}. Widen the range, use more "
                "n_updates, or look at the data."
            )
        if turn == len(smoothed) - 1:
            warnings.warn(
                f"the loss still falls at max_learning_rate={self.learning_rates[-1]:g}: increase "
                "it to see where it turns.",
                UserWarning,
                stacklevel=4,
            )
        self.smoothed_loss = smoothed
        self.learning_rate_init = float(self.learning_rates[turn]) * SHARE_OF_TURN
        self.learning_rate_min = self._where(start - 0.1 * fall)
        self.learning_rate_max = self._where(start - 0.9 * fall)

    def _where(self, loss: float) -> float:
        """The first step size at which the smoothed loss is as low as that."""
        return float(self.learning_rates[np.argmax(self.smoothed_loss <= loss)])

    def plot(self, ax: Any = None) -> LearningRateRangeDisplay:
        """Draw the loss against the step size, and the suggestions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : LearningRateRangeDisplay
            This one, with ``ax_``, ``figure_`` and ``lines_``.
        """
        self.ax_ = ax = new_axes(1) if ax is None else ax
        self.figure_ = ax.figure
        median = np.median(self.losses, axis=0)
        self.lines_ = [
            *ax.plot(self.learning_rates, median, color="0.75", lw=1, label="median loss"),
            *ax.plot(self.learning_rates, self.smoothed_loss, color="C0", lw=2, label="smoothed"),
        ]
        low, high = self.learning_rate_min, self.learning_rate_max
        cycle = f"bounds of a cycle: {low:.2g} to {high:.2g}"
        ax.axvspan(low, high, color="C0", alpha=0.1, lw=0, label=cycle)
        init = self.learning_rate_init
        ax.axvline(init, color="C1", lw=2, label=f"learning_rate_init: {init:.2g}")
        lowest, highest = self.smoothed_loss.min(), self.smoothed_loss[0]
        room = 0.35 * (highest - lowest)
        ax.set(xscale="log", xlabel="step size", ylabel="objective of a batch")
        ax.set(ylim=(lowest - room, highest + room), xlim=self.learning_rates[[0, -1]])
        ax.legend(loc="lower left")
        return self


def _noise(median: Array, width: float) -> float:
    """About the standard deviation that the batches' luck leaves in the smoothed median."""
    steps = np.diff(median[np.isfinite(median)])
    # Half of the differences between neighbours are less than 0.67 standard deviations of theirs.
    single = float(np.median(np.abs(steps))) / 0.67 / np.sqrt(2)
    return single / np.sqrt(max(1.0, 2 * np.sqrt(np.pi) * width))
