"""Rows of a data set, read into a buffer of the computing dtype and standardized on the way.

Nothing here copies a data set whole: arrays of any dtype, sparse matrices and memory maps larger
than memory are read a few rows at a time.
"""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array

Positions: TypeAlias = slice | Array

GATHER = 1 << 17
MAPPED_GATHER = 1 << 22
# A page fault maps pages around it too, and how many is the system's affair. So a file is read in
# stretches of this many bytes, and no more of it than a stretch is ever resident.
MAPPED_BYTES = 1 << 26


@dataclass(frozen=True)
class Rows(ABC):
    """``n`` rows of ``width`` numbers: (values - offset) / scale, those in ``index`` only."""

    values: Any
    index: Array | None = None
    offset: Array | None = None
    scale: Array | None = None

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers a row, once read."""

    @property
    def gathered_at_once(self) -> int:
        """Numbers worth gathering at a time: a few batches of small data, within the cache."""
        return GATHER

    def __len__(self) -> int:
        return self.values.shape[0] if self.index is None else len(self.index)

    @abstractmethod
    def _fetch(self, positions: Positions, out: Array) -> None:
        """Copy the stored rows at ``positions`` to ``out (b, width)``, as they are."""

    def read(self, positions: Positions, out: Array) -> Array:
        """The rows at ``positions``, standardized, in ``out (b, width)``."""
        if self.index is not None:
            positions = self.index[positions]
        # Centring a large offset away needs the stored precision, and so do numbers that are beyond
        # the computing one's before they are scaled.
        scaled = self.offset is not None or self.scale is not None
        exact = scaled and out.dtype != np.float64
        fetched = np.empty(out.shape) if exact else out
        self._fetch(positions, fetched)
        if self.offset is not None:
            fetched -= self.offset
        if self.scale is not None:
            fetched /= self.scale
        if fetched is not out:
            out[...] = fetched
        return out

    def take(self, index: Array) -> Rows:
        """Only the rows at ``index``; nothing is copied but the numbers of the rows."""
        return replace(self, index=index if self.index is None else self.index[index])


@dataclass(frozen=True)
class DenseRows(Rows):
    """Rows of a two-dimensional array, in memory or mapped from a file."""

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    @property
    def gathered_at_once(self) -> int:
        """More of a mapped file, whose rows are then read in the order of its pages."""
        return MAPPED_GATHER if is_mapped(self.values) else super().gathered_at_once

    def _fetch(self, positions: Positions, out: Array) -> None:
        if isinstance(positions, slice):
            out[...] = self.values[positions]
            release_pages(self.values)
        elif is_mapped(self.values):
            self._fetch_mapped(positions, out)
        elif self.values.dtype == out.dtype and self.values.flags.c_contiguous:
            # mode="clip" spares take() a buffer of its own; positions are in range by making.
            self.values.take(positions, 0, out, "clip")
        else:
            # take() would first make all of it contiguous.
            out[...] = self.values[positions]

    def _fetch_mapped(self, positions: Array, out: Array) -> None:
        row_bytes = max(self.values.strides[0], self.values.itemsize * self.width)
        rows = max(1, MAPPED_BYTES // row_bytes)
        order = np.argsort(positions)
        stretches = positions[order] // rows
        for some in np.split(order, np.flatnonzero(np.diff(stretches)) + 1):
            out[some] = self.values[positions[some]]
            release_pages(self.values)


@dataclass(frozen=True)
class SparseRows(Rows):
    """Rows of a CSR matrix, made dense a batch at a time."""

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    def _fetch(self, positions: Positions, out: Array) -> None:
        out[...] = self.values[positions].toarray()


@dataclass(frozen=True)
class CodedRows(Rows):
    """Small whole numbers: in one column these, in several a 1 in the column of that number."""

    n_columns: int = 1

    @property
    def width(self) -> int:
        return self.n_columns

    def _fetch(self, positions: Positions, out: Array) -> None:
        codes = self.values[positions]
        if self.n_columns == 1:
            out[:, 0] = codes
        else:
            out[...] = 0
            out[np.arange(len(codes)), codes] = 1


def is_mapped(array: Any) -> bool:
    """Whether an array's numbers stand in a mapped file whose pages it shares."""
    shared = False
    while isinstance(array, np.ndarray):
        # The changes of a copy-on-write map are in its pages only: these must stay.
        shared = shared or (isinstance(array, np.memmap) and array.mode != "c")
        array = array.base
    # A copy of a map is a memmap too, but stands in memory.
    return shared and isinstance(array, mmap.mmap)


def release_pages(array: Any) -> None:
    """Let the pages that were read from a mapped file go; they stay in the system's cache.

    Without this a process that walks a file keeps all of it resident.
    """
    if not is_mapped(array):
        return
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if hasattr(owner, "madvise"):
        owner.madvise(mmap.MADV_DONTNEED)
