"""Images that move as a whole: shifted, zoomed, turned, sheared, mirrored, cut."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sknnreg.augmentation.base import FROM_ZERO, PROBABILITY, SHARE, Floats, factor, uniform
from sknnreg.augmentation.images import FILL, Fill, ImageAugmentation
from sknnreg.augmentation.sampling import read_between_pixels


class _AffineMap(ImageAugmentation):
    """Reads each image at ``A (p - c) + c + t`` for each pixel p, c being the middle."""

    fill: Fill

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        n, h, w, _ = images.shape
        (a, b, c, d), (up, left) = self._draw(rng, n, (h, w), images.dtype)
        # From the middle, so that it stays where it is.
        rows = (np.arange(h, dtype=images.dtype) - images.dtype.type((h - 1) / 2))[:, None]
        columns = np.arange(w, dtype=images.dtype) - images.dtype.type((w - 1) / 2)
        y = a * rows + b * columns + (up + images.dtype.type((h - 1) / 2))
        x = c * rows + d * columns + (left + images.dtype.type((w - 1) / 2))
        return read_between_pixels(images, y, x, self.fill)

    def _draw(
        self, rng: np.random.Generator, n: int, size: tuple[int, int], dtype: np.dtype[Any]
    ) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any]]:
        """A row by row, and t, each a number or ``(n, 1, 1)``."""
        raise NotImplementedError


def _each(values: Floats) -> Floats:
    """One value an image ``(n,) -> (n, 1, 1)``."""
    return values[:, None, None]


class RandomShift(_AffineMap):
    r"""Shift each image by up to a share of its sides, between pixels too.

    .. math:: x'(p) = x(p + t), \qquad t_i \sim U(-m, m) \cdot \text{side}_i

    with m = ``max_shift``. Keeps labels. Source: Simard, Steinkraus and Platt (2003).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels); a row of X is an image,
        flattened with the channels last.
    max_shift : float, default=0.1
        At least 0; the largest shift, as a share of the height and of the width. 0 is off.
    fill : float or "edge", default=0.0
        What comes in from outside: a value, or the pixels at the edge.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomShift
    >>> shift = RandomShift((1, 4), max_shift=0.5)
    >>> shift([[0.0, 1, 1, 0]], None, np.random.default_rng(1))[0].round(2)
    array([[0.99, 0.2 , 0.  , 0.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_shift": FROM_ZERO,
        "fill": FILL,
    }
    _strengths = ("max_shift",)

    def __init__(
        self, image_shape: tuple[int, ...], *, max_shift: float = 0.1, fill: Fill = 0.0
    ) -> None:
        self.image_shape = image_shape
        self.max_shift = max_shift
        self.fill = fill

    def _draw(
        self, rng: np.random.Generator, n: int, size: tuple[int, int], dtype: np.dtype[Any]
    ) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any]]:
        up, left = (_each(uniform(rng, n, -m, m, dtype)) for m in np.multiply(size, self.max_shift))
        return (1, 0, 0, 1), (up, left)


class RandomZoom(_AffineMap):
    r"""Zoom each image in or out about its middle.

    .. math:: x'(p) = x(c + (p - c) / z), \qquad \log z \sim U(-\log(1 + m), \log(1 + m))

    with m = ``max_zoom``: as often larger as smaller. Keeps labels. Source: Krizhevsky, Sutskever
    and Hinton (2012), of scales.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_zoom : float, default=0.1
        At least 0; factors are from 1 / (1 + max_zoom) to 1 + max_zoom. 0 is off.
    fill : float or "edge", default=0.0
        What comes in from outside: a value, or the pixels at the edge.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomZoom
    >>> zoom = RandomZoom((1, 4), max_zoom=0.5)
    >>> zoom([[0.0, 1, 1, 0]], None, np.random.default_rng(0))[0].round(2)
    array([[0.16, 1.  , 1.  , 0.16]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_zoom": FROM_ZERO,
        "fill": FILL,
    }
    _strengths = ("max_zoom",)

    def __init__(
        self, image_shape: tuple[int, ...], *, max_zoom: float = 0.1, fill: Fill = 0.0
    ) -> None:
        self.image_shape = image_shape
        self.max_zoom = max_zoom
        self.fill = fill

    def _draw(
        self, rng: np.random.Generator, n: int, size: tuple[int, int], dtype: np.dtype[Any]
    ) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any]]:
        zoom = _each(factor(rng, n, self.max_zoom, dtype))
        return (1 / zoom, 0, 0, 1 / zoom), (0, 0)


class RandomRotation(_AffineMap):
    r"""Turn each image about its middle, by up to an angle either way.

    .. math:: x'(p) = x(c + R_\alpha (p - c)), \qquad \alpha \sim U(-m, m)

    with m = ``max_angle``. Keeps labels, unless angles are so large that a 6 becomes a 9. Source:
    Simard, Steinkraus and Platt (2003).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_angle : float, default=15.0
        At least 0, in degrees. 0 is off, 180 means any angle.
    fill : float or "edge", default=0.0
        What comes in from outside: a value, or the pixels at the edge.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomRotation
    >>> image = np.array([[0.0, 0, 0], [1, 1, 1], [0, 0, 0]]).reshape(1, 9)
    >>> X, _ = RandomRotation((3, 3), max_angle=45)(image, None, np.random.default_rng(3))
    >>> X.reshape(3, 3).round(2)
    array([[0.  , 0.2 , 0.49],
           [0.39, 1.  , 0.39],
           [0.49, 0.2 , 0.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_angle": FROM_ZERO,
        "fill": FILL,
    }
    _strengths = ("max_angle",)

    def __init__(
        self, image_shape: tuple[int, ...], *, max_angle: float = 15.0, fill: Fill = 0.0
    ) -> None:
        self.image_shape = image_shape
        self.max_angle = max_angle
        self.fill = fill

    def _draw(
        self, rng: np.random.Generator, n: int, size: tuple[int, int], dtype: np.dtype[Any]
    ) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any]]:
        return _rotation(np.deg2rad(rng.uniform(-self.max_angle, self.max_angle, n)), dtype), (0, 0)


def _rotation(angle: Any, dtype: np.dtype[Any]) -> tuple[Any, Any, Any, Any]:
    cos, sin = (_each(each(angle).astype(dtype)) for each in (np.cos, np.sin))
    return cos, -sin, sin, cos


class RandomAffine(_AffineMap):
    r"""Shift, zoom, turn and shear each image, all in one interpolation.

    .. math:: x'(p) = x(A (p - c) + c + t), \qquad
        A = \frac{1}{z} \begin{pmatrix} 1 & 0 \\ s & 1 \end{pmatrix} R_\alpha

    with the draws of `RandomShift`, `RandomZoom` and `RandomRotation`, and a slant
    :math:`s \sim U(-m, m)`, m = ``max_shear``, which columns move by for each row. Several members
    in `Compose` would blur the image at each step; this does once. Keeps labels. Source: Simard,
    Steinkraus and Platt (2003).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_shift : float, default=0.1
        At least 0, a share of the sides.
    max_zoom : float, default=0.1
        At least 0; factors are from 1 / (1 + max_zoom) to 1 + max_zoom.
    max_angle : float, default=10.0
        At least 0, in degrees.
    max_shear : float, default=0.1
        At least 0, columns a row.
    fill : float or "edge", default=0.0
        What comes in from outside: a value, or the pixels at the edge.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sknnreg.augmentation import RandomAffine
    >>> X, y = load_digits(return_X_y=True)
    >>> RandomAffine((8, 8))(X[:5], y[:5], np.random.default_rng(0))[0].shape
    (5, 64)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_shift": FROM_ZERO,
        "max_zoom": FROM_ZERO,
        "max_angle": FROM_ZERO,
        "max_shear": FROM_ZERO,
        "fill": FILL,
    }
    _strengths = ("max_shift", "max_zoom", "max_angle", "max_shear")

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        max_shift: float = 0.1,
        max_zoom: float = 0.1,
        max_angle: float = 10.0,
        max_shear: float = 0.1,
        fill: Fill = 0.0,
    ) -> None:
        self.image_shape = image_shape
        self.max_shift = max_shift
        self.max_zoom = max_zoom
        self.max_angle = max_angle
        self.max_shear = max_shear
        self.fill = fill

    def _draw(
        self, rng: np.random.Generator, n: int, size: tuple[int, int], dtype: np.dtype[Any]
    ) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any]]:
        up, left = (_each(uniform(rng, n, -m, m, dtype)) for m in np.multiply(size, self.max_shift))
        zoom = _each(factor(rng, n, self.max_zoom, dtype))
        shear = _each(uniform(rng, n, -self.max_shear, self.max_shear, dtype))
        angle = np.deg2rad(rng.uniform(-self.max_angle, self.max_angle, n))
        a, b, c, d = (each / zoom for each in _rotation(angle, dtype))
        return (a, b, c + shear * a, d + shear * b), (up, left)


class RandomCrop(ImageAugmentation):
    r"""Cut a part out of each image, anywhere, and bring it to the size of the whole.

    .. math:: \text{part} = (1 - s) \cdot \text{sides}, \qquad s \sim U(0, m)

    with m = ``max_cut``; the place of the part is uniform. Keeps labels. Source: Szegedy et al.
    (2015).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    max_cut : float, default=0.2
        In [0, 1): the largest share of each side that is cut away. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomCrop
    >>> ramp = np.arange(5.0)[None]
    >>> RandomCrop((1, 5), max_cut=0.5)(ramp, None, np.random.default_rng(0))[0].round(2)
    array([[0.05, 0.73, 1.42, 2.1 , 2.78]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "max_cut": SHARE,
    }
    _strengths = ("max_cut",)

    def __init__(self, image_shape: tuple[int, ...], *, max_cut: float = 0.2) -> None:
        self.image_shape = image_shape
        self.max_cut = max_cut

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        n, h, w, _ = images.shape
        cut = _each(uniform(rng, n, 0, self.max_cut, images.dtype))
        y, x = (
            np.arange(side, dtype=images.dtype) * (1 - cut)
            + _each(uniform(rng, n, 0, 1, images.dtype)) * cut * (side - 1)
            for side in (h, w)
        )
        return read_between_pixels(images, np.swapaxes(y, 1, 2), x, "edge")


class _Flip(ImageAugmentation):
    """Mirrors some images along ``axis``."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ImageAugmentation._parameter_constraints,
        "probability": PROBABILITY,
    }
    _strengths = ("probability",)
    _axis: ClassVar[int]
    probability: float

    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        mirrored = rng.random(len(images)) < self.probability
        return np.where(mirrored[:, None, None, None], np.flip(images, self._axis), images)


class RandomHorizontalFlip(_Flip):
    """Mirror images left to right, each with a probability.

    Keeps labels where left and right do not matter: of photographs, not of letters. Source:
    Krizhevsky, Sutskever and Hinton (2012).

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    probability : float, default=0.5
        In [0, 1]. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomHorizontalFlip
    >>> flip = RandomHorizontalFlip((2, 2), probability=1.0)
    >>> flip([[1, 2, 3, 4]], None, np.random.default_rng(0))[0]
    array([[2, 1, 4, 3]])
    """

    _axis = 2

    def __init__(self, image_shape: tuple[int, ...], *, probability: float = 0.5) -> None:
        self.image_shape = image_shape
        self.probability = probability


class RandomVerticalFlip(_Flip):
    """Mirror images top to bottom, each with a probability.

    Keeps labels where up and down do not matter: of images from above or from a microscope.

    Parameters
    ----------
    image_shape : tuple of int
        (height, width) of grey images, or (height, width, channels), flattened.
    probability : float, default=0.5
        In [0, 1]. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import RandomVerticalFlip
    >>> flip = RandomVerticalFlip((2, 2), probability=1.0)
    >>> flip([[1, 2, 3, 4]], None, np.random.default_rng(0))[0]
    array([[3, 4, 1, 2]])
    """

    _axis = 1

    def __init__(self, image_shape: tuple[int, ...], *, probability: float = 0.5) -> None:
        self.image_shape = image_shape
        self.probability = probability
