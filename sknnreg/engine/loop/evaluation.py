"""Networks judged on rows they do not learn from, and statistics gathered after training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sknnreg.engine.arrays.batches import Batches, DataSet
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.places.objective.losses import Loss
from sknnreg.engine.places.signal import Phase
from sknnreg.engine.problem import Problem, Recipe

# Numbers that a signal may hold while rows are judged or predicted: a bound on memory; and what
# the cache of a core holds, which takes half the time. But products of few rows are slow.
MAX_SIGNAL = 1 << 20
CACHED_SIGNAL = 1 << 16
FEW_ROWS = 512


class Validation:
    """The validation rows of M networks, equally many each."""

    def __init__(self, sets: Sequence[DataSet], dtype: np.dtype[np.floating]) -> None:
        self._sets = sets
        self._dtype = dtype

    def loss(self, network: BoundNetwork, loss: Loss) -> Array:
        """The weighted mean loss ``(M,)``, without penalties."""
        total, weights = np.zeros(len(self._sets)), np.zeros(len(self._sets))
        for x, y, weight in self._chunks(network):
            raw = network.infer(x)
            mass = weight.sum(axis=1)
            normalized = (weight / np.maximum(mass, np.finfo(np.float64).tiny)[:, None])[..., None]
            value, _ = loss.value_and_gradient(raw, y, normalized.astype(self._dtype))
            total += value * mass
            weights += mass
        return total / weights

    def _chunks(self, network: BoundNetwork) -> Iterator[tuple[Array, Array, Array]]:
        n, m = len(self._sets[0]), len(self._sets)
        # Not by the number of networks, which must not change the order of summation.
        height = min(n, rows_at_once(widest(network)))
        x = np.empty((m, height, self._sets[0].x.width), self._dtype)
        y = np.empty((m, height, self._sets[0].y.width), self._dtype)
        for start in range(0, n, height):
            stop = min(start + height, n)
            weight = np.ones((m, stop - start))
            for number, each in enumerate(self._sets):
                each.x.read(slice(start, stop), x[number, : stop - start])
                each.y.read(slice(start, stop), y[number, : stop - start])
                if each.weight is not None:
                    weight[number] = each.weight[start:stop]
            yield x[:, : stop - start], y[:, : stop - start], weight


def judge(problem: Problem, recipe: Recipe, row: Array) -> float:
    """What is watched of one network's row ``(1, P)``: it should fall."""
    if problem.score is not None:
        return -float(problem.score(row))
    assert problem.validation is not None
    return loss_on(problem.validation, recipe, row)


def loss_on(data: DataSet, recipe: Recipe, row: Array) -> float:
    """The loss of one network's row ``(1, P)`` on some rows, without penalties."""
    grads = np.empty((1, recipe.network.layout.n_trainable), row.dtype)
    network = BoundNetwork(recipe.network, row, grads)
    return float(Validation([data], row.dtype).loss(network, recipe.loss)[0])


def rows_at_once(width: int) -> int:
    """How many rows of this many numbers to hold at a time."""
    width = max(1, width)
    return max(1, min(MAX_SIGNAL // width, max(CACHED_SIGNAL // width, FEW_ROWS)))


def widest(network: BoundNetwork) -> int:
    """The numbers of the widest signal of a row."""
    shapes = [slot.shape for layer in network.network.layers for slot in layer.slots]
    return max((max(shape) for shape in shapes), default=1)


def population_statistics(
    recipe: Recipe, values: Array, batches: Batches, streams: Streams | None
) -> None:
    """Replace the running statistics in ``values (M, P)`` by those of all batches, in place.

    Mean of batch means, mean of unbiased batch variances, over one pass with the weights at rest
    and no unit dropped (Ioffe and Szegedy, 2015, algorithm 2). ``streams`` shuffle the rows: the
    batches of sorted rows would each tell of their own corner.
    """
    layout = recipe.network.layout
    grads = np.empty((len(values), layout.n_trainable), values.dtype)
    network = BoundNetwork(recipe.network, values, grads)
    for column in layout.named("buffer"):
        if column.slot.name == "count":
            values[:, column.columns] = 0
    phase = Phase(cumulative=True)
    for batch in batches.epoch(streams):
        phase.weigh(batch.share, batch.total, batch.mass)
        network.bound(batch.x.shape[1], phase).forward(batch.x)
