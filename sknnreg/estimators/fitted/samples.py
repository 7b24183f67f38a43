"""What draws of a fitted network predict: many in one stacked pass, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams, spawn
from sknnreg.estimators.fitted.forward import Folded, raw_outputs, to_dense

# Numbers in the weights of the draws that go through a pass together, and how many draws at most:
# the more, the less often is done what all have in common, and the fewer rows fit beside them.
DRAWN_NUMBERS, MOST_DRAWS = 1 << 22, 1 << 10


class Drawn(NamedTuple):
    """Raw outputs ``(S, B, K)`` of the draws ``samples`` for the rows ``rows``."""

    samples: slice
    rows: slice
    raw: Array


def networks_of(estimator: Any) -> list[Any]:
    """The fitted networks whose mean predicts."""
    return list(estimator.snapshots_ or [estimator])


def draws_noise(estimator: Any) -> bool:
    """Whether a fitted network draws anything."""
    return any(network._noise is not None for network in networks_of(estimator))


class Draws(Streams):
    """The generators of draws: one for each purpose, from which they are made one after the other.

    A generator for each draw would take longer to start than what it draws.
    """

    def __init__(self, seed: int) -> None:
        super().__init__([])
        self._seed = seed

    def next(self, n: int) -> Draws:
        """From now on, so many at once."""
        self.seeds = [self._seed] * n
        return self

    def generators(self, purpose: str) -> list[np.random.Generator]:
        """The same for each draw, which go through it in their order."""
        if purpose not in self._generators:
            self._generators[purpose] = [spawn(self._seed, purpose)]
        return self._generators[purpose] * len(self.seeds)


def drawn_outputs(estimator: Any, X: Any, n_draws: int, seed: int) -> Iterator[Drawn]:
    """What draws say of the rows, a bounded number of both at a time.

    The first draws do not depend on how many there are. Of several snapshots draw s is one of
    snapshot s modulo their number.
    """
    networks = networks_of(estimator)
    for first, network in enumerate(networks):
        draws = Draws(seed + first)
        own = range(first, n_draws, len(networks))
        for start in range(0, len(own), size := _draws_at_once(network)):
            part = own[start : start + size]
            folded = _drawn(network, draws.next(len(part)))
            samples = slice(part.start, part.stop, part.step)
            for rows, raw in raw_outputs(X, folded, estimator._activations):
                yield Drawn(samples, rows, _each(raw, len(part)))


def _draws_at_once(network: Any) -> int:
    if network._noise is None:
        # They are all the same, and no copies.
        return 1 << 30
    drawn = zip(network.coefs_, network._noise, strict=True)
    n_numbers = sum(np.prod(coef.shape) for coef, noise in drawn if noise is not None)
    return max(1, min(MOST_DRAWS, DRAWN_NUMBERS // int(n_numbers)))


def _drawn(network: Any, streams: Streams) -> Folded:
    """Draws of a network as a stack; layers that draw nothing are the same for all."""
    # Signals are stacked from the first layer that draws: behind it no weights are sparse.
    coefs = [*network.coefs_[:1], *map(to_dense, network.coefs_[1:])]
    intercepts = list(network.intercepts_)
    between = list(network._between)
    for i, noise in enumerate(network._noise or ()):
        if noise is None:
            continue
        coefs[i], intercepts[i] = noise.sample(to_dense(coefs[i]), intercepts[i], streams)
        if i < len(between):
            # What stands for the mean over dropped weights makes room for a draw of them.
            between[i] = between[i]._replace(sampled=None)
    return Folded(coefs, intercepts, between)


def _each(raw: Array, n: int) -> Array:
    return raw if raw.ndim == 3 else np.broadcast_to(raw, (n, *raw.shape))
