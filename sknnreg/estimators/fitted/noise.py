"""What a layer draws while training, kept so that a fitted network can draw it too.

A draw is a network: its masks are the same for all rows, so that what it predicts for a row does
not depend on which others are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from sknnreg.engine.arrays.matrix import Views
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import Streams, Tape
from sknnreg.engine.places.signal.base import Layer, Phase, Site, drop_single
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import AlphaDropout, Dropout
from sknnreg.engine.places.signal.gaussian_dropout import GaussianDropout, VariationalDropout
from sknnreg.engine.places.weights_in_use import DropConnect

DROPOUTS = (Dropout, AlphaDropout, GaussianDropout, VariationalDropout)


@dataclass(frozen=True)
class Dropped:
    """A dropout layer of u = scale x + shift, ``(n_in,)`` each, with what it has learned."""

    layer: Layer
    learned: dict[str, Array]
    scale: Array
    shift: Array

    @classmethod
    def of(cls, layer: Layer, p: Views, scale: Array, shift: Array) -> Dropped:
        """With copies of the layer's own arrays."""
        return cls(layer, {name: each[0].copy() for name, each in vars(p).items()}, scale, shift)

    def draw(self, streams: Streams) -> tuple[Array, Array]:
        """(f, g), ``(S, n_in)`` each, of f u + g.

        Of whatever kind, a dropout layer is affine in each unit once it has drawn: the values at
        0 and at 1, for the same draws, tell all of it.
        """
        n, width = len(streams.seeds), len(self.scale)
        tape = Tape(streams)
        views, float64 = SimpleNamespace(**self.learned), np.dtype(np.float64)
        site = Site(views, views, n, 1, float64, Phase(streams=tape))
        forward, _ = self.layer.bind(site)
        shape = drop_single((n, 1, width))
        at_0 = forward(np.zeros(shape)).reshape(n, width).copy()
        tape.rewind()
        at_1 = forward(np.ones(shape)).reshape(n, width)
        return at_1 - at_0, at_0


@dataclass(frozen=True)
class DroppedWeights:
    """DropConnect on the weights of the layer ``name``."""

    member: DropConnect
    name: str

    @classmethod
    def of(cls, layer: Dense) -> DroppedWeights | None:
        """That of a layer, if it is on."""
        for member in layer.reparametrizations:
            if isinstance(member, DropConnect) and member.active:
                return cls(member, layer.name)
        return None

    def draw(self, shape: tuple[int, ...], streams: Streams) -> Array:
        """R / (1 - p), ``(S, n_in, n_out)``."""
        p = SimpleNamespace(weight=np.empty((len(streams.seeds), *shape)))
        size = np.reciprocal(self.member.kept[0])
        bound = self.member.bind(lambda: size, self.name, p, p, lambda: streams)
        return bound.forward()


@dataclass(frozen=True)
class LayerNoise:
    """What is drawn in front of a layer's product, and of its weights.

    On average the layer gets scale x + shift, ``(n_in,)`` each, of the input x of its ``coefs_``.
    """

    dropped: Dropped | None
    weights: DroppedWeights | None
    scale: Array
    shift: Array

    @property
    def active(self) -> bool:
        """Whether anything is drawn."""
        return self.dropped is not None or self.weights is not None

    def sample(self, coef: Array, intercept: Array, streams: Streams) -> tuple[Any, Any]:
        """Draws of the layer's ``coefs_ (S, n_in, n_out)`` and ``intercepts_ (S, 1, n_out)``.

        With V the mean weights behind scale x + shift and K the factors on them, a draw
        f u + g of the layer's input gives (f u_scale) V K, and the intercept more by
        (f u_shift + g) V K - shift V.
        """
        # Of an input that never varies (scale 0) nothing is known of V, nor is there a draw of it.
        V = np.divide(
            coef, self.scale[:, None], out=np.zeros_like(coef), where=self.scale[:, None] != 0
        )
        drawn = V if self.weights is None else V * self.weights.draw(coef.shape, streams)
        if self.dropped is None:
            scale, shift = self.scale[None], self.shift[None]
        else:
            f, g = self.dropped.draw(streams)
            scale, shift = f * self.dropped.scale, f * self.dropped.shift + g
        intercepts = intercept + np.matmul(shift[:, None], drawn) - self.shift @ V
        return scale[:, :, None] * drawn, intercepts
