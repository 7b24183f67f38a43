"""Batches of images read at any points, between pixels too: one pass for all of them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknnreg.augmentation.base import Floats

# What stands beyond an image: a value, or the pixel at its edge.
Fill: TypeAlias = float | Literal["edge"]


def read_between_pixels(images: Floats, y: Floats, x: Floats, fill: Fill) -> Floats:
    """Images ``(n, h, w, C)`` at rows ``y`` and columns ``x``, which broadcast to ``(n, h', w')``.

    Bilinear: the mean of the four pixels around a point, weighted by how near they are. Towards
    ``fill``, images fade within a pixel.
    """
    n, h, w, channels = images.shape
    padded = np.full((n, h + 2, w + 2, channels), 0.0 if fill == "edge" else fill, images.dtype)
    padded[:, 1:-1, 1:-1] = images
    margin = 1 if fill == "edge" else 0
    i, low = _split(y, margin, h)
    j, left = _split(x, margin, w)
    at = (np.arange(n)[:, None, None] * (h + 2) + i) * (w + 2) + j
    pixels = padded.reshape(-1, channels) if channels > 1 else padded.reshape(-1)
    if channels > 1:
        low, left = low[..., None], left[..., None]
    above = _between(pixels, at, 1, left)
    at += w + 2
    below = _between(pixels, at, 1, left)
    below -= above
    below *= low
    above += below
    return above.reshape(*at.shape, channels)


def _split(position: Floats, margin: int, size: int) -> tuple[NDArray[np.intp], Floats]:
    """The pixel before each position in the padded image, and how far behind it that is."""
    shifted = np.clip(position + 1, margin, size + 1 - margin)
    pixel = np.minimum(shifted.astype(np.intp), size)
    return pixel, shifted - pixel.astype(position.dtype)


def _between(pixels: Floats, at: NDArray[np.intp], step: int, share: Floats) -> Floats:
    first: Any = pixels.take(at, 0, mode="clip")
    second = pixels.take(at + step, 0, mode="clip")
    second -= first
    second *= share
    first += second
    return first  # type: ignore[no-any-return]
