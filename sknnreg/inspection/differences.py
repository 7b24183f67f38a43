"""Derivatives by differences that know how wrong they can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sknnreg.engine.arrays.stack import Array

# The step shrinks by 2**-40 at most: far below it, rounding is all there is.
LEVELS = 40


# Where f is not finite a difference is none either, and smaller steps follow.
@np.errstate(over="ignore", invalid="ignore")
def derivative(
    function: Callable[[float], Array], step: float, noise: Array
) -> tuple[Array, Array]:
    """f'(0) of functions ``(M,)`` of one number, and what each can be wrong by, both ``(M,)``.

    Ridders (1982): central differences at steps h, h / 2, h / 4, ... are extrapolated to h = 0, a
    further order with every step; the error is what the last order and the last step changed.
    ``noise (M,)`` bounds the rounding of f: a difference adds noise / h. Nothing is gained by
    smaller steps once that is all; until then a kink near 0 only costs steps.
    """
    best, bound = np.zeros(len(noise)), np.full(len(noise), np.inf)
    orders: list[Array] = []
    for level in range(LEVELS):
        h = step / 2.0**level
        previous, orders = orders, [(function(h) - function(-h)) / (2 * h)]
        for order, coarser in enumerate(previous):
            lower = orders[order]
            higher = lower + (lower - coarser) / (4.0 ** (order + 1) - 1)
            changed = np.maximum(np.abs(higher - lower), np.abs(higher - coarser))
            better = changed + noise / h < bound
            best, bound = np.where(better, (higher, changed + noise / h), (best, bound))
            orders.append(higher)
        if (bound <= 2 * noise / h).all():
            break
    return best, bound
