"""Which rows each member learns from, and which it holds out."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.table import Table

# The fold of rows that all members learn from.
ALWAYS_TRAINED = -1


@dataclass(frozen=True)
class Split:
    """Row numbers to learn from and to hold out; rows of weight 0 are in neither."""

    train: Array
    held_out: Array


@dataclass(frozen=True)
class Strata:
    """A number per row that the folds should share out evenly.

    Of those that are ``kept``, the classes, no member should go without.
    """

    codes: Array
    kept: bool


def splits_of(cv: Any, n_members: int, table: Table, strata: Strata, seed: int) -> list[Split]:
    """One for each fold; ``cv`` is a number of folds, None for one per member, or a splitter."""
    present = np.flatnonzero(table.present)
    if cv is not None and not isinstance(cv, Integral):
        return _given(cv, table)
    codes = np.unique(strata.codes[present], return_inverse=True)[1].ravel()
    groups = None if table.groups is None else table.groups[present]
    units = np.arange(len(present)) if groups is None else np.unique(groups, return_inverse=True)[1]
    needed = _needed(codes, units) if strata.kept else np.zeros(len(present), np.bool_)
    n_folds = _n_folds(cv, n_members, units[~needed], len(present), groups is not None)
    folds = np.full(len(present), ALWAYS_TRAINED)
    rng = np.random.RandomState(seed)
    deal = _deal_rows if groups is None else _deal_groups
    folds[~needed] = deal(codes[~needed], units[~needed], n_folds, rng)
    return [Split(present[folds != k], present[folds == k]) for k in range(n_folds)]


def _needed(codes: Array, units: Array) -> Array:
    """The rows, or all rows of groups, that are all there is of some class."""
    pairs = np.unique(np.column_stack([codes, units]), axis=0)
    single = pairs[np.bincount(pairs[:, 0])[pairs[:, 0]] == 1, 1]
    needed: Array = np.isin(units, single)
    return needed


def _n_folds(cv: Any, n_members: int, units: Array, n_rows: int, grouped: bool) -> int:
    """How many folds; raise if there are not as many rows or groups that can be held out."""
    n_units = len(np.unique(units))
    n_folds = min(n_members, n_units) if cv is None else int(cv)
    if 2 <= n_folds <= n_units:
        return n_folds
    if cv is None and n_members == 1:
        raise ValueError(
            "n_members=1 with cv=None is one fold for one member: all rows would be held out. Set "
            "cv to a number of folds, such as cv=5, or validation=None."
        )
    what = "groups" if grouped else "rows"
    raise ValueError(
        f"{'cv=' + str(cv) if cv is not None else 'The folds'} cannot be made of n_samples="
        f"{n_rows}: {n_units} {what} can be held out, and there must be at least "
        f"{max(2, n_folds)}. The only {what[:-1]} of a class is always learned from. Pass more "
        f"{what}, a smaller cv, or validation=None."
    )


def _deal_rows(codes: Array, units: Array, n_folds: int, rng: np.random.RandomState) -> Array:
    """In random order, class by class: each class' rows go round the folds, and so do all rows."""
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    folds = np.empty(len(codes), np.intp)
    folds[order] = np.arange(len(codes)) % n_folds
    return folds


def _deal_groups(codes: Array, units: Array, n_folds: int, rng: np.random.RandomState) -> Array:
    """Large groups first, each into the fold that has least of what it brings.

    With g_k of the group's rows, h_k of the fold's and n_k of all rows in stratum k, that is the
    least sum of h_k g_k / n_k.
    """
    names, places = np.unique(units, return_inverse=True)
    sizes = np.bincount(places)
    order = rng.permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    # A stratum whose rows are all learned from has none here.
    total = np.maximum(np.bincount(codes), 1)
    members = np.split(np.argsort(places, kind="stable"), np.cumsum(sizes)[:-1])
    held, rows = np.zeros((n_folds, len(total))), np.zeros(n_folds)
    folds = np.empty(len(codes), np.intp)
    for group in order:
        brings = np.bincount(codes[members[group]], minlength=len(total))
        # First of all, none that would then hold all there is of a class; of equally good ones, the
        # one with the fewest rows.
        takes_all = ((held + brings == total) & (brings > 0)).any(axis=1)
        best = np.lexsort((rows, held @ (brings / total), takes_all))[0]
        held[best] += brings
        rows[best] += sizes[group]
        folds[members[group]] = best
    return folds


def _given(cv: Any, table: Table) -> list[Split]:
    """The splits of a splitter or a list, without the rows of weight 0."""
    if isinstance(cv, str) or not (hasattr(cv, "split") or isinstance(cv, Iterable)):
        raise ValueError(
            f"cv={reprlib.repr(cv)} must be a number of folds of at least 2, None for as many as "
            "members, a splitter of sklearn.model_selection, or a list of (train, test) rows."
        )
    has_split = hasattr(cv, "split")
    splits = list(cv.split(table.X, table.y, table.groups) if has_split else cv)
    if not splits:
        raise ValueError(
            f"cv={reprlib.repr(cv)} has no splits. A generator gives its splits to one fit only: "
            "pass a list of them, or the splitter itself."
        )
    return [_checked(k, split, table) for k, split in enumerate(splits)]


def _rows(k: int, given: Any, n: int) -> Array:
    """Row numbers, or a boolean for each row, as row numbers."""
    index = np.asarray(given)
    if index.dtype == np.bool_ and index.shape == (n,):
        return np.flatnonzero(index)
    index = index.astype(np.intp) if index.size == 0 else index
    # From the end is refused too: -1 and n - 1 would be two rows to what follows.
    if index.ndim != 1 or index.dtype.kind not in "iu" or ((index < 0) | (index >= n)).any():
        raise ValueError(
            f"split {k} of cv must have the numbers of rows, from 0 to {n - 1}, or a boolean for "
            f"each row; got {reprlib.repr(given)}."
        )
    return index


def _checked(k: int, given: Any, table: Table) -> Split:
    try:
        train, test = given
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"split {k} of cv must be a pair, the rows to learn from and those to hold out; got "
            f"{reprlib.repr(given)}."
        ) from error
    parts = [_rows(k, each, len(table)) for each in (train, test)]
    split = Split(*(index[table.present[index]] for index in parts))
    if len(split.train) == 0 or len(split.held_out) == 0:
        raise ValueError(
            f"split {k} of cv has {len(split.train)} rows of weight above 0 to learn from and "
            f"{len(split.held_out)} to hold out; there must be some of both."
        )
    both = np.intersect1d(split.train, split.held_out)
    if len(both):
        raise ValueError(
            f"split {k} of cv both learns from and holds out {len(both)} rows, such as row "
            f"{both[0]}: a member would be judged by rows it has learned from."
        )
    return split
