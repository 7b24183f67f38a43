"""Whitening matrices: one of them, and the rotations that make the others of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sknnreg.preprocessing.checking import Floats


def whitening_of_correlations(covariance: Floats) -> tuple[Floats, Floats]:
    """W = P^(-1/2) V^(-1/2) of correlations P and variances V, and its inverse; both ``(p, p)``.

    Columns are in units of their own first, so that none is lost in the rounding of a larger one.
    """
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = np.sqrt(values)
    return (vectors / root) @ vectors.T / scale, scale[:, None] * ((vectors * root) @ vectors.T)


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


def smallest_share(covariance: Floats) -> float:
    """The smallest eigenvalue of the correlations, as a share of the largest; 1 of no columns."""
    if not len(covariance):
        return 1.0
    scale = np.sqrt(np.diag(covariance))
    values = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
    return float(values[0] / values[-1])


def shrink_towards_sphere(covariance: Floats, share: float) -> Floats:
    """(1 - share) S + share m I, m the mean of the variances."""
    shrunk = (1 - share) * covariance
    if len(covariance):
        np.fill_diagonal(shrunk, np.diag(shrunk) + share * np.diag(covariance).mean())
    return shrunk
