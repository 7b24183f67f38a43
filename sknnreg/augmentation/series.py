"""Sounds and other series: later or earlier, slower, higher."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from sknnreg.augmentation.base import (
    COUNT,
    FROM_ZERO,
    POSITIVE,
    Augmentation,
    Floats,
    factor,
    uniform,
)
from sknnreg.augmentation.vocoder import read_between_samples, stretched

SMALLEST_WINDOW = 16


class SeriesAugmentation(Augmentation):
    """A random map of series, each flattened into a row; the channels come last.

    What is drawn for a row is common to its channels.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"n_channels": COUNT}
    n_channels: int

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        n, width = rows.shape
        if width % self.n_channels:
            raise ValueError(
                f"n_channels={self.n_channels} of {type(self).__name__} does not divide the "
                f"{width} columns of X."
            )
        series = rows.reshape(n, -1, self.n_channels)
        if self.n_channels == 1:
            return self._changed(series[..., 0], rng), y
        one_by_one = np.ascontiguousarray(np.moveaxis(series, 2, 1)).reshape(-1, series.shape[1])
        changed = self._changed(one_by_one, rng)
        return np.moveaxis(changed.reshape(n, self.n_channels, -1), 1, 2).reshape(n, -1), y

    @abstractmethod
    def _changed(self, series: Floats, rng: np.random.Generator) -> Floats:
        """New series ``(n C, T)``: the channels of a row one after the other."""

    def _for_channels(self, drawn: Floats) -> Floats:
        """What was drawn for each row, for each of its channels."""
        return np.repeat(drawn, self.n_channels)

    def _n_rows(self, series: Floats) -> int:
        return len(series) // self.n_channels


class RandomTimeShift(SeriesAugmentation):
    r"""Shift each series in time, by whole samples.

    .. math:: x'(t) = x(t - s), \qquad s \sim U(-m, m)

    with m = ``max_shift``. Keeps labels where it does not matter when something happens.

    Parameters
    ----------
    sampling_rate : float
        Above 0; samples a second (or in whatever unit ``max_shift`` is).
    max_shift : float, default=0.1
        At least 0, in seconds. 0 is off.
    wrap : bool, default=False
        Whether what leaves at one end comes in at the other; silence, 0, comes in otherwise.
    n_channels : int, default=1
        Channels a row has, as (samples, channels) flattened.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomTimeShift
    >>> shift = RandomTimeShift(1.0, max_shift=2.0)
    >>> shift([[1.0, 2.0, 3.0, 4.0]], None, np.random.default_rng(0))[0]
    array([[0., 1., 2., 3.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SeriesAugmentation._parameter_constraints,
        "sampling_rate": POSITIVE,
        "max_shift": FROM_ZERO,
        "wrap": ["boolean"],
    }
    _strengths = ("max_shift",)

    def __init__(
        self,
        sampling_rate: float,
        *,
        max_shift: float = 0.1,
        wrap: bool = False,
        n_channels: int = 1,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.max_shift = max_shift
        self.wrap = wrap
        self.n_channels = n_channels

    def _changed(self, series: Floats, rng: np.random.Generator) -> Floats:
        most, length = self.max_shift * self.sampling_rate, series.shape[1]
        drawn = np.rint(rng.uniform(-most, most, self._n_rows(series)))
        at = np.arange(length) - self._for_channels(drawn)[:, None].astype(np.intp)
        shifted = np.take_along_axis(series, at % length, 1)
        if not self.wrap:
            shifted[(at < 0) | (at >= length)] = 0
        return shifted


class _InTime(SeriesAugmentation):
    """Plays each series at another rate, in windows of so many seconds."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SeriesAugmentation._parameter_constraints,
        "sampling_rate": POSITIVE,
        "window": POSITIVE,
    }
    sampling_rate: float
    window: float

    def _n_window(self, length: int) -> int:
        wanted = round(self.window * self.sampling_rate)
        return max(SMALLEST_WINDOW, min(wanted, length))


class RandomTimeStretch(_InTime):
    r"""Play each series faster or slower.

    .. math:: x'(t) = x(r t), \qquad \log r \sim U(-\log(1 + m), \log(1 + m))

    with m = ``max_stretch``. By default the pitch is kept, by a phase vocoder; a row keeps its
    length, so that its end is cut or silent. Keeps labels. Source: Flanagan and Golden (1966); Ko
    et al. (2015) for the rates.

    Parameters
    ----------
    sampling_rate : float
        Above 0; samples a second.
    max_stretch : float, default=0.1
        At least 0; rates are from 1 / (1 + max_stretch) to 1 + max_stretch. 0 is off.
    keep_pitch : bool, default=True
        False reads the series at other times, along cubics: as a tape that runs faster, and right
        for series that are no sounds.
    window : float, default=0.05
        Above 0; seconds of sound of which the spectrum is taken, at least 16 samples. Longer ones
        tell tones apart, shorter ones keep the attack of drums.
    n_channels : int, default=1
        Channels a row has, as (samples, channels) flattened.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomTimeStretch
    >>> ramp = np.arange(5.0)[None]
    >>> slower = RandomTimeStretch(1.0, max_stretch=0.5, keep_pitch=False)
    >>> slower(ramp, None, np.random.default_rng(1))[0].round(2)
    array([[0.  , 1.01, 2.02, 3.03, 3.93]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_InTime._parameter_constraints,
        "max_stretch": FROM_ZERO,
        "keep_pitch": ["boolean"],
    }
    _strengths = ("max_stretch",)

    def __init__(
        self,
        sampling_rate: float,
        *,
        max_stretch: float = 0.1,
        keep_pitch: bool = True,
        window: float = 0.05,
        n_channels: int = 1,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.max_stretch = max_stretch
        self.keep_pitch = keep_pitch
        self.window = window
        self.n_channels = n_channels

    def _changed(self, series: Floats, rng: np.random.Generator) -> Floats:
        length = series.shape[1]
        drawn = factor(rng, self._n_rows(series), self.max_stretch, series.dtype)
        rates = self._for_channels(drawn)
        if self.keep_pitch:
            return stretched(series, rates, length, self._n_window(length))
        return read_between_samples(series, _times(rates, length))


class RandomPitchShift(_InTime):
    r"""Make each sound higher or lower, at the same speed.

    All frequencies are multiplied by :math:`2^{s / 12}`, :math:`s \sim U(-m, m)` with m =
    ``max_semitones``: stretched by a phase vocoder, then read as much faster. Keeps labels. Source:
    Flanagan and Golden (1966); Salamon and Bello (2017). What would rise above half the sampling
    rate is left out.

    Parameters
    ----------
    sampling_rate : float
        Above 0; samples a second.
    max_semitones : float, default=2.0
        In [0, 24]; 12 are an octave. 0 is off.
    window : float, default=0.05
        Above 0; seconds of sound of which the spectrum is taken, at least 16 samples.
    n_channels : int, default=1
        Channels a row has, as (samples, channels) flattened.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomPitchShift
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)[None]
    >>> higher, _ = RandomPitchShift(8000, max_semitones=2)(tone, None, np.random.default_rng(0))
    >>> 2 * int(np.abs(np.fft.rfft(higher)).argmax())  # Hz; two semitones up are 494
    454
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_InTime._parameter_constraints,
        "max_semitones": [Interval(Real, 0, 24, closed="both")],
    }
    _strengths = ("max_semitones",)

    def __init__(
        self,
        sampling_rate: float,
        *,
        max_semitones: float = 2.0,
        window: float = 0.05,
        n_channels: int = 1,
    ) -> None:
        self.sampling_rate = sampling_rate
        self.max_semitones = max_semitones
        self.window = window
        self.n_channels = n_channels

    def _changed(self, series: Floats, rng: np.random.Generator) -> Floats:
        length, most = series.shape[1], self.max_semitones
        semitones = uniform(rng, self._n_rows(series), -most, most, series.dtype)
        ratio = np.exp2(self._for_channels(semitones) / 12)
        n_samples = int(np.ceil(length * ratio.max())) + 2
        longer = stretched(series, 1 / ratio, n_samples, self._n_window(length), as_tape=True)
        return read_between_samples(longer, _times(ratio, length))


def _times(rates: Floats, length: int) -> Floats:
    # In float64 up to here: float32 counts samples of long series badly.
    times: Floats = np.arange(length, dtype=np.float64) * rates[:, None]
    return times
