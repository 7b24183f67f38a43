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
    padded = np.zeros((n, length + 4), series.dtype)
    padded[:, 2:-2] = series
    shifted = np.clip(times + 2, 1, length + 2)
    before = np.minimum(shifted.astype(np.intp), length + 1)
    t = (shifted - before).astype(series.dtype)
    at = np.arange(n)[:, None] * (length + 4) + before
    flat = padded.reshape(-1)
    a, b, c, d = (flat.take(at + step, mode="clip") for step in (-1, 0, 1, 2))
    cubic: Floats = b + t / 2 * (
        c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))
    )
    return cubic


def stretched(series: Floats, rates: Floats, n_samples: int, window: int) -> Floats:
    """Series ``(n, T)`` played at ``rates (n,)`` with their pitch kept, the first samples of each.

    The phase vocoder (Flanagan and Golden, 1966): frames of the short-time spectrum are read at
    other times, and each frequency's phase goes on as it did between the frames read.
    """
    hop = max(1, window // OVERLAP)
    window = hop * OVERLAP
    shape = signal.get_window("hann", window).astype(series.dtype)
    spectrum = _spectrum(series, shape, hop)
    n_out = -(-n_samples // hop) + OVERLAP
    times = np.arange(n_out) * rates[:, None].astype(np.float64)
    last = spectrum.shape[1] - 2
    frame = np.minimum(times.astype(np.intp), last)
    share = (times - frame).astype(series.dtype)[..., None]
    over = share[..., 0] > 1  # the series has ended
    one = np.take_along_axis(spectrum, frame[..., None], 1)
    next_one = np.take_along_axis(spectrum, frame[..., None] + 1, 1)
    size = np.abs(one)
    size += share * (np.abs(next_one) - size)
    size[over] = 0
    turn = _units(next_one * np.conj(one))
    phase = np.ones_like(turn)
    np.multiply.accumulate(turn[:, :-1], axis=1, out=phase[:, 1:])
    # In the loudest frame all phases are as they were, so that they fit one another from there on.
    loudest = np.einsum("ijk,ijk->ij", size, size).argmax(axis=1)[:, None, None]
    start = _units(np.take_along_axis(one, loudest, 1))
    phase *= start * np.conj(np.take_along_axis(phase, loudest, 1))
    return _overlapped(size * phase, shape, hop)[:, :n_samples]


def _spectrum(series: Floats, shape: Floats, hop: int) -> NDArray[np.complexfloating[Any]]:
    """Short-time spectra ``(n, frames, frequencies)``; the series stands between windows of 0."""
    window = len(shape)
    margin = window - hop
    padded = np.pad(series, ((0, 0), (margin, window + hop)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, ::hop]
    found: NDArray[np.complexfloating[Any]] = fft.rfft(frames * shape)
    return found


def _units(numbers: NDArray[Any]) -> NDArray[Any]:
    """Complex numbers of size 1 in the same directions; 1 for 0."""
    size = np.abs(numbers)
    nothing = size == 0
    size[nothing] = 1
    numbers = numbers / size
    numbers[nothing] = 1
    return numbers


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
