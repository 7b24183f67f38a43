"""How networks are divided: into stacks for the cores, into portions for workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sknnreg.engine.arrays.threads import worth_threads
from sknnreg.engine.problem import Problem

# Networks a stack: more gain nothing (docs/benchmarks/search_speed.py), fewer leave with less ado.
MAX_STACK = 100
# Networks from which a stack gains nothing but memory by being larger, or nearly.
FULL_STACK = 24
# Small networks from which two stacks on two cores beat one of twice as many; and the seconds of
# arithmetic in a step from which its calls, which a stack shares, no longer count.
MIN_STACK = 4
WORTH_A_STACK = 1e-4
# Seconds of arithmetic in a step from which a network trains faster without others in its stack.
FILLS_A_CORE = 5e-4


@dataclass(frozen=True)
class Stack:
    """The numbers of the problems in it, and about how many seconds they need on one core."""

    members: list[int]
    seconds: float


def divide_into_stacks(problems: Sequence[Problem], n_cores: int) -> tuple[list[Stack], list[int]]:
    """Stacks for the cores, the longest first; and the networks that train alone, on all cores.

    Networks whose products are large gain nothing in a stack, but from the threads of BLAS.
    """
    alone: list[int] = []
    stacked: list[int] = []
    for number, problem in enumerate(problems):
        (alone if worth_threads(problem.recipe.largest_product) else stacked).append(number)
    stacks = []
    for members in _by_shape(problems, stacked):
        n_stacks = max(
            -(-len(members) // _most(problems[members[0]])),
            min(n_cores, len(members) // _fewest(problems[members[0]])),
            # A core that has finished a stack takes another.
            min(2 * n_cores, len(members) // FULL_STACK),
            1,
        )
        for part in np.array_split(members, n_stacks):
            stacks.append(Stack(part.tolist(), sum(training_seconds(problems[i]) for i in part)))
    return sorted(stacks, key=lambda stack: -stack.seconds), alone


def divide_among_workers(problems: Sequence[Problem], n_workers: int) -> list[list[int]]:
    """Numbers of problems by worker: equal shapes side by side, portions that take equally long."""
    total, before = sum(map(training_seconds, problems)), 0.0
    portions: list[list[int]] = [[] for _ in range(max(1, n_workers))]
    for number in (i for members in _by_shape(problems, range(len(problems))) for i in members):
        length = training_seconds(problems[number])
        portions[int((before + length / 2) / total * len(portions))].append(number)
        before += length
    return [portion for portion in portions if portion]


def _by_shape(problems: Sequence[Problem], numbers: Iterable[int]) -> Iterable[list[int]]:
    """The numbers, those of problems that can train in one stack in one list."""
    groups: dict[object, list[int]] = {}
    for number in numbers:
        groups.setdefault(problems[number].shape, []).append(number)
    return groups.values()


def _fewest(problem: Problem) -> int:
    """Networks like this one that keep a core busy: one whose steps are long does by itself."""
    return min(MIN_STACK, max(1, round(WORTH_A_STACK / _seconds_of_arithmetic(problem))))


def _most(problem: Problem) -> int:
    """Networks like this one in a stack at most: of large ones a core's cache holds one."""
    return 1 if _seconds_of_arithmetic(problem) > FILLS_A_CORE else MAX_STACK


def training_seconds(problem: Problem) -> float:
    """About how long a network trains within a stack on one core.

    A step takes some 3 us beside its arithmetic, or 200 where there is an augmentation.
    """
    recipe = problem.recipe
    n_updates = float(recipe.max_iter) * -(-len(problem.train) // recipe.batch_size)
    overhead = 3e-6 if problem.augment is None else 2e-4
    return n_updates * (overhead + _seconds_of_arithmetic(problem))


def _seconds_of_arithmetic(problem: Problem) -> float:
    """About how long a network's step computes.

    Measured by docs/benchmarks/search_speed.py: a multiplication takes 25 ps, a number of the
    matrix 1 ns; twice as much in float64.
    """
    recipe = problem.recipe
    n_weights = recipe.network.layout.n_trainable
    multiplications = 3 * recipe.batch_size * n_weights
    width = np.dtype(recipe.dtype).itemsize / 4
    return width * (25e-12 * multiplications + 1e-9 * n_weights)
