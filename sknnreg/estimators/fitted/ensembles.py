"""Several networks of one architecture as one: a forward pass in a stack, and their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.fitted.folding import Between, Folded, RowMap, Spread, to_dense


def as_folded(members: Sequence[Any]) -> Folded:
    """The network of a fitted estimator, or those of several with the axis S in front."""
    networks = [Folded(m.coefs_, m.intercepts_, m._between) for m in members]
    if len(networks) == 1:
        return networks[0]
    coefs = [np.stack([to_dense(coef) for coef in each]) for each in _by_layer(networks, "coefs")]
    intercepts = [np.stack(each)[:, None] for each in _by_layer(networks, "intercepts")]
    return Folded(coefs, intercepts, [_joined(each) for each in _by_layer(networks, "between")])


def mean_outputs(raw: Array, out_activation: str) -> Array:
    """The raw outputs ``(B, K)`` that stand for the mean prediction of ``raw (S, B, K)``."""
    log_n = np.log(len(raw))
    if out_activation == "softmax":
        mean: Array = special.logsumexp(special.log_softmax(raw, axis=-1), axis=0)
        return mean - log_n
    if out_activation == "logistic":
        ones, zeros = special.log_expit(raw), special.log_expit(-raw)
        log_odds: Array = special.logsumexp(ones, axis=0) - special.logsumexp(zeros, axis=0)
        return log_odds
    if out_activation == "exp":
        log_sum: Array = special.logsumexp(raw, axis=0)
        return log_sum - log_n
    plain: Array = raw.mean(axis=0)
    return plain


def _by_layer(networks: Sequence[Folded], name: str) -> list[tuple[Any, ...]]:
    return list(zip(*(getattr(network, name) for network in networks), strict=True))


def _joined(betweens: Sequence[Between]) -> Between:
    spreads, before, after = (list(each) for each in zip(*betweens, strict=True))
    return Between(_joined_spread(spreads), _joined_map(before), _joined_map(after))


def _joined_map(maps: Sequence[RowMap | None]) -> RowMap | None:
    first = maps[0]
    if first is None:
        return None
    scale, shift = (np.stack([getattr(m, name) for m in maps])[:, None] for name in _AFFINE)
    return replace(first, scale=scale, shift=shift)


def _joined_spread(spreads: Sequence[Spread | None]) -> Spread | None:
    first = spreads[0]
    if first is None:
        return None
    variance = np.stack([s.variance for s in spreads if s is not None])
    scale, shift = (np.stack([getattr(s, name) for s in spreads])[:, None] for name in _AFFINE)
    return replace(first, variance=variance, scale=scale, shift=shift)


_AFFINE = ("scale", "shift")
