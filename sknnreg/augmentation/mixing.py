"""Rows made of two: labels are mixed as the features are, or both rows are of one class."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from sknnreg.augmentation.base import COUNT, FROM_ZERO, PROBABILITY, Augmentation, Floats
from sknnreg.augmentation.images import as_images, check_image_shape


class _LabelMixing(Augmentation):
    """Mixes each row with another of the batch, and their targets by the same shares."""

    _strengths = ("alpha",)
    alpha: float

    @property
    def mixes_labels(self) -> bool:
        """It does."""
        return True

    @property
    def mixes_rows(self) -> bool:
        """It does."""
        return True

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        targets = _as_numbers(self, y, len(rows))
        share = rng.beta(self.alpha, self.alpha, len(rows)).astype(rows.dtype)
        other = rng.permutation(len(rows))
        new, kept = self._mixed(rows, rows[other], share, rng)
        kept = kept.astype(targets.dtype, copy=False).reshape(-1, *(1,) * (targets.ndim - 1))
        return new, kept * targets + (1 - kept) * targets[other]

    def _mixed(
        self, rows: Floats, others: Floats, share: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """The mixtures, and how much of the first row is in each ``(n,)``."""
        raise NotImplementedError


def _as_numbers(owner: Any, y: Any, n: int) -> NDArray[Any]:
    """Targets that can be mixed; labels, which cannot, are an error."""
    targets = np.asarray(y)
    if targets.ndim == 2 and targets.dtype.kind in "biu":
        targets = targets.astype(np.float64)
    if targets.dtype.kind != "f" or targets.ndim not in (1, 2) or len(targets) != n:
        raise ValueError(
            f"{type(owner).__name__} mixes targets, and needs numbers: amounts as floats, or a "
            "column of shares for each class (sklearn.preprocessing.LabelBinarizer); got y of "
            f"{targets.dtype} and shape {targets.shape}. Networks pass shares by themselves."
        )
    return targets


class Mixup(_LabelMixing):
    r"""Mix each row with another of the batch, labels included.

    .. math:: (x', y') = t\,(x_i, y_i) + (1 - t)\,(x_j, y_j), \qquad t \sim \text{Beta}(a, a)

    with a = ``alpha`` and j a random permutation of the batch. Mixes labels: a classifier learns
    shares of classes. The estimators' own ``mixup`` does the same by itself; this one can stand in
    a `Compose`. Source: Zhang et al. (2018).

    Parameters
    ----------
    alpha : float, default=0.2
        At least 0. Small values stay near one of the rows, 1 is uniform. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import Mixup
    >>> X, y = Mixup(1.0)([[0.0], [8.0]], np.array([0.0, 1.0]), np.random.default_rng(3))
    >>> X.ravel().round(2), y.round(2)
    (array([5.88, 1.43]), array([0.73, 0.18]))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"alpha": FROM_ZERO}

    def __init__(self, alpha: float = 0.2) -> None:
        self.alpha = alpha

    def _mixed(
        self, rows: Floats, others: Floats, share: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        others -= rows
        others *= (1 - share)[:, None]
        others += rows
        return others, share


class CutMix(_LabelMixing):
    r"""Give each row a part of another's columns, and as much of its label.

    .. math:: x' = m \cdot x_i + (1 - m) \cdot x_j, \qquad y' = \bar{m}\, y_i + (1 - \bar{m})\, y_j

    with m a mask of 0 and 1 and :math:`\bar{m}` its mean. Of a share :math:`t \sim
    \text{Beta}(a, a)`, each column is kept with probability t; of images, a rectangle of area
    1 - t anywhere comes from the other. Mixes labels. Source: Yun et al. (2019).

    Parameters
    ----------
    alpha : float, default=1.0
        At least 0: a. 0 is off.
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, channels) of images that were flattened; None for other
        rows, whose columns have no neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import CutMix
    >>> X, y = CutMix()(np.eye(2).repeat(4, 1), np.array([0.0, 1.0]), np.random.default_rng(7))
    >>> X
    array([[0., 0., 0., 0., 1., 1., 1., 1.],
           [1., 1., 1., 1., 0., 1., 0., 1.]])
    >>> y
    array([1.  , 0.25])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": FROM_ZERO,
        "image_shape": ["array-like", None],
    }

    def __init__(self, alpha: float = 1.0, *, image_shape: tuple[int, ...] | None = None) -> None:
        self.alpha = alpha
        self.image_shape = image_shape

    def _check_together(self) -> None:
        if self.image_shape is not None:
            check_image_shape(self, self.image_shape)

    def _mixed(
        self, rows: Floats, others: Floats, share: Floats, rng: np.random.Generator
    ) -> tuple[Floats, Floats]:
        if self.image_shape is None:
            kept = rng.random(rows.shape, dtype=np.float32) < share[:, None]
            return np.where(kept, rows, others), kept.mean(axis=1)
        images, other_images = (as_images(self, x, self.image_shape) for x in (rows, others))
        inside = []
        for side in images.shape[1:3]:
            middle = rng.random((len(rows), 1)) * side
            half = np.sqrt(1 - share)[:, None] * (side / 2)
            inside.append(np.abs(np.arange(side) + 0.5 - middle) < half)
        theirs = inside[0][:, :, None] & inside[1][:, None, :]
        new = np.where(theirs[..., None], other_images, images).reshape(rows.shape)
        return new, 1 - theirs.mean(axis=(1, 2))


class SmoteInterpolation(Augmentation):
    r"""Move each row towards a near one of its own class.

    .. math:: x' = x_i + u\,(x_j - x_i), \qquad u \sim U(0, m)

    with m = ``max_share`` and j drawn from the ``n_neighbors`` rows of the batch that are nearest
    to i among those of its class, distances being in standard deviations of each column. Keeps
    labels; a row whose class has no other in the batch stays. For classifiers. Source: Chawla et
    al. (2002), who add such rows to a class that has few: imbalanced-learn's ``SMOTE`` does that.

    Parameters
    ----------
    n_neighbors : int, default=5
        At least 1.
    max_share : float, default=1.0
        In [0, 1]: how far towards the other row. 0 is off.

    Examples
    --------
    >>> import numpy as np
    >>> from sknnreg.augmentation import SmoteInterpolation
    >>> X, y = np.array([[0.0], [1.0], [8.0], [9.0], [50.0]]), np.array(list("aabbc"))
    >>> SmoteInterpolation()(X, y, np.random.default_rng(0))[0].ravel().round(2)
    array([ 0.91,  0.39,  8.73,  8.46, 50.  ])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_neighbors": COUNT,
        "max_share": PROBABILITY,
    }
    _strengths = ("max_share",)

    def __init__(self, n_neighbors: int = 5, *, max_share: float = 1.0) -> None:
        self.n_neighbors = n_neighbors
        self.max_share = max_share

    @property
    def mixes_rows(self) -> bool:
        """It does."""
        return True

    def _augment(self, rows: Floats, y: Any, rng: np.random.Generator) -> tuple[Floats, Any]:
        spread = rows.std(axis=0)
        spread[spread == 0] = 1
        scaled = rows / spread
        # Drawn for all rows, so that a row's draws do not depend on how many are of its class.
        choice, share = rng.random((2, len(rows)))
        other = np.arange(len(rows))
        for members in _classes(y, len(rows)):
            k = min(self.n_neighbors, len(members) - 1)
            if k == 0:
                continue
            distance = cdist(scaled[members], scaled[members], "sqeuclidean")
            np.fill_diagonal(distance, np.inf)
            nearest = np.argpartition(distance, k - 1, axis=1)[:, :k]
            drawn = (choice[members] * k).astype(np.intp)
            other[members] = members[nearest[np.arange(len(members)), drawn]]
        share = (share * self.max_share).astype(rows.dtype)
        return rows + share[:, None] * (rows[other] - rows), y


def _classes(y: Any, n: int) -> list[NDArray[np.intp]]:
    """The rows of each class, or of each combination of labels."""
    labels = np.asarray(y)
    amounts = labels.dtype.kind == "f" and (labels != np.floor(labels)).any()
    if labels.ndim not in (1, 2) or len(labels) != n or amounts:
        raise ValueError(
            "SmoteInterpolation needs a label for each row, got y of "
            f"{labels.dtype} and shape {labels.shape}{', with fractions' if amounts else ''}. For "
            "a regressor take Mixup; put it before a member that mixes labels."
        )
    _, codes = np.unique(labels, axis=0, return_inverse=True)
    codes = codes.ravel()
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
