"""Axes to draw on; matplotlib is only needed once something is drawn."""

from __future__ import annotations

from typing import Any


def new_axes(n_rows: int, **options: Any) -> Any:
    """A figure's axes, one above the other; ``options`` are those of ``pyplot.subplots``."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plot() needs matplotlib: install it, or sknnreg with its extra "plots".'
        ) from error
    return plt.subplots(n_rows, 1, layout="constrained", **options)[1]
