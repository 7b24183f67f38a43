"""Targets as numbers that can be mixed, for an augmentation that does: a column for each class."""

from __future__ import annotations

import numpy as np

from sknnreg.engine.arrays.rows import DenseRows, Rows
from sknnreg.engine.arrays.stack import Array
from sknnreg.estimators.data.targets import ClassTargets, LabelTargets, Targets


def shares(targets: Targets, y: Array) -> Array:
    """Encoded rows ``(B, K)``, not scaled, as shares of the classes, or as amounts."""
    if isinstance(targets, LabelTargets):
        return y
    if not isinstance(targets, ClassTargets):
        return targets.decode(y)
    # Of two classes the network has one output.
    return y if y.shape[1] > 1 else np.hstack([1 - y, y])[:, : len(targets.classes)]


def encode_shares(targets: Targets, y: Array, name: str) -> Rows:
    """Mixed ones as rows of numbers the loss compares outputs with; errors speak of ``name``."""
    if not isinstance(targets, ClassTargets | LabelTargets):
        return targets.encode(y, name)
    if y.min() < -1e-6 or y.max() > 1 + 1e-6:
        raise ValueError(
            f"{name} must hold shares between 0 and 1, got {y.min():g} to {y.max():g}. An "
            "augmentation that mixes labels is given a column for each class."
        )
    if isinstance(targets, LabelTargets):
        return DenseRows(y)
    total = y.sum(axis=1)
    if total.min() < 1 - 1e-3 or total.max() > 1 + 1e-3:
        raise ValueError(
            f"{name} must hold shares of the {len(targets.classes)} classes that add up to 1 in "
            f"each row, got rows that add up to {total.min():g} and {total.max():g}."
        )
    if targets.n_outputs > 1:
        return DenseRows(y)
    return DenseRows(y[:, 1:] if y.shape[1] > 1 else np.zeros_like(y))
