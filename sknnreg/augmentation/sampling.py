"""Batches of images read at any points, between pixels too: one pass for all of them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknnreg.augmentation.base import Floats

# What stands beyond an image: a value, or the pixel at its edge.
Fill: TypeAlias = float | Literal["edge"]
# As many as stay in a core's cache, with all that is computed of them.
PIXELS_AT_ONCE = 1 << 14


def read_between_pixels(images: Floats, y: Floats, x: Floats, fill: Fill) -> Floats:
    """Images ``(n, h, w, C)`` at rows ``y`` and columns ``x``, which broadcast to ``(n, h', w')``.

    Bilinear: the mean of the four pixels around a point, weighted by how near they are. Towards
    ``fill``, images fade within a pixel.
    """
    n, channels = len(images), images.shape[3]
    shape = np.broadcast_shapes(y.shape, x.shape)
    new = np.empty((*shape, channels), images.dtype)
    step = max(1, PIXELS_AT_ONCE // (shape[1] * shape[2]))
    for start in range(0, n, step):
        part = slice(start, start + step)
        _read(images[part], y[part], x[part], fill, new[part])
    return new


def _read(images: Floats, y: Floats, x: Floats, fill: Fill, out: Floats) -> None:
    n, h, w, channels = images.shape
    margin = 1 if fill == "edge" else 0
    i, low = _split(y, margin, h)
    j, left = _split(x, margin, w)
    at = (np.arange(n)[:, None, None] * (h + 2) + i) * (w + 2) + j
    padded = np.full((n, h + 2, w + 2), 0.0 if fill == "edge" else fill, images.dtype)
    pixels = padded.reshape(-1)
    for channel in range(channels):
        padded[:, 1:-1, 1:-1] = images[..., channel]
        above, below = _between(pixels, at, left), _between(pixels, at + (w + 2), left)
        below -= above
        below *= low
        np.add(above, below, out=out[..., channel])


def _split(position: Floats, margin: int, size: int) -> tuple[NDArray[np.intp], Floats]:
    """The pixel before each position in the padded image, and how far behind it that is."""
    shifted = np.clip(position + 1, margin, size + 1 - margin)
    pixel = np.minimum(shifted.astype(np.intp), size)
    return pixel, shifted - pixel.astype(position.dtype)


def _between(pixels: Floats, at: NDArray[np.intp], share: Floats) -> Floats:
    """Values that far from each pixel to the next."""
    first: Floats = pixels.take(at, mode="clip")
    second = pixels.take(at + 1, mode="clip")
    second -= first
    second *= share
    first += second
    return first
