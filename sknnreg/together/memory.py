"""How many bytes a network and its data hold, and how many a search may hold."""

from __future__ import annotations

import os
import re
import sys
from numbers import Real

import numpy as np

from sknnreg.engine.arrays.rows import Rows, SparseRows, is_mapped
from sknnreg.engine.problem import Problem

# Where the machine does not say how much memory it has.
UNKNOWN_MEMORY = 8 << 30


def memory_limit(max_memory: float | str | None) -> float:
    """The user's ``max_memory`` if it is valid, or else raise; None is a quarter of the memory."""
    if max_memory is None:
        return _machine_memory() / 4
    limit = _in_bytes(max_memory) if isinstance(max_memory, str) else max_memory
    if isinstance(limit, Real) and limit > 0:
        return float(min(limit, sys.float_info.max))
    raise ValueError(
        f"max_memory={max_memory!r} must be a number of bytes above 0, such as 2e9, or as a text "
        '"2 GB" or "500 MiB", or None for a quarter of the machine\'s memory.'
    )


def _in_bytes(text: str) -> float | None:
    """The bytes of "2 GB", "1.5GiB" or "500 MB"; None if it is nothing of the kind."""
    found = re.fullmatch(r"\s*(\d+\.?\d*)\s*([kmgt]?)(i?)b\s*", text.lower())
    if found is None:
        return None
    number, prefix, binary = found.groups()
    step = 1024 if binary else 1000
    exponent = " kmgt".index(prefix or " ")
    return float(number) * float(step**exponent)


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return UNKNOWN_MEMORY


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
    return sum(map(_n_bytes, _all_rows(problem)))


def on_disk(problem: Problem) -> bool:
    """Whether any of its rows stand in a mapped file."""
    return any(is_mapped(rows.values) for rows in _all_rows(problem))


def _all_rows(problem: Problem) -> list[Rows]:
    sets = [each for each in (problem.train, problem.validation) if each is not None]
    return [rows for each in sets for rows in (each.x, each.y)]


def _n_bytes(rows: Rows) -> int:
    values = rows.values
    if is_mapped(values):
        return 0
    if isinstance(rows, SparseRows):
        return int(values.data.nbytes + values.indices.nbytes + values.indptr.nbytes)
    return int(values.nbytes)
