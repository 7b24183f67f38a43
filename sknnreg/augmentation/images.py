"""What images have in common: their shape, and pixels as an array."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import StrOptions

from sknnreg.augmentation.base import Augmentation, Floats
from sknnreg.augmentation.sampling import Fill

FILL = [Real, StrOptions({"edge"})]


def check_image_shape(owner: Any, image_shape: Any) -> None:
    """Raise unless it is (height, width) or (height, width, channels)."""
    fits = isinstance(image_shape, tuple | list) and len(image_shape) in (2, 3)
    if not fits or not all(isinstance(each, Integral) and int(each) > 0 for each in image_shape):
        raise ValueError(
            f"image_shape={image_shape!r} of {type(owner).__name__} must be (height, width) of "
            "grey images, or (height, width, channels), such as (8, 8) or (32, 32, 3)."
        )


def as_images(owner: Any, rows: Floats, image_shape: Any) -> Floats:
    """Rows as ``(n, h, w, C)``; raises where they are of another size."""
    if rows.shape[1] != np.prod(image_shape):
        raise ValueError(
            f"image_shape={tuple(image_shape)} of {type(owner).__name__} stands for "
            f"{np.prod(image_shape)} columns, but X has {rows.shape[1]}."
        )
    h, w, *channels = image_shape
    return rows.reshape(len(rows), h, w, channels[0] if channels else 1)


class ImageAugmentation(Augmentation):
    """A random map of images, each flattened into a row; the channels come last."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"image_shape": ["array-like"]}
    image_shape: tuple[int, ...]

    def _check_together(self) -> None:
        check_image_shape(self, self.image_shape)

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        images = as_images(self, rows, self.image_shape)
        return self._changed(images, rng).reshape(rows.shape), y

    @abstractmethod
    def _changed(self, images: Floats, rng: np.random.Generator) -> Floats:
        """New images ``(n, h, w, C)``."""


__all__ = ["FILL", "Fill", "ImageAugmentation", "as_images", "check_image_shape"]
