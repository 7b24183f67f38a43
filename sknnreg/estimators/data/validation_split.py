"""The validation part that early stopping splits off: single rows, or whole groups of them."""

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import spawn

# Of so many groups, in random order, the one that fits best is held out next.
CANDIDATES = 64
_WAYS_OUT = "pass X_val and y_val to fit, or set early_stopping=False."


def split(strata: Array | None, n_rows: int, fraction: float, seed: int) -> tuple[Array, Array]:
    """Row numbers of the training and of the validation part, in ascending order.

    Stratified: every stratum gives its share, but keeps at least one row for training. The split
    depends on the seed and the strata alone, so going on later finds it again.
    """
    generator = spawn(seed, "split")
    n_validation = int(np.ceil(fraction * n_rows))
    held_out = np.zeros(n_rows, np.bool_)
    parts: Iterable[Array]
    if strata is None:
        parts = [np.arange(n_rows)]
    else:
        parts = [np.flatnonzero(strata == value) for value in np.unique(strata)]
    parts = [generator.permutation(part) for part in parts]
    sizes = np.array([len(part) for part in parts])
    for part, count in zip(parts, _apportioned(sizes, n_validation), strict=True):
        held_out[part[:count]] = True
    if not held_out.any():
        raise ValueError(
            f"early_stopping=True finds no row to validate on: validation_fraction={fraction} of "
            f"n_samples={n_rows} leaves nothing once every class keeps a row for training. "
            f"Increase validation_fraction, {_WAYS_OUT}"
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def split_groups(
    groups: Array, strata: Array | None, fraction: float, seed: int, *, keep_strata: bool
) -> tuple[Array, Array]:
    """As ``split``, with all rows of a group on the same side.

    Group by group is held out so that the strata's shares among the rows held out,
    h_k / H, stay near those of all rows, p_k: by the least sum of (h_k - p_k H)^2 / (p_k H). The
    number of rows ends as near to ``fraction`` as another group could bring it, hence within one
    group's size. With ``keep_strata`` every stratum keeps at least one row for training.
    """
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        raise ValueError(
            f"early_stopping=True cannot hold out whole groups: all {len(groups)} rows that count "
            f"are of the one group {str(names[0])!r}. Pass rows of at least two groups, leave "
            f"groups out, {_WAYS_OUT}"
        )
    counts = _counts(codes, np.zeros(len(groups), int) if strata is None else strata)
    choice = _GroupChoice(counts, int(np.ceil(fraction * len(groups))), keep_strata)
    chosen = choice.made(spawn(seed, "split").permutation(len(names)))
    if not chosen:
        raise ValueError(
            f"early_stopping=True cannot hold out whole groups: each of the {len(names)} groups "
            "holds all rows of some class, which could not be learned without it. Pass groups "
            f"that share their classes, leave groups out, {_WAYS_OUT}"
        )
    held_out = np.isin(codes, chosen)
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


class _GroupChoice:
    """Which groups to hold out, by their rows in each stratum, ``(n_groups, n_strata)``."""

    def __init__(self, counts: sparse.csr_array, wanted: int, keep_strata: bool) -> None:
        self._counts, self._wanted, self._keep = counts, wanted, keep_strata
        self._sizes = counts.sum(axis=1)
        self._total = counts.sum(axis=0)
        self._held = np.zeros_like(self._total)

    def made(self, order: Array) -> list[int]:
        """The groups, of those in this order."""
        chosen: list[int] = []
        candidates, at = order[:0], 0
        while len(candidates) or at < len(order):
            taken = order[at : at + CANDIDATES - len(candidates)]
            candidates, at = np.concatenate([candidates, taken]), at + len(taken)
            # What is too large for the room left, or needed for training, stays so.
            room = self._wanted - self._held.sum()
            candidates = candidates[self._sizes[candidates] < 2 * room]
            candidates, rows = self._dispensable(candidates)
            if len(candidates):
                best = int(np.argmin(self._misfit(rows)))
                chosen.append(int(candidates[best]))
                self._held += rows[best]
                candidates = np.delete(candidates, best)
        return chosen or self._smallest()

    def _smallest(self) -> list[int]:
        """A single group, where each has more than twice as many rows as are wanted."""
        for size in np.unique(self._sizes):
            candidates, rows = self._dispensable(np.flatnonzero(self._sizes == size))
            if len(candidates):
                return [int(candidates[np.argmin(self._misfit(rows))])]
        return []

    def _dispensable(self, candidates: Array) -> tuple[Array, Array]:
        """Those that leave rows of every stratum to train with; their rows by stratum."""
        rows: Array = self._counts[candidates].toarray()
        left = self._total - self._held - rows
        fine = (left > 0).all(axis=1) if self._keep else left.sum(axis=1) > 0
        return candidates[fine], rows[fine]

    def _misfit(self, rows: Array) -> Array:
        """How far the strata's shares would be from those of all rows, by candidate."""
        held = self._held + rows
        expected = self._total / self._total.sum() * held.sum(axis=1, keepdims=True)
        misfit: Array = (np.square(held - expected) / expected).sum(axis=1)
        return misfit


def _counts(groups: Array, strata: Array) -> sparse.csr_array:
    """How many rows each group has in each stratum."""
    _, columns = np.unique(strata, return_inverse=True)
    ones = np.ones(len(groups), int)
    return sparse.coo_array((ones, (groups, columns))).tocsr()


def _apportioned(sizes: Array, wanted: int) -> Array:
    """``wanted`` dealt in proportion to ``sizes`` by largest remainders; at most size - 1 each."""
    exact = wanted * sizes / sizes.sum()
    counts: Array = np.minimum(np.floor(exact).astype(int), sizes - 1)
    for index in np.argsort(counts - exact, kind="stable"):
        if counts.sum() < wanted and counts[index] < sizes[index] - 1:
            counts[index] += 1
    return counts
