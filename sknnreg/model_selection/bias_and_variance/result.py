"""What a decomposition found, as numbers, a table, a data frame and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.bias_and_variance.losses import LOSSES, Terms
from sknnreg.model_selection.fits.tables import frame, short


@dataclass(frozen=True, eq=False)
class BiasVarianceResult:
    """The loss of an estimator over training samples, and what it is made of.

    ``loss = bias + variance + noise`` exactly; with the squared loss, ``bias`` is the squared bias.
    Where ``noise`` is None it cannot be told from the bias, which contains it.

    Attributes
    ----------
    loss_name : {"squared", "zero_one", "log"}
        Which loss.
    losses, biases, variances : ndarray of shape (n_test,)
        By test row, means over the training samples.
    noises : ndarray of shape (n_test,) or None
        What no estimator can do without.
    unbiased_variances, biased_variances : ndarray of shape (n_test,) or None
        0-1 loss: what the variance costs where the main prediction is right, and what it saves
        where that is wrong. Their difference is the variance.
    main_predictions : ndarray of shape (n_test,), (n_test, n_outputs) or (n_test, n_classes)
        The mean prediction; the most frequent label; the classes' normalized geometric mean.
    n_rounds : int
        Number of training samples.
    n_train : int
        Rows of one, in the mean.
    sampling : {"bootstrap", "subsample"}
        How they were drawn.
    loss, bias, variance, noise, unbiased_variance, biased_variance : float or None
        Means over the test rows.
    """

    loss_name: str
    losses: Array
    biases: Array
    variances: Array
    noises: Array | None
    unbiased_variances: Array | None
    biased_variances: Array | None
    main_predictions: Array
    n_rounds: int
    n_train: int
    sampling: str

    @classmethod
    def of(
        cls, name: str, terms: Terms, main: Array, samples: list[Any], sampling: str
    ) -> BiasVarianceResult:
        """Of the terms of one loss."""
        return cls(
            name,
            terms.loss,
            terms.bias,
            terms.variance,
            terms.noise,
            terms.unbiased_variance,
            terms.biased_variance,
            main,
            len(samples),
            round(float(np.mean([len(each) for each in samples]))),
            sampling,
        )

    @property
    def loss(self) -> float:
        """The mean loss."""
        return float(self.losses.mean())

    @property
    def bias(self) -> float:
        """What an average of many networks would lose, the noise apart if it is known."""
        return float(self.biases.mean())

    @property
    def variance(self) -> float:
        """What differs by training sample."""
        return float(self.variances.mean())

    @property
    def noise(self) -> float | None:
        """What no estimator can do without, if it is known."""
        return _mean(self.noises)

    @property
    def unbiased_variance(self) -> float | None:
        """0-1 loss: the variance of rows whose main prediction is right."""
        return _mean(self.unbiased_variances)

    @property
    def biased_variance(self) -> float | None:
        """0-1 loss: what variance saves in rows whose main prediction is wrong."""
        return _mean(self.biased_variances)

    @property
    def terms(self) -> dict[str, float]:
        """What the loss is the sum of, by name as it is shown."""
        bias = "bias^2" if self.loss_name == "squared" else "bias"
        if self.noise is None:
            return {f"{bias} (with noise)": self.bias, "variance": self.variance}
        return {bias: self.bias, "variance": self.variance, "noise": self.noise}

    @property
    def title(self) -> str:
        """The loss in words."""
        return LOSSES[self.loss_name].title

    def __str__(self) -> str:
        drawn = "bootstrap" if self.sampling == "bootstrap" else "disjoint"
        lines = [
            f"Bias and variance of the {self.title} on {len(self.losses)} test rows:",
            f"{self.n_rounds} {drawn} training samples of {self.n_train} rows",
            "",
        ]
        for name, value in {**self.terms, "loss": self.loss}.items():
            share = f"{value / self.loss:12.0%}" if self.loss else ""
            lines.append(f"{name:24}{short(value):>12}{share}")
            if name == "variance" and self.unbiased_variance is not None:
                lines.append(f"{'  of right rows, +':24}{short(self.unbiased_variance):>12}")
                lines.append(f"{'  of wrong rows, -':24}{short(self.biased_variance or 0.0):>12}")
        return "\n".join(lines)

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each test row.

        Returns
        -------
        frame : DataFrame
            Columns ``loss``, ``bias``, ``variance``, and those of ``noise``,
            ``unbiased_variance`` and ``biased_variance`` that there are.
        """
        columns = {
            "loss": self.losses,
            "bias": self.biases,
            "variance": self.variances,
            "noise": self.noises,
            "unbiased_variance": self.unbiased_variances,
            "biased_variance": self.biased_variances,
        }
        there = {name: values for name, values in columns.items() if values is not None}
        return frame(there).rename_axis("test row")

    def plot(self, ax: Any = None) -> Any:
        """Draw the terms as bars.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        display : BiasVarianceDisplay
            With ``ax_`` and ``figure_``.
        """
        # The display makes studies of its own, which make results.
        from sknnreg.model_selection.bias_and_variance.display import BiasVarianceDisplay

        return BiasVarianceDisplay.from_results([self]).plot(ax)


def _mean(values: Array | None) -> float | None:
    return None if values is None else float(values.mean())
