"""Images seen askew, or printed on something that stretches."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy import ndimage

from sknnreg.augmentation.base import FROM_ZERO, POSITIVE, SHARE, Floats, uniform
from sknnreg.augmentation.images import FILL, Fill, ImageAugmentation
from sknnreg.augmentation.sampling import read_between_pixels


class RandomPerspective(ImageAugmentation):
    r"""See each image from a little aside: its corners move, straight lines stay straight.

    .. math:: x'(p) = x\left(\frac{a u + b v + c}{g u + h v + 1},
        \frac{d u + e v + f}{g u + h v + 1}\right)

    for a pixel p at (u, v) in the unit square, with the eight numbers that lead the corners of the
    square to where they were drawn (Heckbert, 1989): each inwards by up to half of
    ``max_distortion`` times the sides. Keeps labels.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_distortion : float, default=0.3
        In [0, 1). 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomPerspective
    >>> board = np.indices((4, 4)).sum(axis=0).reshape(1, 16) % 2.0
    >>> RandomPerspective((4, 4))(board, None, np.random.default_rng(0))[0].shape
    (1, 16)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_distortion": SHARE,
    }
    _strengths = ("max_distortion",)

    def __init__(self, image_shape: tuple[int, ...], *, max_distortion: float = 0.3) -> None:
        self.image_shape = image_shape
        self.max_distortion = max_distortion

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        n, h, w, _ = images.shape
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], images.dtype)
        moves = rng.uniform(0, self.max_distortion / 2, (n, 4, 2)).astype(images.dtype)
        corners = square + moves * (1 - 2 * square)
        v = np.linspace(0, 1, h, dtype=images.dtype)[:, None]
        u = np.linspace(0, 1, w, dtype=images.dtype)
        x, y = _seen_from(corners, u, v)
        return read_between_pixels(images, y * (h - 1), x * (w - 1), "edge")


def _seen_from(corners: Floats, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Where the points of the unit square lie if its corners ``(n, 4, 2)`` are elsewhere."""
    (x0, x1, x2, x3), (y0, y1, y2, y3) = corners.T[..., None, None]
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area
    depth = g * u + h * v + 1
    x = (x1 - x0 + g * x1) * u + (x3 - x0 + h * x3) * v + x0
    y = (y1 - y0 + g * y1) * u + (y3 - y0 + h * y3) * v + y0
    return x / depth, y / depth


class ElasticDistortion(ImageAugmentation):
    r"""Stretch each image here and there, as a hand that writes does.

    .. math:: x'(p) = x(p + d\, g(p)), \qquad g = G_\sigma * \varepsilon

    Independent uniform numbers for each pixel and direction are smoothed by a Gaussian of width
    ``smoothness`` and scaled to a mean square of 1; d is uniform in [0, ``max_displacement``].
    Keeps labels. Source: Simard, Steinkraus and Platt (2003).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_displacement : float, default=0.05
        At least 0; how far pixels move, as a root mean square and a share of the shorter side. 0 is
        off.
    smoothness : float, default=0.15
        Above 0; the width of the Gaussian, as a share of the shorter side. Small ones tear the
        image, large ones only shift it.
    fill : float or "edge", default=0.0
        What comes in from outside: a value, or the pixels at the edge.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg.augmentation import ElasticDistortion
    >>> X = load_digits().data
    >>> ElasticDistortion((8, 8))(X[:5], None, np.random.default_rng(0))[0].shape
    (5, 64)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_displacement": FROM_ZERO,
        "smoothness": POSITIVE,
        "fill": FILL,
    }
    _strengths = ("max_displacement",)

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        max_displacement: float = 0.05,
        smoothness: float = 0.15,
        fill: Fill = 0.0,
    ) -> None:
        self.image_shape = image_shape
        self.max_displacement = max_displacement
        self.smoothness = smoothness
        self.fill = fill

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        n, h, w, _ = images.shape
        side, dtype = min(h, w), images.dtype
        moves: Floats = rng.random((2, n, h, w), dtype=dtype.type) - dtype.type(0.5)
        for axis in (2, 3):
            # Round about, so that pixels at the edges move as far as others.
            moves = ndimage.gaussian_filter1d(
                moves, self.smoothness * side, axis, mode="wrap", truncate=3.0
            )
        size = np.sqrt(np.square(moves).mean(axis=(2, 3), keepdims=True))
        size[size == 0] = 1
        drawn = uniform(rng, n, 0, self.max_displacement * side, dtype)
        moves *= drawn[:, None, None] / size
        y = moves[0] + np.arange(h, dtype=dtype)[:, None]
        x = moves[1] + np.arange(w, dtype=dtype)
        return read_between_pixels(images, y, x, self.fill)
