"""Whitening matrices: one of them, and the rotations that make the others of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sknnreg.preprocessing.checking import Floats


@dataclass(frozen=True)
class Correlations:
    """P = U diag(values) U', with the eigenvectors U ``(p, p)``, and the deviations ``scale``.

    Columns are in units of their own, so that none is lost in the rounding of a larger one.
    """

    scale: Floats
    values: Floats
    vectors: Floats

    @classmethod
    def of(cls, covariance: Floats) -> Correlations:
        """Of the columns of a covariance ``(p, p)``."""
        scale = np.sqrt(np.diag(covariance))
        return cls(scale, *np.linalg.eigh(covariance / np.outer(scale, scale)))

    @property
    def smallest_share(self) -> float:
        """The smallest eigenvalue as a share of the largest; 1 of no columns."""
        return float(self.values[0] / self.values[-1]) if len(self.values) else 1.0

    def whitening(self) -> tuple[Floats, Floats]:
        """W = P^(-1/2) V^(-1/2), of variances V, and its inverse; both ``(p, p)``."""
        root, U = np.sqrt(self.values), self.vectors
        return (U / root) @ U.T / self.scale, self.scale[:, None] * ((U * root) @ U.T)


def _positive(rows: Floats, signs: Floats) -> Floats:
    """With the sign of each row turned where ``signs`` are negative."""
    return rows * np.where(signs < 0, -1.0, 1.0)[:, None]


def _zca_cor(W: Floats, inverse: Floats) -> Floats:
    return W


def _zca(W: Floats, inverse: Floats) -> Floats:
    # The inverse is a root of the covariance; its polar factor leads to the symmetric one.
    left, _, right = np.linalg.svd(inverse)
    symmetric: Floats = left @ right @ W
    return symmetric


def _pca(W: Floats, inverse: Floats) -> Floats:
    left, _, right = np.linalg.svd(inverse)
    return _positive(right @ W, np.diag(left))


def _pca_cor(W: Floats, inverse: Floats) -> Floats:
    # The inverse by its rows' lengths, the deviations, is P^(1/2), of the same eigenvectors as P.
    scale = np.sqrt(np.square(inverse).sum(axis=1))
    vectors = np.linalg.eigh(inverse / scale[:, None])[1][:, ::-1].T
    return _positive(vectors @ W, np.diag(vectors))


def _cholesky(W: Floats, inverse: Floats) -> Floats:
    upper = np.linalg.qr(W)[1]
    return _positive(upper, np.diag(upper))


#: The whitening matrix of each method, made of the one by correlations and its inverse: a rotation
#: of it.
WHITENINGS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "zca": _zca,
    "zca_cor": _zca_cor,
    "pca": _pca,
    "pca_cor": _pca_cor,
    "cholesky": _cholesky,
}


def shrink_towards_sphere(covariance: Floats, share: float) -> Floats:
    """(1 - share) S + share m I, m the mean of the variances."""
    shrunk = (1 - share) * covariance
    if len(covariance):
        np.fill_diagonal(shrunk, np.diag(shrunk) + share * np.diag(covariance).mean())
    return shrunk
