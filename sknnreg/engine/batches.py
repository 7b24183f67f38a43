"""Mini-batches of M data sets at once, shuffled per network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sknnreg.engine.rows import DenseRows, Rows
from sknnreg.engine.stack import Array
from sknnreg.engine.streams import Streams

# Data sets up to this many bytes in all are standardized once, into a copy; larger ones per batch.
CACHE_BYTES = 64 << 20


@dataclass(frozen=True)
class DataSet:
    """The rows one network learns from or is judged by; ``weight (n,)`` or None for all alike."""

    x: Rows
    y: Rows
    weight: Array | None = None

    def __len__(self) -> int:
        return len(self.x)

    def cached(self, dtype: np.dtype[np.floating]) -> DataSet:
        """The same rows, standardized once in memory."""
        everything = slice(0, len(self))
        x = self.x.read(everything, np.empty((len(self), self.x.width), dtype))
        y = self.y.read(everything, np.empty((len(self), self.y.width), dtype))
        return DataSet(DenseRows(x), DenseRows(y), self.weight)

    def nbytes(self, dtype: np.dtype[np.floating]) -> int:
        """What the cached copy would take."""
        return len(self) * (self.x.width + self.y.width) * dtype.itemsize


def cached_if_small(sets: Sequence[DataSet], dtype: np.dtype[np.floating]) -> list[DataSet]:
    """Copies in memory where all of them together are small."""
    if sum(each.nbytes(dtype) for each in sets) > CACHE_BYTES:
        return list(sets)
    return [each.cached(dtype) for each in sets]


class Batch(NamedTuple):
    """``x (M, B, F)``, ``y (M, B, K)``; weights ``(M, B, 1)`` over their sums ``(M, 1, 1)``."""

    x: Array
    y: Array
    weight: Array | None = None
    total: Array | None = None


class Batches:
    """The batches of M data sets of equal shape."""

    def __init__(
        self,
        sets: Sequence[DataSet],
        batch_size: int,
        dtype: np.dtype[np.floating],
        join_single: bool = False,
    ) -> None:
        self._sets = sets
        self._dtype = dtype
        self.n_rows = len(sets[0])
        self._bounds = _bounds(self.n_rows, batch_size, join_single)
        self._chunks = list(self._chunk_bounds())
        self._totals = [None if s.weight is None else float(s.weight.sum()) for s in sets]
        # Each batch's part in the epoch's mean; with weights it is known once they are drawn.
        self.shares = np.array([[(b - a) / self.n_rows] * len(sets) for a, b in self._bounds])
        height = max((bounds[-1][1] - bounds[0][0] for bounds in self._chunks), default=0)
        self._x = np.empty((len(sets), height, sets[0].x.width), dtype)
        self._y = np.empty((len(sets), height, sets[0].y.width), dtype)
        self._views = [[self._view(chunk, batch) for batch in chunk] for chunk in self._chunks]

    def __len__(self) -> int:
        return len(self._bounds)

    def epoch(self, streams: Streams | None) -> Iterator[Batch]:
        """All batches once, in an order drawn from ``streams``, or as the rows stand.

        A batch is a view of a buffer and lasts until the next is asked for.
        """
        orders = None if streams is None else streams.orders(self.n_rows)
        number = 0
        for bounds, batches in zip(self._chunks, self._views, strict=True):
            self._gather(bounds[0][0], bounds[-1][1], orders)
            for (first, last), batch in zip(bounds, batches, strict=True):
                if self._totals[0] is None:
                    yield batch
                else:
                    weight, total = self._weights(orders, slice(first, last), number)
                    yield Batch(batch.x, batch.y, weight, total)
                number += 1

    def _view(self, chunk: list[tuple[int, int]], bounds: tuple[int, int]) -> Batch:
        """Where a batch stands in the buffers that its chunk is gathered into."""
        start = chunk[0][0]
        within = slice(bounds[0] - start, bounds[1] - start)
        return Batch(self._x[:, within], self._y[:, within])

    def _gather(self, start: int, stop: int, orders: Sequence[Array] | None) -> None:
        for network, each in enumerate(self._sets):
            at = slice(start, stop) if orders is None else orders[network][start:stop]
            each.x.read(at, self._x[network, : stop - start])
            each.y.read(at, self._y[network, : stop - start])

    def _weights(
        self, orders: Sequence[Array] | None, at: slice, number: int
    ) -> tuple[Array, Array]:
        weight = np.stack(
            [
                s.weight[at if orders is None else orders[network][at]]
                for network, s in enumerate(self._sets)
                if s.weight is not None
            ]
        )
        total = weight.sum(axis=1)
        normalised = (weight / total[:, None]).astype(self._dtype)
        self.shares[number] = total / np.array(self._totals)
        return normalised[..., None], total[:, None, None]

    def _chunk_bounds(self) -> Iterator[list[tuple[int, int]]]:
        per_row = len(self._sets) * (self._sets[0].x.width + self._sets[0].y.width)
        limit = self._sets[0].x.gathered_at_once
        chunk: list[tuple[int, int]] = []
        for first, last in self._bounds:
            if chunk and (last - chunk[0][0]) * per_row > limit:
                yield chunk
                chunk = []
            chunk.append((first, last))
        if chunk:
            yield chunk


def _bounds(n_rows: int, batch_size: int, join_single: bool) -> list[tuple[int, int]]:
    """Where batches start and end; a last batch of one row may join the one before it."""
    starts = list(range(0, n_rows, batch_size))
    if join_single and len(starts) > 1 and n_rows - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_rows], strict=True))
