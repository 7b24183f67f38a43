"""Mini-batches of M data sets at once, shuffled per network."""

from __future__ import annotations

import itertools
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
        self._batch_size = batch_size
        self._n_batches = max(1, -(-self.n_rows // batch_size))
        if join_single and self._n_batches > 1 and self.n_rows % batch_size == 1:
            # A last batch of one row joins the one before it.
            self._n_batches -= 1
        self._totals = [None if s.weight is None else float(s.weight.sum()) for s in sets]
        # Each batch's part in the epoch's mean; with weights it is known once they are drawn.
        edges = np.minimum(np.arange(self._n_batches + 1) * batch_size, self.n_rows)
        edges[-1] = self.n_rows
        self.shares = np.repeat(np.diff(edges)[:, None] / self.n_rows, len(sets), axis=1)
        per_row = len(sets) * (sets[0].x.width + sets[0].y.width)
        self._per_chunk = max(1, sets[0].x.gathered_at_once // (per_row * batch_size))
        chunk = min(self.n_rows, self._per_chunk * batch_size + int(join_single))
        self._x = np.empty((len(sets), chunk, sets[0].x.width), dtype)
        self._y = np.empty((len(sets), chunk, sets[0].y.width), dtype)
        self._views: dict[tuple[int, ...], list[Batch]] = {}
        # The chunk under way: its first batch, edges and batches. Small data are one chunk.
        self._chunk: tuple[int, list[int], list[Batch]] | None = None

    def __len__(self) -> int:
        return self._n_batches

    def epoch(self, streams: Streams | None) -> Iterator[Batch]:
        """All batches once, in an order drawn from ``streams``, or as the rows stand.

        A batch is a view of a buffer and lasts until the next is asked for.
        """
        orders = None if streams is None else streams.orders(self.n_rows)
        for first in range(0, self._n_batches, self._per_chunk):
            if self._chunk is None or self._chunk[0] != first:
                edges = self._edges(first, min(first + self._per_chunk, self._n_batches))
                self._chunk = first, edges, self._batches(edges)
            _, edges, batches = self._chunk
            self._gather(edges[0], edges[-1], orders)
            if self._totals[0] is None:
                yield from batches
                continue
            for number, batch in enumerate(batches):
                at = slice(edges[number], edges[number + 1])
                weight, total = self._weights(orders, at, first + number)
                yield Batch(batch.x, batch.y, weight, total)

    def _edges(self, first: int, last: int) -> list[int]:
        """Where the batches from ``first`` to before ``last`` start, and where the last ends."""
        end = self.n_rows if last == self._n_batches else last * self._batch_size
        return [*range(first * self._batch_size, last * self._batch_size, self._batch_size), end]

    def _batches(self, edges: list[int]) -> list[Batch]:
        """The batches of a chunk in the buffers; chunks of one shape have them in common."""
        relative = (len(edges), edges[-1] - edges[0])
        if relative not in self._views:
            within = [edge - edges[0] for edge in edges]
            self._views[relative] = [
                Batch(self._x[:, a:b], self._y[:, a:b]) for a, b in itertools.pairwise(within)
            ]
        return self._views[relative]

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
