"""Series made longer or shorter: by reading them at other times, with or without their pitch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from sknnreg.augmentation.base import Floats

# Windows overlap four times, of which those of Hann, squared, add up to 3 / 2.
OVERLAP = 4


def read_between_samples(series: Floats, times: Floats) -> Floats:
    """Series ``(n, T)`` at times ``(n, T')`` in samples, along cubics; 0 beyond the ends.

    Through four samples each, the slopes being those between neighbours (Catmull and Rom, 1974).
    """
    n, length = series.shape
    padded = np.zeros((n, length + 5), series.dtype)
    padded[:, 2:-3] = series
    shifted = np.clip(times + 2, 1, length + 2)
    before = shifted.astype(np.intp)
    t = (shifted - before).astype(series.dtype)
    at = np.arange(n)[:, None] * (length + 5) + before
    flat = padded.reshape(-1)
    a, b, c, d = (flat.take(at + step, mode="clip") for step in (-1, 0, 1, 2))
    cubic: Floats = b + t / 2 * (
        c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))
    )
    return cubic


def stretched(
    series: Floats, rates: Floats, n_samples: int, window: int, *, as_tape: bool = False
) -> Floats:
    """Series ``(n, T)`` played at ``rates (n,)`` with their pitch kept, the first samples of each.

    The phase vocoder (Flanagan and Golden, 1966): frames of the short-time spectrum are read at
    other times, and each frequency's phase goes on as it did between the frames read. What is to
    be read ``as_tape``, by which the length is as it was, is without what would rise too high.
    """
    hop = max(1, window // OVERLAP)
    window = hop * OVERLAP
    shape = signal.get_window("hann", window).astype(series.dtype)
    spectrum = _spectrum(series, shape, hop)
    n, n_frames, _ = spectrum.shape
    # The middle of frame 1 is where the series begins.
    times = (np.arange(-(-n_samples // hop) + OVERLAP) - 1) * rates[:, None].astype(np.float64)
    times = np.maximum(times + 1, 0)
    frame = np.minimum(times.astype(np.intp), n_frames - 2)
    share = (times - frame).astype(series.dtype)[..., None]
    share[share > 1] = 1  # the series has ended, and the last frame is silent
    at = np.arange(n)[:, None] * n_frames + frame
    sizes, units = _polar(spectrum)
    if as_tape:
        heights = np.linspace(0, 1, sizes.shape[2])  # of half the sampling rate
        sizes *= (heights <= rates[:, None])[:, None]
    size = _frames(sizes, at)
    size += share * (_frames(sizes, at + 1) - size)
    # By how much each frequency turns from one frame to the next.
    turns = units[:, 1:] * np.conj(units[:, :-1])
    turn = _frames(turns, at - np.arange(n)[:, None])
    phase = np.ones_like(turn)
    for number in range(1, turn.shape[1]):  # several times as fast as np.multiply.accumulate
        np.multiply(phase[:, number - 1], turn[:, number - 1], out=phase[:, number])
    # In the loudest frame all phases are as they were, so that they fit one another from there on.
    loudest = np.arange(n), np.einsum("ijk,ijk->ij", size, size).argmax(axis=1)
    phase *= (_frames(units, at[loudest]) * np.conj(phase[loudest]))[:, None]
    phase *= size
    return _overlapped(phase, shape, hop)[:, :n_samples]


def _frames(numbers: NDArray[Any], at: NDArray[np.intp]) -> NDArray[Any]:
    """Frames ``(n, frames, frequencies)`` by their places, counted over all series."""
    return numbers.reshape(-1, numbers.shape[-1]).take(at, 0, mode="clip")


def _spectrum(series: Floats, shape: Floats, hop: int) -> NDArray[np.complexfloating[Any]]:
    """Short-time spectra ``(n, frames, frequencies)``; the series stands between windows of 0."""
    window = len(shape)
    margin = window - hop
    padded = np.pad(series, ((0, 0), (margin, window + hop)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
    found: NDArray[np.complexfloating[Any]] = fft.rfft(frames * shape)
    return found


def _polar(numbers: NDArray[Any]) -> tuple[Floats, NDArray[Any]]:
    """Complex numbers as sizes and as numbers of size 1 in the same directions; 1 for 0."""
    # Far below any sound, and far above the numbers that processors are slow with.
    units = numbers + np.finfo(numbers.dtype).tiny ** 0.75
    units *= 1 / np.abs(units)
    return np.abs(numbers), units


def _overlapped(spectrum: NDArray[Any], shape: Floats, hop: int) -> Floats:
    """The series of these spectra, from where the first window that is not padding begins."""
    frames = fft.irfft(spectrum, len(shape))
    frames *= shape / shape.dtype.type(OVERLAP * 3 / 8)
    n, n_frames, _ = frames.shape
    parts = frames.reshape(n, n_frames, OVERLAP, hop)
    total = np.zeros((n, n_frames + OVERLAP - 1, hop), shape.dtype)
    for part in range(OVERLAP):
        total[:, part : part + n_frames] += parts[:, :, part]
    series: Floats = total.reshape(n, -1)[:, len(shape) - hop :]
    return series
