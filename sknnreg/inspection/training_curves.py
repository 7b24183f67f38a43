"""How training went: losses and step sizes over epochs, of one network or of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.inspection.axes import legend_beside, two_axes
from sknnreg.inspection.networks import networks_in

# As many networks can be told apart by colour; more share two colours.
MAX_COLOURS = 6


@dataclass(frozen=True)
class TrainingCurve:
    """One network's training, values by epoch."""

    name: str
    loss: list[float]
    validation_loss: list[float] | None
    learning_rate: list[float]
    best_epoch: int | None
    stop_reason: str
    # The objective in a refit, and how many epochs its network had behind it.
    refit_loss: list[float] | None = None
    refit_start: int = 0

    @classmethod
    def of(cls, network: BaseMLPRegularized, name: str) -> TrainingCurve:
        """As the fitted network remembers it."""
        check_is_fitted(network, "loss_curve_")
        goes_on = network.early_stopping_refit == "continue"
        return cls(
            name,
            network.loss_curve_,
            network.validation_loss_curve_,
            network.learning_rate_curve_,
            network.best_iteration_ if network.early_stopping else None,
            network.stop_reason_,
            network.refit_loss_curve_,
            network.best_iteration_ if goes_on else 0,
        )

    @property
    def ending(self) -> str:
        """How long it lasted and why it ended, for a legend."""
        told = f"{self.name}: " if self.name else ""
        best = f", best {self.best_epoch}" if self.best_epoch else ""
        return f"{told}{self.stop_reason}, epoch {len(self.loss)}{best}"


class TrainingCurveDisplay:
    """Training and validation loss, step size, best epoch and why training ended.

    Use :meth:`from_estimator`. A single network or a few have a colour each, training losses
    drawn through and validation losses dashed; more than six, such as all folds of a
    cross-validation, share one colour for training and one for validation. A dot marks the best
    epoch where early stopping kept it, and a dotted line is the objective in a refit. The legend
    stands beside the axes.

    Parameters
    ----------
    curves : list of TrainingCurve
        What to draw.

    Attributes
    ----------
    axes_ : list of two matplotlib Axes
        Of the losses and of the step sizes, once ``plot`` was called.
    figure_ : matplotlib Figure
        Their figure.
    lines_ : list of matplotlib Line2D
        The training losses, the validation losses, those of a refit and the step sizes, network by
        network.

    See Also
    --------
    learning_rate_range_test : Which step sizes to try.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_validate
    >>> from sknnreg import MLPRegularizedClassifier
    >>> from sknnreg.inspection import TrainingCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPRegularizedClassifier(
    ...     (20,), early_stopping=True, learning_rate_init=0.01, max_iter=500, random_state=0
    ... )
    >>> folds = cross_validate(model, X, y, cv=3, return_estimator=True)["estimator"]
    >>> display = TrainingCurveDisplay.from_estimator(folds)
    """

    def __init__(self, curves: list[TrainingCurve]) -> None:
        self.curves = curves

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, names: Iterable[str] | None = None, ax: Any = None
    ) -> TrainingCurveDisplay:
        """Draw how one or several fitted estimators were trained.

        Parameters
        ----------
        estimator : estimator, sequence or dict
            A fitted network; a pipeline that ends in one; a search, whose best network is shown;
            an ensemble of networks; a sequence of such, for instance all folds that
            ``cross_validate(..., return_estimator=True)["estimator"]`` gives; or a dict of such
            by name.
        names : iterable of str, default=None
            A name for each network; None numbers them, or takes the names of the dict.
        ax : matplotlib Axes or sequence of two, default=None
            Where to draw losses and step sizes. A single one gives the bounds in which two are
            made, one above the other; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no network, the number of names is another, or that of the axes.
        NotFittedError
            If a network is not fitted.
        """
        if isinstance(estimator, Mapping):
            found = {name: list(networks_in(each)) for name, each in estimator.items()}
            networks = [network for each in found.values() for network in each]
            given = [str(name) for name, each in found.items() for _ in each]
        else:
            networks = list(networks_in(estimator))
            given = [str(number) for number in range(len(networks))]
            given = given if len(networks) > 1 else [""]
        if not networks:
            raise ValueError(
                f"found no MLPRegularizedClassifier or MLPRegularizedRegressor in "
                f"{type(estimator).__name__}. Pass a fitted one, a pipeline that ends in one, a "
                "search with refit=True, or a sequence of these."
            )
        labels = given if names is None else list(names)
        if len(labels) != len(networks):
            raise ValueError(f"names has {len(labels)} entries for {len(networks)} networks.")
        pairs = zip(networks, labels, strict=True)
        return cls([TrainingCurve.of(network, name) for network, name in pairs]).plot(ax)

    def plot(self, ax: Any = None) -> TrainingCurveDisplay:
        """Draw losses above step sizes.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of two, default=None
            Where to draw, as in :meth:`from_estimator`.

        Returns
        -------
        display : TrainingCurveDisplay
            This one, with ``axes_``, ``figure_`` and ``lines_``.

        Raises
        ------
        ValueError
            If there are more than two axes.
        """
        self.axes_ = losses, rates = two_axes(ax, height_ratios=(3, 1))
        self.figure_ = losses.figure
        self.lines_: list[Any] = []
        few = len(self.curves) <= MAX_COLOURS
        for number, curve in enumerate(self.curves):
            colours = (f"C{number}",) * 3 if few else ("C0", "C1", "0.4")
            self._draw(curve, colours, width=1.5 if few else 0.8)
        legend_beside(self.axes_, self._legend(few))
        losses.set_ylabel("loss")
        rates.set(xlabel="epoch", ylabel="step size")
        rates.xaxis.get_major_locator().set_params(integer=True)
        for each in (losses, rates):
            if _spread(each.lines) > 10:
                each.set_yscale("log")
            else:
                each.set_ylim(bottom=min(0.0, each.get_ylim()[0]))
        return self

    def _draw(self, curve: TrainingCurve, colours: tuple[str, ...], width: float) -> None:
        """One network's lines."""
        losses, rates = self.axes_
        training, validation, rate = colours
        epochs = np.arange(1, len(curve.loss) + 1)
        self.lines_ += losses.plot(epochs, curve.loss, color=training, lw=width)
        shown = curve.loss
        if curve.validation_loss:
            shown = curve.validation_loss
            self.lines_ += losses.plot(epochs, shown, color=validation, lw=width, ls="--")
        if curve.refit_loss:
            later = curve.refit_start + np.arange(1, len(curve.refit_loss) + 1)
            self.lines_ += losses.plot(later, curve.refit_loss, color=training, lw=width, ls=":")
        if curve.best_epoch:
            best = curve.best_epoch
            losses.plot(best, shown[best - 1], "o", color=validation, ms=3.5 * width)
        self.lines_ += rates.plot(epochs, curve.learning_rate, color=rate, lw=width)

    def _legend(self, few: bool) -> list[Any]:
        """What lines mean, and how each network ended, or how many ended how."""
        from matplotlib.lines import Line2D

        validated = any(curve.validation_loss for curve in self.curves)
        roles = [("training", "-", "0.3" if few else "C0")]
        roles += [("validation", "--", "0.3" if few else "C1")] if validated else []
        refitted = any(curve.refit_loss for curve in self.curves)
        roles += [("refit", ":", "0.3" if few else "C0")] if refitted else []
        handles = [Line2D([], [], color=c, ls=style, label=name) for name, style, c in roles]
        if any(curve.best_epoch for curve in self.curves):
            colour = "0.3" if few else "C1"
            handles.append(Line2D([], [], color=colour, marker="o", ls="", ms=5, label="best"))
        if few:
            endings = [(curve.ending, f"C{n}") for n, curve in enumerate(self.curves)]
            return handles + [Line2D([], [], color=c, label=text) for text, c in endings]
        reasons = Counter(curve.stop_reason for curve in self.curves)
        counted = [f"{n} ended by {reason}" for reason, n in reasons.most_common()]
        return handles + [Line2D([], [], ls="", label=text) for text in counted]


def _spread(lines: Iterable[Any]) -> float:
    """The largest number drawn over the smallest, if all are above 0."""
    drawn = np.concatenate([line.get_ydata() for line in lines])
    # Epochs without validation rows are nan.
    lowest, highest = float(np.nanmin(drawn)), float(np.nanmax(drawn))
    return highest / lowest if lowest > 0 else 1.0
