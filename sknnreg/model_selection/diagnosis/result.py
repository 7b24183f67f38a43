"""What a diagnosis says, in numbers and in words."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, NamedTuple

from sknnreg.engine.arrays.stack import Array
from sknnreg.model_selection.fits.tables import frame

_WIDTH = 79
_WORDS = {
    (False, False): "Both gaps are low. What is left is near the baseline.",
    (True, False): (
        "High bias: the training rows themselves are not fitted as well as they could be. More "
        "rows would not help."
    ),
    (False, True): (
        "High variance: what was learned from the training rows does not carry over to others. A "
        "larger model would not help."
    ),
    (True, True): (
        "High bias and high variance: the training rows are not fitted well enough, and others "
        "less well still. Bias first: what to do about variance depends on the model."
    ),
}
_NO_BASELINE = (
    "This is against an error of 0. If the target is noisy, give the error that cannot be avoided "
    "as baseline_error."
)


class Suggestion(NamedTuple):
    """What to try next: a hyperparameter with its present and proposed value, and why.

    Where ``parameter`` is None, it is a text alone, ``why``.
    """

    parameter: str | None
    present: Any
    proposed: Any
    why: str

    def __str__(self) -> str:
        if self.parameter is None:
            return self.why
        return f"{self.parameter}: {self.present!r} -> {self.proposed!r}; {self.why}"


@dataclass(frozen=True, eq=False)
class DiagnosisResult:
    """Avoidable bias and variance, as :func:`diagnose` and :func:`diagnose_estimator` find them.

    Attributes
    ----------
    train_error, validation_error, baseline_error : float
        The errors; of several splits their means.
    avoidable_bias : float
        ``train_error - baseline_error``; below 0 where training does better than the baseline.
    variance : float
        ``validation_error - train_error``, in the sense of this diagnosis: not that of the bias and
        variance decomposition.
    tolerance : float
        A gap above it is high.
    high_bias, high_variance : bool
        Whether the gaps are.
    suggestions : tuple of Suggestion
        What to try, ``(parameter, present, proposed, why)``, best tried one at a time.
    error_name : str
        What the errors are.
    train_errors, validation_errors : ndarray of shape (n_splits,)
        By split.
    """

    train_error: float
    validation_error: float
    baseline_error: float
    tolerance: float
    suggestions: tuple[Suggestion, ...]
    error_name: str
    train_errors: Array
    validation_errors: Array

    @property
    def avoidable_bias(self) -> float:
        """From the baseline to the training error."""
        return self.train_error - self.baseline_error

    @property
    def variance(self) -> float:
        """From the training to the validation error."""
        return self.validation_error - self.train_error

    @property
    def high_bias(self) -> bool:
        """Whether the training error is too far above the baseline."""
        return self.avoidable_bias > self.tolerance

    @property
    def high_variance(self) -> bool:
        """Whether the validation error is too far above the training error."""
        return self.variance > self.tolerance

    @property
    def proposed_params(self) -> dict[str, Any]:
        """The proposed values by name, for ``set_params``, one or all."""
        named = [each for each in self.suggestions if each.parameter is not None]
        return {str(each.parameter): each.proposed for each in named}

    def to_frame(self) -> Any:
        """The errors and gaps as a pandas DataFrame, a row for each.

        Returns
        -------
        frame : pandas.DataFrame
            With the columns "value" and "high", which is None for errors.

        Raises
        ------
        ImportError
            If pandas is not there.
        """
        rows: dict[str, tuple[float, bool | None]] = {
            "baseline error": (self.baseline_error, None),
            "training error": (self.train_error, None),
            "validation error": (self.validation_error, None),
            "avoidable bias": (self.avoidable_bias, self.high_bias),
            "variance": (self.variance, self.high_variance),
        }
        values, high = zip(*rows.values(), strict=True)
        return frame({"value": values, "high": high}, index=[*rows])

    def __str__(self) -> str:
        n = len(self.train_errors)
        splits = f", mean of {n} splits" if n > 1 else ""
        lines = [f"{self.error_name}{splits}"]
        lines.append(f"  {'baseline':12}{self.baseline_error:12.4g}")
        gaps = (
            ("training", self.train_error, "avoidable bias", self.avoidable_bias, self.high_bias),
            ("validation", self.validation_error, "variance", self.variance, self.high_variance),
        )
        for name, error, gap, size, high in gaps:
            level = "high" if high else "low"
            lines.append(f"  {name:12}{error:12.4g}   {gap:15}{size:12.4g}   {level}")
        lines.append(f"  A gap above {self.tolerance:.4g} is high.")
        lines += ["", *textwrap.wrap(_WORDS[self.high_bias, self.high_variance], _WIDTH)]
        if self.high_bias and self.baseline_error == 0:
            lines += textwrap.wrap(_NO_BASELINE, _WIDTH)
        if self.suggestions:
            lines += ["", "To try next, one at a time:"]
        for each in self.suggestions:
            lines += textwrap.wrap(
                str(each), _WIDTH, initial_indent="  - ", subsequent_indent="    "
            )
        return "\n".join(lines)
