"""Rows of any numbers: with noise, or with values of other rows."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from sknnreg.augmentation.base import FROM_ZERO, PROBABILITY, Augmentation, Floats


class GaussianNoise(Augmentation):
    r"""Add Gaussian noise: jitter of tables, grain of images, hiss of series.

    .. math:: x' = x + \sigma \varepsilon, \qquad \varepsilon \sim N(0, 1)

    Keeps labels. The estimators' own ``input_noise`` does the same in units of the standardized
    inputs; this one can stand in a `Compose`. Source: Bishop (1995).

    Parameters
    ----------
    std : float or array-like of shape (n_features,), default=0.1
        At least 0: :math:`\sigma`, of all columns or one each. 0 is off.
    relative : bool, default=False
        Whether ``std`` is a multiple of each column's standard deviation in the batch; in units of
        X otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import GaussianNoise
    >>> GaussianNoise([0.0, 1.0])([[1.0, 1.0]], None, np.random.default_rng(0))[0].round(2)
    array([[1.  , 0.87]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "std": [*FROM_ZERO, "array-like"],
        "relative": ["boolean"],
    }
    _strengths = ("std",)

    def __init__(self, std: Any = 0.1, *, relative: bool = False) -> None:
        self.std = std
        self.relative = relative

    def _check_together(self) -> None:
        std = np.asarray(self.std)
        if (
            std.ndim > 1
            or std.dtype.kind not in "biuf"
            or not (std >= 0).all()
            or np.isinf(std).any()
        ):
            raise ValueError(
                f"std={self.std!r} of GaussianNoise must be a finite number of at least 0, or one "
                "for each column."
            )

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        std = np.asarray(self.std, rows.dtype)
        if std.ndim and len(std) != rows.shape[1]:
            raise ValueError(
                f"std of GaussianNoise has {len(std)} numbers, but X has {rows.shape[1]} columns."
            )
        if self.relative:
            std = std * rows.std(axis=0)
        noise: Floats = rng.standard_normal(rows.shape, dtype=rows.dtype.type)
        noise *= std
        noise += rows
        return noise, y


class SwapNoise(Augmentation):
    """Replace some values by those of other rows, in the same column.

    Each value is replaced with probability p by that of a row drawn from the batch, so that every
    column keeps its distribution: codes stay codes. Keeps labels. Source: Jahrer (2017), for
    denoising autoencoders.

    Parameters
    ----------
    probability : float, default=0.1
        In [0, 1]: p. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import SwapNoise
    >>> X = np.array([[1, 10], [2, 20], [3, 30]])
    >>> SwapNoise(0.5)(X, None, np.random.default_rng(2))[0]
    array([[ 1, 20],
           [ 1, 20],
           [ 2, 30]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"probability": PROBABILITY}
    _strengths = ("probability",)

    def __init__(self, probability: float = 0.1) -> None:
        self.probability = probability

    @property
    def mixes_rows(self) -> bool:
        """It does."""
        return True

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        n, width = rows.shape
        at = np.flatnonzero(rng.random(rows.shape, dtype=np.float32) < self.probability)
        new = rows.copy()
        others = rng.integers(n, size=len(at))
        new.reshape(-1)[at] = rows.reshape(-1)[others * width + at % width]
        return new, y
