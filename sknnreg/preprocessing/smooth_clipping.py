"""Smooth clipping, z / sqrt(1 + (z / bound)²), and back."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
# A bound beyond it, infinity among them, bounds nothing.
LARGEST = sys.float_info.max
# Multiples of the bound from which on the result is the bound, to the last bit.
FAR = 1e9


def smooth_clip(z: Floats, bound: float | None) -> Floats:
    """z / sqrt(1 + (z / bound)²), of any shape; finite wherever z is no NaN."""
    if bound is None or bound > LARGEST:
        unclipped: Floats = np.nan_to_num(z, nan=np.nan)
        return unclipped
    u = np.clip(z / bound, -FAR, FAR)
    clipped: Floats = bound * (u / np.sqrt(1 + u * u))
    return clipped


def smooth_unclip(values: Floats, bound: float | None) -> Floats:
    """What becomes such values, |values| < bound: v / sqrt(1 - (v / bound)²)."""
    if bound is None or bound > LARGEST:
        return values
    u = values / bound
    return values / np.sqrt((1 - u) * (1 + u))
