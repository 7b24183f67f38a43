"""What the members predict for rows: networks of one structure in one stacked pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils import gen_batches

from sknnreg.engine.arrays.stack import Array
from sknnreg.ensemble.table import n_rows, rows_of
from sknnreg.estimators.base import BaseMLPRegularized
from sknnreg.estimators.fitted.ensembles import as_folded
from sknnreg.estimators.fitted.forward import raw_outputs

# How many rows a pipeline is given at a time.
ROWS_AT_ONCE = 8192


def outputs(
    members: Sequence[Any], X: Any, method: str, classes: Array | None
) -> Iterator[tuple[slice, Array]]:
    """Each member's outputs by ``method``, ``(M, B, K)``, a bounded number of rows at a time."""
    if _are_alike(members, classes):
        yield from _stacked(members, X, method)
        return
    for at in gen_batches(n_rows(X), ROWS_AT_ONCE):
        part = rows_of(X, at)
        yield at, np.stack([output(member, part, method, classes) for member in members])


def output(member: Any, X: Any, method: str, classes: Array | None) -> Array:
    """One member's outputs ``(B, K)``; for classes that it has not seen, of probability 0."""
    return aligned(getattr(member, method)(X), member, method, classes)


def aligned(given: Array, member: Any, method: str, classes: Array | None) -> Array:
    """The columns in the order of ``classes``."""
    given = given.reshape(len(given), -1)
    if classes is None or len(member.classes_) == len(classes):
        return given
    full = np.full((len(given), len(classes)), -np.inf if "log" in method else 0.0)
    full[:, np.searchsorted(classes, member.classes_)] = given
    return full


def _are_alike(members: Sequence[Any], classes: Array | None) -> bool:
    """Whether they are networks that differ in their numbers alone, and know all classes."""
    if not all(isinstance(member, BaseMLPRegularized) for member in members):
        return False
    if any(getattr(member, "clip_predictions", False) for member in members):
        return False  # each by the range of its own training rows
    if classes is not None and any(len(member.classes_) < len(classes) for member in members):
        return False
    return len({_structure(member) for member in members}) == 1


def _structure(network: BaseMLPRegularized) -> Any:
    """What is equal among networks that are evaluated as one."""
    maps = [each for between in network._between for each in between[1:]]
    if any(each.sampled for each in network._between):
        return id(network)  # draws of its own
    return (
        tuple(coef.shape for coef in network.coefs_),
        network._activations,
        tuple(each and (each.n_groups, each.epsilon) for each in maps),
        len(network.snapshots_ or [network]),
    )


def _stacked(members: Sequence[Any], X: Any, method: str) -> Iterator[tuple[slice, Array]]:
    first = members[0]
    networks = [each for member in members for each in member.snapshots_ or [member]]
    for at, raw in raw_outputs(X, as_folded(networks), first._activations):
        # Each member's snapshots come first, and leave their mean.
        several = raw.reshape(len(members), -1, *raw.shape[-2:])
        mean = several[:, 0] if len(networks) == len(members) else _mean(first, several)
        yield at, first._in_units(mean, method)


def _mean(network: BaseMLPRegularized, raw: Array) -> Array:
    return network._targets.link.mean(np.moveaxis(raw, 1, 0))
