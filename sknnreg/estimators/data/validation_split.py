"""The validation part that early stopping splits off."""

from collections.abc import Iterable

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import spawn


def split(strata: Array | None, n_rows: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """Row numbers of the training and of the validation part, in ascending order.

    Stratified: every stratum gives its share, but keeps at least one row for training. The split
    depends on the seed and the strata alone, so going on later finds it again.
    """
    generator = spawn(seed, "split")
    n_validation = int(np.ceil(fraction * n_rows))
    held_out = np.zeros(n_rows, np.bool_)
    groups: Iterable[Array]
    if strata is None:
        groups = [np.arange(n_rows)]
    else:
        groups = [np.flatnonzero(strata == value) for value in np.unique(strata)]
    groups = [generator.permutation(group) for group in groups]
    sizes = np.array([len(group) for group in groups])
    for group, count in zip(groups, _apportioned(sizes, n_validation), strict=True):
        held_out[group[:count]] = True
    if not held_out.any():
        raise ValueError(
            f"early_stopping=True finds no row to validate on: validation_fraction={fraction} of "
            f"n_samples={n_rows} leaves nothing once every class keeps a row for training. "
            "Increase validation_fraction, pass X_val and y_val to fit, or set "
            "early_stopping=False."
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _apportioned(sizes: Array, wanted: int) -> Array:
    """``wanted`` dealt in proportion to ``sizes`` by largest remainders; at most size - 1 each."""
    exact = wanted * sizes / sizes.sum()
    counts: Array = np.minimum(np.floor(exact).astype(int), sizes - 1)
    for index in np.argsort(counts - exact, kind="stable"):
        if counts.sum() < wanted and counts[index] < sizes[index] - 1:
            counts[index] += 1
    return counts
