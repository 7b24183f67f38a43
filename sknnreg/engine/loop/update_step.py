"""From gradients to the weights' new values, one cache-sized block of the matrix after another."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from sknnreg.engine.arrays.stack import Array, broadcastable, take_numbers
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.arrays.threads import Team
from sknnreg.engine.places.objective.penalties import Penalty
from sknnreg.engine.places.update import (
    BlockTransform,
    Coefficients,
    State,
    Steps,
    Transform,
    WholeTransform,
)

# Floats a block: the handful of arrays that an update touches then stay in the second-level cache.
BLOCK = 1 << 15
# Where threads walk side by side, each operation must outlast what it takes to hand Python over.
SHARED_BLOCK = 1 << 18
# Updates whose coefficients are worked out together.
LOOK_AHEAD = 256


@dataclass(frozen=True)
class Block:
    """Views of the same rows and columns of every array an update touches."""

    rows: slice
    penalties: tuple[Penalty, ...]
    values: Array
    grads: Array
    work: Array
    states: tuple[State, ...]
    # The block's leading columns that hold weights.
    n_weights: int

    def narrowed(self, transform: BlockTransform) -> tuple[Array, Array, Array]:
        """Updates, values and scratch of the columns that a transform concerns."""
        n = self.n_weights if transform.weights_only else self.values.shape[1]
        return self.grads[:, :n], self.values[:, :n], self.work[:, :n]


# An update function, its state, the gradients, values and scratch of a block.
Target: TypeAlias = tuple[Callable[..., None], State, Array, Array, Array]
# Blocks, each with what every transform updates in it.
Walk: TypeAlias = list[tuple[Block, list[Target]]]


class UpdateStep:
    """Penalties, transforms and the step itself, applied to values ``(M, P)`` in place.

    Blocks do not know one another: any number of threads may share them out, with the same bits.
    """

    def __init__(
        self,
        penalties: Sequence[Penalty],
        transforms: Sequence[Transform],
        states: Sequence[State],
        values: Array,
        grads: Array,
        n_weights: int,
        n_threads: int = 1,
    ) -> None:
        self._whole = [t for t in transforms if isinstance(t, WholeTransform)]
        self._blockwise = [t for t in transforms if isinstance(t, BlockTransform)]
        kept = [s for t, s in zip(transforms, states, strict=True) if isinstance(t, BlockTransform)]
        self._penalties = penalties
        self._proximal = any(penalty.proximal for penalty in penalties)
        self._grads = grads
        self._work = np.empty(grads.shape if self._whole else (0, 0), grads.dtype)
        (n_rows, n_columns), size = values.shape, BLOCK if n_threads == 1 else SHARED_BLOCK
        places = list(_places(n_rows, n_columns, size))
        self._walks: list[Walk] = []
        for share in np.array_split(np.arange(len(places)), n_threads):
            works: dict[tuple[int, ...], Array] = {}  # scratch is each thread's own
            blocks = [
                _block(places[i], values, grads, penalties, kept, n_weights, works) for i in share
            ]
            # Looked up once, not every step.
            self._walks.append([(block, self._targets_of(block)) for block in blocks])
        self._team = Team(n_threads) if n_threads > 1 else None
        self._constants = [_cast(t.constants(), grads.dtype) for t in self._blockwise]
        self._whole_constants = [_cast(t.constants(), grads.dtype) for t in self._whole]
        self._steps = Steps(np.empty((0, 0)), np.empty((0, 0)))
        self._first = self._last = 0
        # Whether all networks have all coefficients in common.
        self._shared = False
        self._coefficients: list[tuple[Coefficients, ...]] = []
        self._whole_coefficients: list[tuple[Coefficients, ...]] = []

    def _targets_of(self, block: Block) -> list[Target]:
        """What each transform updates in a block."""
        return [
            (transform.update, state, *block.narrowed(transform))
            for transform, state in zip(self._blockwise, block.states, strict=True)
        ]

    def plan(self, steps: Steps) -> None:
        """Set the updates to come; coefficients are worked out as their turn comes."""
        self._steps = steps
        self._first = self._last = 0

    def take(self, number: int, streams: Streams) -> None:
        """Turn the gradients into the plan's update ``number`` and take it."""
        if not self._first <= number < self._last:
            self._look_ahead(number)
        number -= self._first
        factor = self._update_whole(number, streams) if self._whole else None
        coefficients = self._coefficients[number]
        if self._team is None:
            self._walk(self._walks[0], coefficients, factor)
        else:
            self._team.run([partial(self._walk, w, coefficients, factor) for w in self._walks])

    def _walk(
        self, walk: Walk, coefficients: tuple[Coefficients, ...], factor: Array | None
    ) -> None:
        penalized = bool(self._whole) or not self._penalties
        for block, targets in walk:
            if not penalized:
                self._penalize(block)
            for index, (update, state, grads, values, work) in enumerate(targets):
                c = coefficients[index]
                update(grads, state, values, c if self._shared else _of_rows(c, block), work)
            np.add(block.values, block.grads, block.values)
            if self._proximal:
                self._shrink(block, coefficients, factor)

    def _update_whole(self, number: int, streams: Streams) -> Array | None:
        """What comes before all blocks; what the gradients were multiplied by, None for 1."""
        for block, _ in itertools.chain.from_iterable(self._walks):
            self._penalize(block)
        product: Array | None = None
        for whole, c in zip(self._whole, self._whole_coefficients[number], strict=True):
            factor = whole.update_whole(self._grads, c, streams, self._work)
            if factor is not None:
                product = factor if product is None else product * factor
        return product

    def _look_ahead(self, number: int) -> None:
        """The coefficients of the next updates at once: one by one they cost more than the step."""
        self._first, self._last = number, min(number + LOOK_AHEAD, len(self._steps.number))
        steps = self._steps.between(self._first, self._last)
        dtype = self._grads.dtype
        self._coefficients = _by_step(self._blockwise, self._constants, steps, dtype)
        first = itertools.chain.from_iterable(self._coefficients[0])
        self._shared = all(each.ndim == 0 for each in first)
        self._whole_coefficients = _by_step(self._whole, self._whole_constants, steps, dtype)

    def _penalize(self, block: Block) -> None:
        n = block.n_weights
        if n:
            for penalty in block.penalties:
                penalty.add_gradient(block.values[:, :n], block.grads[:, :n], block.work[:, :n])

    def _shrink(
        self, block: Block, coefficients: tuple[Coefficients, ...], factor: Array | None
    ) -> None:
        """Proximal steps, as much shorter as the gradients were made: J keeps its minimum."""
        n = block.n_weights
        for transform, state, c in zip(self._blockwise, block.states, coefficients, strict=True):
            size = transform.step_size(state, _of_rows(c, block))
            if size is None:
                continue
            if factor is not None:
                size = size * factor[block.rows]
            by_weight = size[:, :n] if size.ndim and size.shape[1] > 1 else size
            for penalty in block.penalties:
                if penalty.proximal:
                    penalty.shrink(block.values[:, :n], by_weight, block.work[:, :n])


def _of_rows(coefficients: Coefficients, block: Block) -> Coefficients:
    """The coefficients of a block's rows; what is the same for all networks serves all blocks."""
    return tuple(each if each.ndim == 0 else each[block.rows] for each in coefficients)


def _places(n_rows: int, n_columns: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of whole rows where rows are short, of columns of one row where they are long."""
    if n_columns <= size:
        height = max(1, size // max(1, n_columns))
        for start in range(0, n_rows, height):
            yield slice(start, min(start + height, n_rows)), slice(0, n_columns)
        return
    for row in range(n_rows):
        for start in range(0, n_columns, size):
            yield slice(row, row + 1), slice(start, min(start + size, n_columns))


def _block(
    at: tuple[slice, slice],
    values: Array,
    grads: Array,
    penalties: Sequence[Penalty],
    states: Sequence[State],
    n_weights: int,
    works: dict[tuple[int, ...], Array],
) -> Block:
    rows, columns = at
    shape = values[at].shape
    if shape not in works:
        works[shape] = np.empty(shape, values.dtype)
    return Block(
        rows,
        tuple(take_numbers(p, np.arange(rows.start, rows.stop)) for p in penalties),
        values[at],
        grads[at],
        works[shape],
        tuple({name: array[at] for name, array in state.items()} for state in states),
        max(0, min(n_weights - columns.start, columns.stop - columns.start)),
    )


def _cast(coefficients: Sequence[Array], dtype: np.dtype[np.floating]) -> list[Array]:
    """Coefficients ``(..., M)`` of either kind, to broadcast against ``(M, P)``.

    Networks often have them in common: NumPy multiplies by one number thrice as fast as by rows.
    """
    common = [
        each[..., :1] if each.shape[-1] > 1 and np.all(each == each[..., :1]) else each
        for each in coefficients
    ]
    return [broadcastable(each.astype(dtype), 2) for each in common]


def _by_step(
    transforms: Sequence[Transform],
    constants: Sequence[Sequence[Array]],
    steps: Steps,
    dtype: np.dtype[np.floating],
) -> list[tuple[Coefficients, ...]]:
    """For each update, each transform's constants and coefficients."""
    by_transform = []
    for transform, same in zip(transforms, constants, strict=True):
        varying = _cast(transform.coefficients(steps), dtype)
        by_transform.append(
            [(*same, *(each[i, ...] for each in varying)) for i in range(len(steps.number))]
        )
    return list(zip(*by_transform, strict=True)) or [()] * len(steps.number)
