"""Mini-batches of M data sets at once, shuffled per network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np

from sknnreg.engine.arrays.rows import DenseRows, Rows
from sknnreg.engine.arrays.sampling import draw_by_weight
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams

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

    def has_rows_of(self, other: DataSet) -> bool:
        """Whether two cached sets hold the same numbers."""
        return np.array_equal(self.x.values, other.x.values) and np.array_equal(
            self.y.values, other.y.values
        )

    def nbytes(self, dtype: np.dtype[np.floating]) -> int:
        """What the cached copy would take."""
        return len(self) * (self.x.width + self.y.width) * dtype.itemsize


class JointSets(list[DataSet]):
    """Data sets in one block of memory ``(N, n, F)``, equal ones once; read for all at a time.

    ``place (M,)`` says where in the block each network's rows are.
    """

    def __init__(self, sets: Sequence[DataSet], x: Array, y: Array, place: Array) -> None:
        super().__init__(sets)
        self._x, self._y, self._place = x, y, place

    @classmethod
    def of(cls, sets: Sequence[DataSet], dtype: np.dtype[np.floating]) -> JointSets:
        """Copies, standardized once."""
        if len(sets) == 1:
            alone = sets[0].cached(dtype)
            return cls([alone], alone.x.values[None], alone.y.values[None], np.zeros(1, np.intp))
        known: dict[tuple[int, int], int] = {}
        distinct: list[DataSet] = []
        place = []
        for each in sets:
            copy = each.cached(dtype)
            x, y = copy.x.values, copy.y.values
            number = known.setdefault((crc32(x), crc32(y)), len(distinct))
            if number == len(distinct) or not copy.has_rows_of(distinct[number]):
                number = len(distinct)
                distinct.append(copy)
            place.append(number)
        x, y = (np.stack([getattr(d, name).values for d in distinct]) for name in ("x", "y"))
        joint = [
            DataSet(DenseRows(x[i]), DenseRows(y[i]), each.weight)
            for each, i in zip(sets, place, strict=True)
        ]
        return cls(joint, x, y, np.array(place))

    def take(self, networks: Sequence[int]) -> JointSets:
        """The sets of these networks; nothing is copied."""
        return JointSets([self[i] for i in networks], self._x, self._y, self._place[networks])

    def read(self, at: slice | Array, x: Array, y: Array) -> None:
        """Each network's rows at ``at``, a slice or numbers ``(M, b)``."""
        if isinstance(at, slice):
            x[...], y[...] = self._x[self._place, at], self._y[self._place, at]
            return
        numbers = at + (self._place * self._x.shape[1])[:, None]
        for block, out in ((self._x, x), (self._y, y)):
            # mode="clip" spares take() a buffer of its own; numbers are in range by making.
            block.reshape(-1, block.shape[2]).take(numbers, 0, out, "clip")


def cached_if_small(
    sets: Sequence[DataSet], dtype: np.dtype[np.floating]
) -> list[DataSet] | JointSets:
    """Copies in memory where all of them together are small."""
    if not sets or sum(each.nbytes(dtype) for each in sets) > CACHE_BYTES:
        return list(sets)
    return JointSets.of(sets, dtype)


def take_sets(sets: Sequence[DataSet], networks: Sequence[int]) -> Sequence[DataSet]:
    """The sets of some networks."""
    if isinstance(sets, JointSets):
        return sets.take(networks)
    return [sets[i] for i in networks]


class Batch(NamedTuple):
    """``x (M, B, F)``, ``y (M, B, K)``, and what the rows' weights s_i make of them, or None.

    ``weight (M, B, 1)`` is s_i / (B mean s) with the mean over all rows: in the loss a batch counts
    for what it weighs, so that its gradient is that of all rows in expectation. ``share (M, B, 1)``
    is s_i over the batch's sum ``total (M, 1, 1)``: statistics of the batch are ratios. ``mass`` is
    the sum of ``weight``, where there are other batches: how much those statistics count.
    """

    x: Array
    y: Array
    weight: Array | None = None
    share: Array | None = None
    total: Array | None = None
    mass: Array | None = None


class Batches:
    """The batches of M data sets of equal shape.

    Where they are drawn ``by_weight``, rows come as often as they weigh, and count alike then.
    """

    def __init__(
        self,
        sets: Sequence[DataSet],
        batch_size: int,
        dtype: np.dtype[np.floating],
        join_single: bool = False,
        by_weight: bool = False,
    ) -> None:
        self._sets = sets
        self._dtype = dtype
        self.n_rows = len(sets[0])
        self._batch_size = batch_size
        self._n_batches = max(1, -(-self.n_rows // batch_size))
        if join_single and self._n_batches > 1 and self.n_rows % batch_size == 1:
            # A last batch of one row joins the one before it.
            self._n_batches -= 1
        edges = np.minimum(np.arange(self._n_batches + 1) * batch_size, self.n_rows)
        edges[-1] = self.n_rows
        # Each batch's part in the epoch's mean, and what it would weigh were its rows like all.
        self.fractions = np.repeat(np.diff(edges)[:, None] / self.n_rows, len(sets), axis=1)
        sums = [s.weight.sum() for s in sets if s.weight is not None]
        self._expected = self.fractions * sums if sums else None
        self._by_weight = by_weight and self._expected is not None
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
        """All batches once, of rows drawn from ``streams``, or as they stand.

        A batch is a view of a buffer and lasts until the next is asked for.
        """
        expected = self._expected
        if streams is None:
            orders = None
        elif self._by_weight:
            orders, expected = self._draw(streams), None
        else:
            orders = streams.orders(self.n_rows)
        for first in range(0, self._n_batches, self._per_chunk):
            if self._chunk is None or self._chunk[0] != first:
                edges = self._edges(first, min(first + self._per_chunk, self._n_batches))
                self._chunk = first, edges, self._batches(edges)
            _, edges, batches = self._chunk
            self._gather(edges[0], edges[-1], orders)
            if expected is None:
                yield from batches
                continue
            for number, batch in enumerate(batches):
                at = slice(edges[number], edges[number + 1])
                yield self._weighted(batch, orders, at, expected[first + number])

    def _draw(self, streams: Streams) -> Array:
        """Numbers of rows ``(M, n)``, each as often as it weighs."""
        purpose = "batch_sampling"
        orders = streams.orders(self.n_rows, purpose)
        for each, order, generator in zip(
            self._sets, orders, streams.generators(purpose), strict=True
        ):
            if each.weight is not None:
                order[...] = draw_by_weight(order, each.weight, generator)
        return orders

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

    def _gather(self, start: int, stop: int, orders: Array | None) -> None:
        x, y = self._x[:, : stop - start], self._y[:, : stop - start]
        if isinstance(self._sets, JointSets) and len(self._sets) > 1 and x.flags.c_contiguous:
            self._sets.read(slice(start, stop) if orders is None else orders[:, start:stop], x, y)
            return
        for network, each in enumerate(self._sets):
            at = slice(start, stop) if orders is None else orders[network][start:stop]
            each.x.read(at, x[network])
            each.y.read(at, y[network])

    def _weighted(self, batch: Batch, orders: Array | None, at: slice, expected: Array) -> Batch:
        """The batch with its rows' weights, ``expected (M,)`` in all."""
        found = np.stack(
            [
                s.weight[at if orders is None else orders[network][at]]
                for network, s in enumerate(self._sets)
                if s.weight is not None
            ]
        )
        total = found.sum(axis=1)
        share = (found / total[:, None]).astype(self._dtype)[..., None]
        if self._n_batches == 1:
            return Batch(batch.x, batch.y, share, share, total[:, None, None])
        weight = (found / expected[:, None]).astype(self._dtype)[..., None]
        mass = (total / expected)[:, None, None]
        return Batch(batch.x, batch.y, weight, share, total[:, None, None], mass)
