"""Images whose pixels stay in place: lighter or darker, blurred, with a part covered."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np

from sknnreg.augmentation.base import FROM_ZERO, PROBABILITY, Floats, factor, uniform
from sknnreg.augmentation.images import ImageAugmentation


class RandomShade(ImageAugmentation):
    r"""Change brightness, contrast and gamma of each image.

    .. math:: u \mapsto \operatorname{clip}(\bar{u} + c (u - \bar{u}) + b, 0, 1)^\gamma

    with u the pixels brought to [0, 1], :math:`\bar{u}` the image's mean,
    :math:`b \sim U(-m, m)`, and :math:`\log c, \log \gamma` uniform around 0. Keeps labels. Source:
    Howard (2013).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_brightness : float, default=0.1
        At least 0; the largest change, as a share of the range of pixels.
    max_contrast : float, default=0.2
        At least 0; factors are from 1 / (1 + max_contrast) to 1 + max_contrast.
    max_gamma : float, default=0.2
        At least 0; powers are from 1 / (1 + max_gamma) to 1 + max_gamma.
    pixel_range : tuple of two floats, default=(0.0, 1.0)
        What black and white are. Pixels beyond are clipped, and pixels beyond by more than the
        width of the range are an error.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomShade
    >>> shade = RandomShade((1, 3), pixel_range=(0, 255))
    >>> image = np.array([[0, 100, 255]], dtype=np.uint8)
    >>> shade(image, None, np.random.default_rng(0))[0]
    array([[  0, 103, 251]], dtype=uint8)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_brightness": FROM_ZERO,
        "max_contrast": FROM_ZERO,
        "max_gamma": FROM_ZERO,
        "pixel_range": ["array-like"],
    }
    _strengths = ("max_brightness", "max_contrast", "max_gamma")

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        max_brightness: float = 0.1,
        max_contrast: float = 0.2,
        max_gamma: float = 0.2,
        pixel_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.image_shape = image_shape
        self.max_brightness = max_brightness
        self.max_contrast = max_contrast
        self.max_gamma = max_gamma
        self.pixel_range = pixel_range

    def _check_together(self) -> None:
        super()._check_together()
        black_and_white = np.shape(self.pixel_range) == (2,)
        if not black_and_white or not self.pixel_range[0] < self.pixel_range[1]:
            raise ValueError(
                f"pixel_range={self.pixel_range!r} of RandomShade must be the values of black and "
                "of white, such as (0, 255)."
            )

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        black, white = self.pixel_range
        n, dtype = len(images), images.dtype
        u = (images - dtype.type(black)) * dtype.type(1 / (white - black))
        self._check_range(u, images)
        mean = u.mean(axis=(1, 2, 3), keepdims=True)
        u -= mean
        u *= _each(factor(rng, n, self.max_contrast, dtype))
        bound = self.max_brightness
        u += mean + _each(uniform(rng, n, -bound, bound, dtype))
        np.clip(u, 0, 1, out=u)
        if self.max_gamma:
            np.power(u, _each(factor(rng, n, self.max_gamma, dtype)), out=u)
        return u * dtype.type(white - black) + dtype.type(black)

    def _check_range(self, u: Floats, images: Floats) -> None:
        if u.max() > 2 or u.min() < -1:
            raise ValueError(
                f"pixel_range={tuple(self.pixel_range)} of RandomShade, but pixels go from "
                f"{images.min():g} to {images.max():g}. Name the values of black and white, such "
                "as pixel_range=(0, 255)."
            )


def _each(values: Floats) -> Floats:
    """One value an image ``(n,) -> (n, 1, 1, 1)``."""
    return values[:, None, None, None]


class RandomBlur(ImageAugmentation):
    r"""Blur each image by a Gaussian of its own width.

    .. math:: x' = G_\sigma * x, \qquad \sigma \sim U(0, m)

    with m = ``max_sigma``; beyond the edge stand the pixels at the edge. Keeps labels.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_sigma : float, default=1.0
        At least 0, in pixels. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomBlur
    >>> point = np.array([[0.0, 0, 1, 0, 0]])
    >>> RandomBlur((1, 5))(point, None, np.random.default_rng(0))[0].round(2)
    array([[0.  , 0.18, 0.63, 0.18, 0.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_sigma": FROM_ZERO,
    }
    _strengths = ("max_sigma",)

    def __init__(self, image_shape: tuple[int, ...], *, max_sigma: float = 1.0) -> None:
        self.image_shape = image_shape
        self.max_sigma = max_sigma

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        sigma = np.maximum(rng.uniform(0, self.max_sigma, len(images)), 1e-3)
        # A Gaussian of which more than a thousandth is left.
        reach = int(np.ceil(3.5 * self.max_sigma))
        taps = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma[:, None]))
        taps = (taps / taps.sum(axis=1, keepdims=True)).astype(images.dtype)
        return _smooth(_smooth(images, taps, 1), taps, 2)


def _smooth(images: Floats, taps: Floats, axis: int) -> Floats:
    """Weighted sums of neighbours along an axis, ``taps (n, k)`` of each image's own."""
    size, n_taps = images.shape[axis], taps.shape[1]
    places = np.clip(np.arange(size + n_taps - 1) - n_taps // 2, 0, size - 1)
    wide = images.take(places, axis)
    total = np.zeros_like(images)
    for tap in range(n_taps):
        part = wide[:, tap : tap + size] if axis == 1 else wide[:, :, tap : tap + size]
        total += _each(taps[:, tap]) * part
    return total


class Cutout(ImageAugmentation):
    r"""Cover a rectangle of each image.

    Its sides are uniform in [0, ``max_size``] times those of the image, its middle is anywhere, so
    that a part of it may lie outside. Keeps labels. Source: DeVries and Taylor (2017); Zhong et al.
    (2020), as random erasing.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_size : float, default=0.5
        In [0, 1], a share of the sides. 0 is off.
    fill : float, default=0.0
        What covers it.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import Cutout
    >>> Cutout((1, 6))(np.ones((1, 6)), None, np.random.default_rng(8))[0]
    array([[1., 0., 0., 1., 1., 1.]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_size": PROBABILITY,
        "fill": [Real],
    }
    _strengths = ("max_size",)

    def __init__(
        self, image_shape: tuple[int, ...], *, max_size: float = 0.5, fill: float = 0.0
    ) -> None:
        self.image_shape = image_shape
        self.max_size = max_size
        self.fill = fill

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        inside = []
        for side in images.shape[1:3]:
            middle, size = rng.random((2, len(images), 1)) * side
            size *= self.max_size
            inside.append(np.abs(np.arange(side) + 0.5 - middle) < size / 2)
        covered = inside[0][:, :, None] & inside[1][:, None, :]
        return np.where(covered[..., None], images.dtype.type(self.fill), images)
