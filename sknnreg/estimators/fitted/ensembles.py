"""Several networks of one architecture as one that is evaluated in a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sknnreg.estimators.fitted.forward import Between, Folded, RowMap, SampledProduct, to_dense


def as_folded(members: Sequence[Any]) -> Folded:
    """The network of a fitted estimator, or those of several with the axis S in front."""
    networks = [Folded(m.coefs_, m.intercepts_, m._between) for m in members]
    if len(networks) == 1:
        return networks[0]
    coefs = [np.stack([to_dense(coef) for coef in each]) for each in _by_layer(networks, "coefs")]
    intercepts = [np.stack(each)[:, None] for each in _by_layer(networks, "intercepts")]
    return Folded(coefs, intercepts, [_joined(each) for each in _by_layer(networks, "between")])


def _by_layer(networks: Sequence[Folded], name: str) -> list[tuple[Any, ...]]:
    return list(zip(*(getattr(network, name) for network in networks), strict=True))


def _joined(betweens: Sequence[Between]) -> Between:
    sampled, before, after = (list(each) for each in zip(*betweens, strict=True))
    return Between(_joined_sampled(sampled), _joined_map(before), _joined_map(after))


def _joined_map(maps: Sequence[RowMap | None]) -> RowMap | None:
    first = maps[0]
    if first is None:
        return None
    scale, shift = (np.stack([getattr(m, name) for m in maps])[:, None] for name in _AFFINE)
    return replace(first, scale=scale, shift=shift)


def _joined_sampled(sampled: Sequence[SampledProduct | None]) -> SampledProduct | None:
    first = sampled[0]
    if first is None:
        return None
    variance = np.stack([s.variance for s in sampled if s is not None])
    scale, shift = (np.stack([getattr(s, name) for s in sampled])[:, None] for name in _AFFINE)
    return replace(first, variance=variance, scale=scale, shift=shift)


_AFFINE = ("scale", "shift")
