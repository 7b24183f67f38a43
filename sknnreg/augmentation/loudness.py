"""Sounds and other series: with less difference between loud and soft, and with noise behind."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Literal

import numpy as np
from scipy import fft, signal
from sklearn.utils._param_validation import Interval, StrOptions

from sknnreg.augmentation.base import POSITIVE, Augmentation, Floats, uniform
from sknnreg.augmentation.series import SeriesAugmentation

# Powers of the frequency by which noise of a color is quieter, in amplitude.
COLORS = {"white": 0.0, "pink": 0.5, "brown": 1.0}


class RandomCompression(SeriesAugmentation):
    r"""Compress the dynamic range: what is louder than a threshold becomes softer.

    .. math:: g(t) = -\left(1 - \frac{1}{r}\right) \max(0, L(t) - L_0) \quad \text{decibels}, \qquad
        r \sim U(1, m)

    with m = ``max_ratio``, L the level over some time, and :math:`L_0` = ``threshold`` below the
    row's highest level: above it, r decibels in become one out. Keeps labels. Source: Giannoulis,
    Massberg and Reiss (2012).

    Parameters
    ----------
    sampling_rate : float
        Above 0; samples a second.
    max_ratio : float, default=4.0
        At least 1, which is off.
    threshold : float, default=-20.0
        At most 0, in decibels from the row's highest level.
    response : float, default=0.02
        Above 0; seconds over which the level is a mean, with weights that fade exponentially.
    n_channels : int, default=1
        Channels a row has, as (samples, channels) flattened; each has its own level.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomCompression
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    >>> x = np.concatenate([tone, 0.1 * tone])[None]
    >>> softer, _ = RandomCompression(8000)(x, None, np.random.default_rng(0))
    >>> [round(float(half.std()), 2) for half in (softer[0, 2000:4000], softer[0, 6000:])]
    [0.16, 0.07]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SeriesAugmentation._parameter_constraints,
        "sampling_rate": POSITIVE,
        "max_ratio": [Interval(Real, 1, None, closed="left")],
        "threshold": [Interval(Real, None, 0, closed="right")],
        "response": POSITIVE,
    }

    def __init__(
        self,
        sampling_rate: float,
        *,
        max_ratio: float = 4.0,
        threshold: float = -20.0,
        response: float = 0.02,
        n_channels: int = 1,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.max_ratio = max_ratio
        self.threshold = threshold
        self.response = response
        self.n_channels = n_channels

    @property
    def is_active(self) -> bool:
        """Off at a ratio of 1, and at a threshold that nothing is above."""
        return self.max_ratio > 1 and self.threshold < 0

    def _changed(self, series: Floats, rng: np.random.Generator) -> Floats:
        drawn = uniform(rng, self._n_rows(series), 1, self.max_ratio, series.dtype)
        ratio = self._for_channels(drawn)[:, None]
        keep = np.exp(-1 / (self.response * self.sampling_rate))
        power = signal.lfilter([1 - keep], [1, -keep], np.square(series, dtype=np.float64))
        highest = power.max(axis=1, keepdims=True)
        highest[highest == 0] = 1
        with np.errstate(divide="ignore"):
            above = 10 * np.log10(power / highest) - self.threshold
        gain = 10 ** (-(1 - 1 / ratio) * np.maximum(above, 0) / 20)
        softer: Floats = series * gain.astype(series.dtype)
        return softer


class BackgroundNoise(Augmentation):
    r"""Add noise to each series, at a signal-to-noise ratio that is drawn.

    .. math:: x' = x + \varepsilon \sqrt{\frac{\sum x^2}{\sum \varepsilon^2}\, 10^{-s / 10}},
        \qquad s \sim U(s_\text{min}, s_\text{max})

    in decibels, exactly so in each row; silence stays silent. Keeps labels. Source: Ko et al.
    (2017), of recorded noises.

    Parameters
    ----------
    min_snr, max_snr : float, default=10.0, 30.0
        The least and the largest ratio in decibels, in this order. ``min_snr=np.inf`` is off, that
        is no noise at all.
    noise : {"white", "pink", "brown"} or array-like, default="white"
        The color of Gaussian noise: its power falls with the frequency as 1, 1/f or 1/f². Or
        recordings of shape (n_recordings, n_values), of which each row is given one, from a random
        place on and round about if it is too short.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import BackgroundNoise
    >>> x = np.sin(np.arange(1000.0))[None]
    >>> noisy, _ = BackgroundNoise(min_snr=10, max_snr=10)(x, None, np.random.default_rng(0))
    >>> round(float(10 * np.log10(np.sum(x**2) / np.sum((noisy - x) ** 2))), 6)
    10.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "min_snr": [Interval(Real, None, None, closed="right")],
        "max_snr": [Interval(Real, None, None, closed="right")],
        "noise": [StrOptions(set(COLORS)), "array-like"],
    }

    def __init__(
        self,
        *,
        min_snr: float = 10.0,
        max_snr: float = 30.0,
        noise: Literal["white", "pink", "brown"] | Any = "white",
    ) -> None:
        self.min_snr = min_snr
        self.max_snr = max_snr
        self.noise = noise

    @property
    def is_active(self) -> bool:
        """Off where the signal is infinitely louder."""
        return self.min_snr < np.inf

    def _check_together(self) -> None:
        if self.is_active and not self.min_snr <= self.max_snr < np.inf:
            raise ValueError(
                f"min_snr={self.min_snr} and max_snr={self.max_snr} of BackgroundNoise must be "
                "numbers in this order; min_snr=np.inf is no noise."
            )
        if isinstance(self.noise, str):
            return
        recordings = np.asarray(self.noise)
        usable = recordings.ndim == 2 and recordings.size and recordings.dtype.kind in "biuf"
        if not usable or not np.isfinite(recordings).all():
            raise ValueError(
                "noise of BackgroundNoise must be the name of a color, or finite numbers of shape "
                f"(n_recordings, n_values), got shape {recordings.shape} of {recordings.dtype}."
            )

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        noise = self._noise(rows, rng)
        power, of_noise = (np.einsum("ij,ij->i", each, each) for each in (rows, noise))
        of_noise[of_noise == 0] = 1
        snr = uniform(rng, len(rows), self.min_snr, self.max_snr, rows.dtype)
        noise *= np.sqrt(power / of_noise * 10 ** (-snr / 10))[:, None]
        noise += rows
        return noise, y

    def _noise(self, rows: Floats, rng: np.random.Generator) -> Floats:
        n, length = rows.shape
        if not isinstance(self.noise, str):
            recordings = np.asarray(self.noise)
            begin = rng.integers(recordings.shape[1], size=(n, 1))
            at = (begin + np.arange(length)) % recordings.shape[1]
            which = rng.integers(len(recordings), size=(n, 1))
            recorded: Floats = recordings[which, at].astype(rows.dtype)
            return recorded
        noise: Floats = rng.standard_normal(rows.shape, dtype=rows.dtype.type)
        if power := COLORS[self.noise]:
            spectrum = fft.rfft(noise)
            softer = np.arange(spectrum.shape[1], dtype=rows.dtype)
            softer[0] = np.inf  # no offset
            noise = fft.irfft(spectrum * softer**-power, length)
        return noise
