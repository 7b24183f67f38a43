"""Which networks train side by side, on which core, and what they hold and cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.rows import Rows, SparseRows, is_mapped
from sknnreg.engine.arrays.threads import worth_threads
from sknnreg.engine.problem import Problem

# Networks a stack: more gain nothing (docs/benchmarks/search_speed.py), fewer leave with less ado.
MAX_STACK = 100
# Networks from which a stack gains nothing but memory by being larger, or nearly.
FULL_STACK = 24
# Networks from which two stacks on two cores beat one of twice as many.
MIN_STACK = 4


@dataclass(frozen=True)
class Stack:
    """The numbers of the problems in it, and about how many seconds they need on one core."""

    members: list[int]
    seconds: float


def deal(problems: Sequence[Problem], n_cores: int) -> tuple[list[Stack], list[int]]:
    """Stacks for the cores, the longest first; and who needs all cores to itself.

    Networks whose products are large gain nothing in a stack, but from the threads of BLAS.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    alone = []
    for number, problem in enumerate(problems):
        if worth_threads(problem.recipe.largest_product):
            alone.append(number)
        else:
            groups[problem.shape].append(number)
    stacks = []
    for members in groups.values():
        n_parts = max(
            -(-len(members) // MAX_STACK),
            min(n_cores, len(members) // MIN_STACK),
            # Who is done first takes another.
            min(2 * n_cores, len(members) // FULL_STACK),
            1,
        )
        for part in np.array_split(members, n_parts):
            stacks.append(Stack(part.tolist(), sum(seconds(problems[i]) for i in part)))
    return sorted(stacks, key=lambda stack: -stack.seconds), alone


def seconds(problem: Problem) -> float:
    """About how long a network trains within a stack on one core.

    Measured by docs/benchmarks/search_speed.py: a step takes some 3 us, a multiplication 25 ps, a
    number of the matrix 1 ns; twice as much in float64.
    """
    recipe = problem.recipe
    n_updates = float(recipe.max_iter) * -(-len(problem.train) // recipe.batch_size)
    n_weights = recipe.network.layout.n_trainable
    multiplications = 3 * recipe.batch_size * n_weights
    width = np.dtype(recipe.dtype).itemsize / 4
    return n_updates * (3e-6 + width * (25e-12 * multiplications + 1e-9 * n_weights))


def footprint(problem: Problem) -> int:
    """About how many bytes a waiting network and its task hold, from fit to result."""
    recipe, train = problem.recipe, problem.train
    layout, itemsize = recipe.network.layout, np.dtype(recipe.dtype).itemsize
    widths = sum(column.slot.shape[1] for column in layout.named("weight"))
    row = train.x.width + train.y.width
    # values, gradients, moments, scratch, the best row, the result; averages; snapshots
    rows = 8 + 3 * len(recipe.averaging) + 2 * (recipe.n_snapshots - 1)
    matrix = rows * layout.n_columns * itemsize
    # a few signals a layer, forward and backward; the rows gathered for some batches
    signals = 8 * recipe.batch_size * (widths + row) * itemsize
    standardized = len(train) * row * itemsize
    # A task in front of the network (a pipeline, a split) holds a copy of its own.
    return matrix + signals + standardized + 2 * data_bytes(problem)


def data_bytes(problem: Problem) -> int:
    """What the rows it learns from and is judged by take; those of mapped files nothing."""
    sets = [each for each in (problem.train, problem.validation) if each is not None]
    return sum(_nbytes(rows) for each in sets for rows in (each.x, each.y))


def on_disk(problem: Problem) -> bool:
    """Whether any of its rows stand in a mapped file."""
    sets = [each for each in (problem.train, problem.validation) if each is not None]
    return any(is_mapped(rows.values) for each in sets for rows in (each.x, each.y))


def _nbytes(rows: Rows) -> int:
    values = rows.values
    if is_mapped(values):
        return 0
    if isinstance(rows, SparseRows):
        return int(values.data.nbytes + values.indices.nbytes + values.indptr.nbytes)
    return int(values.nbytes)
