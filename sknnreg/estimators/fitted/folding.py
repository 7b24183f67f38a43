"""A trained row -> plain ``coefs_`` and ``intercepts_``."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.arrays.matrix import Views
from sknnreg.engine.arrays.stack import Array
from sknnreg.engine.arrays.streams import spawn
from sknnreg.engine.places.signal.activation import Activation
from sknnreg.engine.places.signal.base import Layer
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.gaussian_dropout import VariationalDropout
from sknnreg.engine.places.signal.group_normalization import RowNormalization
from sknnreg.engine.places.signal.network import Network
from sknnreg.engine.places.weights_in_use import DropConnect
from sknnreg.estimators.data.inputs import Standardization
from sknnreg.estimators.fitted.forward import N_SAMPLES, Between, Folded, RowMap, SampledProduct
from sknnreg.estimators.fitted.noise import DROPOUTS, Dropped, DroppedWeights, LayerNoise


def fold(
    network: Network, values: Array, inputs: Standardization, noise_seed: int | None = None
) -> Folded:
    """The network of a trained row ``(1, P)``.

    With ``noise_seed``, dropped weights are sampled at prediction instead of averaged. Affine maps
    of units move into the dense layer in front of them (before the activation) or into the one
    that follows (after it); what standardized the inputs moves into the first.
    """
    exact = values.astype(np.float64)
    n_inputs = next(layer.n_in for layer in network.layers if isinstance(layer, Dense))
    folding = _Folding(*_as_affine(inputs, n_inputs), noise_seed)
    for layer, p in zip(network.layers, network.layout.views(exact), strict=True):
        if isinstance(layer, Dense):
            folding.dense(layer, p)
        elif isinstance(layer, Activation):
            folding.activation()
        elif isinstance(layer, RowNormalization):
            folding.row_normalization(layer, p)
        elif isinstance(layer, DROPOUTS):
            folding.dropout(layer, p)
        else:
            folding.affine(*_affine(layer, p))
    return folding.folded


class _Folding:
    """Takes the layers in their order.

    y = scale x + shift stands between the last activation (or the input) and the next weights;
    ``now`` is what the hidden layer under way has beside its activation.
    """

    def __init__(self, scale: Array, shift: Array, noise_seed: int | None) -> None:
        self.folded = Folded()
        self._scale, self._shift, self._noise_seed = scale, shift, noise_seed
        self._now = Between()
        self._dropped: Dropped | None = None
        self._after_dense = False

    def dense(self, layer: Dense, p: Views) -> None:
        """What stood in front of the weights moves into them."""
        scale, shift = self._scale, self._shift
        bias = p.bias[0, 0] if layer.bias else np.zeros(layer.n_out)
        weight = layer.weight_at_inference(p)[0]
        if self._noise_seed is not None:
            sampled = _sampled_product(layer, weight, scale, shift, self._noise_seed)
            self._now = self._now._replace(sampled=sampled)
        noise = LayerNoise(self._dropped, DroppedWeights.of(layer), scale, shift)
        self.folded.noise.append(noise if noise.active else None)
        self._dropped = None
        self.folded.coefs.append(scale[:, None] * weight)
        self.folded.intercepts.append(bias + shift @ weight)
        self._scale, self._shift = np.ones(layer.n_out), np.zeros(layer.n_out)
        self._after_dense = True

    def activation(self) -> None:
        """The hidden layer's second half begins."""
        self.folded.between.append(self._now)
        self._now, self._after_dense = Between(), False

    def row_normalization(self, layer: RowNormalization, p: Views) -> None:
        """It depends on the row and stays, before the activation or after it."""
        row_map = RowMap(layer.groups, float(layer.epsilon), p.scale[0, 0], p.shift[0, 0])
        if self._after_dense:
            self._now = self._now._replace(before=row_map)
        else:
            self.folded.between[-1] = self.folded.between[-1]._replace(after=row_map)

    def dropout(self, layer: Layer, p: Views) -> None:
        """On average it is affine; what it draws is kept for samples."""
        if getattr(layer, "active", True):
            self._dropped = Dropped.of(layer, p, self._scale, self._shift)
        self.affine(*_affine(layer, p))

    def affine(self, a: Array, b: Array) -> None:
        """y = a x + b moves into the weights before it, or waits for the next."""
        coefs, intercepts = self.folded.coefs, self.folded.intercepts
        if self._after_dense:
            coefs[-1] = coefs[-1] * a
            intercepts[-1] = intercepts[-1] * a + b
            sampled = self._now.sampled and self._now.sampled.scaled(a)
            self._now = self._now._replace(sampled=sampled)
        else:
            self._scale, self._shift = self._scale * a, self._shift * a + b


def _affine(layer: Layer, p: Views) -> tuple[Array, Array]:
    affine = layer.affine(p)
    assert affine is not None
    a, b = (np.asarray(each)[0, 0] for each in affine)
    return a, b


def _sampled_product(
    layer: Dense, weight: Array, scale: Array, shift: Array, seed: int
) -> SampledProduct | None:
    """Of mean weights ``(1 - p) W``: their variance is p / (1 - p) times the square."""
    for member in layer.reparametrizations:
        if isinstance(member, DropConnect) and member.active:
            kept = float(member.kept[0])
            draws = spawn(seed, f"drop_connect inference {layer.name}")
            e = draws.standard_normal((N_SAMPLES, layer.n_out))
            return SampledProduct((1 - kept) / kept * np.square(weight), scale, shift, e)
    return None


def _as_affine(standardization: Standardization, n: int) -> tuple[Array, Array]:
    scale = np.ones(n) if standardization.scale is None else 1.0 / standardization.scale
    offset = np.zeros(n) if standardization.offset is None else standardization.offset
    return scale, -offset * scale


def dropout_rates(network: Network, values: Array) -> list[Array] | None:
    """The learned dropout rates of a trained row ``(1, P)``, alpha / (1 + alpha), by layer."""
    pairs = zip(network.layers, network.layout.views(values), strict=True)
    rates = [layer.rates(p)[0, 0] for layer, p in pairs if isinstance(layer, VariationalDropout)]
    return rates or None
