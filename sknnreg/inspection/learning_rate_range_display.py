"""What a learning-rate range test found: loss against step size, and suggestions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from sknnreg.engine.arrays.stack import Array
from sknnreg.inspection.axes import new_axes

# The loss turns where steps get too long for the steepest direction. That point depends less on the
# length of the sweep than where the loss falls most; a training wants shorter steps than that.
SHARE_OF_TURN = 1 / 10


@dataclass(eq=False)
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
        The median over networks, smoothed. What lies further above the loss at the start than this
        is above 0, or is not finite, counts as twice that loss.
    learning_rate_init : float
        A step size to begin with: a tenth of the one at which the smoothed loss is lowest, where
        steps get too long, but not above ``learning_rate_max``. For hundreds of epochs less may be
        better.
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
        self.smoothed_loss = smoothed
        self.learning_rate_min = self._where(start - 0.1 * fall)
        self.learning_rate_max = self._where(start - 0.9 * fall)
        tenth = float(self.learning_rates[turn]) * SHARE_OF_TURN
        self.learning_rate_init = min(tenth, self.learning_rate_max)
        if self.learning_rate_min == self.learning_rates[0]:
            _warn("falls from", "min", self.learning_rates[0], "decrease it to see where it begins")
        if turn == len(smoothed) - 1:
            _warn("still falls at", "max", self.learning_rates[-1], "increase it to see the turn")

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
    return float(single / np.sqrt(max(1.0, 2 * np.sqrt(np.pi) * width)))


def _warn(what: str, end: str, rate: float, advice: str) -> None:
    # To who called the test.
    message = f"the loss {what} {end}_learning_rate={rate:g}: {advice}."
    warnings.warn(message, UserWarning, stacklevel=5)
