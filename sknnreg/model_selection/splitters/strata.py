"""Strata of rows with similar targets, and parts that take equally from each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sknnreg.engine.arrays.stack import Array

Rows = NDArray[np.intp]

# What means may differ by, in standard deviations; of fewer than 14 rows 1 / rows**2, lest chance
# has no say in which rows come together.
TOLERANCE = 0.005
# Of each fold, and pairs looked at in all: with very many folds, means are left as they are.
MOST_SWAPS, MOST_LOOKS = 50, 10**8
# A gain as small as rounding's is none.
LEAST_GAIN = 1e-9


def strata(ranks: Array, rows: Rows, n_strata: int, shift: float = 0.0) -> list[Rows]:
    """Rows of similar targets together; sizes differ by one at most.

    Cut in two, again and again, along the output whose ranks ``(n, q)`` reach furthest. One output
    is simply sorted. Where a cut falls between rows, ``shift``, in [0, 1), decides on which side.
    """
    if n_strata == 1:
        return [rows]
    within = ranks[rows]
    widest = int(np.ptp(within, axis=0).argmax())
    rows = rows[np.argsort(within[:, widest], kind="stable")]
    if ranks.shape[1] == 1:
        cuts = np.floor(np.arange(1, n_strata) * len(rows) / n_strata + shift)
        return np.split(rows, cuts.astype(np.intp))
    n_lower = n_strata // 2
    at = int(len(rows) * n_lower / n_strata + shift)
    lower = strata(ranks, rows[:at], n_lower, shift)
    return lower + strata(ranks, rows[at:], n_strata - n_lower, shift)


def dealt(z: Array, k: int, rng: np.random.RandomState | None) -> Rows:
    """The fold of each row ``(n,)``: of each stratum of k rows, one goes to each fold.

    The n mod k rows nearest to the mean are a stratum by themselves. ``rng`` deals them at random,
    None in turns from the first fold to the last and back. Then rows of a stratum change places
    until the folds' means are near enough to 0; where they cannot be, of 2, 4, ... strata.
    """
    n, m = len(z), len(z) // k
    rows = np.arange(n) if rng is None else rng.permutation(n)
    nearest = np.argsort(np.square(z[rows]).sum(axis=1), kind="stable")[: n % k]
    table = np.array(strata(rankdata(z, axis=0), np.delete(rows, nearest), m))
    if n % k:
        # Where there is no row, the fold's sum stays as if there were one at the mean.
        table = np.vstack([table, np.append(rows[nearest], np.full(k - n % k, -1))])
    if rng is None:
        table[1::2] = table[1::2, ::-1].copy()
    else:
        turns = rng.random_sample(table.shape).argsort(axis=1)
        table = np.take_along_axis(table, turns, axis=1)
    values = np.where((table >= 0)[..., None], z[table], 0.0)
    sums, width = values.sum(axis=0), 1
    near = _tolerance(m) * n / k
    while n > k and width**2 <= 4 * m and np.abs(sums).max() > near:
        # Wider, the short stratum could lend its gaps to one fold twice.
        end = len(table) if width == 1 else m
        _swap_between(table[:end], values[:end], sums, near, width)
        width *= 2
    folds = np.empty(n, dtype=np.intp)
    present = table >= 0
    folds[table[present]] = np.broadcast_to(np.arange(k), table.shape)[present]
    return folds


def _swap_between(table: Rows, values: Array, sums: Array, near: float, width: int) -> None:
    """Let folds, the columns of ``(m, k)`` and ``(m, k, q)``, change rows of ``width`` strata.

    A swap of z_i in fold f for z_j in fold g, with d = z_i - z_j, changes the sum of the squares of
    the folds' ``sums (k, q)`` by 2 d (d - (D_f - D_g)). The fold that is furthest off goes first.
    """
    waiting = np.ones(len(sums), dtype=np.bool_)
    for _ in range(min(MOST_SWAPS * len(sums), MOST_LOOKS // (values.size * width))):
        off = np.where(waiting, np.abs(sums).max(axis=1), 0.0)
        fold = int(off.argmax())
        if off[fold] <= near:
            return
        change, stratum, others = _best_swap(values, sums, fold, width)
        if change >= -LEAST_GAIN:
            waiting[fold] = False
            continue
        here, there = (stratum, fold), others
        difference = values[here] - values[there]
        sums[fold] -= difference
        sums[there[1]] += difference
        table[here], table[there] = table[there], table[here]
        values[here], values[there] = values[there].copy(), values[here].copy()


def _best_swap(
    values: Array, sums: Array, fold: int, width: int
) -> tuple[float, int, tuple[int, int]]:
    """Half of what it changes, the stratum of the fold's row, and where the other row is."""
    m, k, q = values.shape
    gaps = np.full((-m % width, k, q), np.inf)
    blocks = np.concatenate([values, gaps]).reshape(-1, width, 1, k, q)
    with np.errstate(invalid="ignore"):
        d = blocks[:, :, :, [fold]] - blocks.reshape(-1, 1, width, k, q)
        change = (d * (d - (sums[fold] - sums))).sum(axis=-1)
    best = int(np.nanargmin(change))
    block, own, other, column = (int(i) for i in np.unravel_index(best, change.shape))
    return float(change.flat[best]), block * width + own, (block * width + other, column)


def drawn(z: Array, rows: Rows, size: int, rng: np.random.RandomState) -> tuple[Rows, Rows]:
    """So many of these rows, one at random out of each of as many strata, and the others.

    Then the choice changes within strata until the mean of what is drawn is near enough to 0.
    """
    if 2 * size > len(rows):
        others, taken = drawn(z, rows, len(rows) - size, rng)
        return taken, others
    if size == 0:
        return rows[:0], rows
    # By a fixed rounding the larger strata would always stand at the same ranks.
    parts = strata(rankdata(z, axis=0), rng.permutation(rows), size, rng.random_sample())
    lengths = np.array([len(part) for part in parts])
    table = np.full((size, lengths.max()), -1)
    table[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(parts)
    choice = (rng.random_sample(size) * lengths).astype(np.intp)
    _swap_within(table, choice, z)
    taken = table[np.arange(size), choice]
    return taken, np.setdiff1d(rows, taken)


def _swap_within(table: Rows, choice: Rows, z: Array) -> None:
    """Let the drawn rows, at ``choice (p,)`` in ``table (p, w)``, change places in their strata."""
    here = np.arange(len(table))
    values = np.where((table >= 0)[..., None], z[table], np.inf)
    tolerance = _tolerance(len(table)) * len(table)
    for _ in range(MOST_SWAPS * len(table)):
        now = values[here, choice]
        total = now.sum(axis=0)
        if np.abs(total).max() <= tolerance:
            return
        after = np.square(total + values - now[:, None]).sum(axis=-1)
        stratum, other = np.unravel_index(int(after.argmin()), after.shape)
        if after[stratum, other] > np.square(total).sum() - LEAST_GAIN:
            return
        choice[stratum] = other


def _tolerance(n_rows: int) -> float:
    return max(TOLERANCE, 1 / n_rows**2)
