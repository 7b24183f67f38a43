"""Axes to draw on; matplotlib is only needed once something is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def new_axes(n_rows: int, **options: Any) -> Any:
    """A figure's axes, one above the other; ``options`` are those of ``pyplot.subplots``."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plot() needs matplotlib: install it, or sknnreg with its extra "plots".'
        ) from error
    return plt.subplots(n_rows, 1, layout="constrained", **options)[1]


def two_axes(ax: Any, **options: Any) -> list[Any]:
    """Two axes: those given, one above the other in the bounds of a given one, or in a new figure.

    ``options`` are those of ``pyplot.subplots``, where axes are made.
    """
    if ax is None:
        return list(new_axes(2, sharex=True, figsize=(8, 4.8), **options))
    given = list(np.ravel(ax))
    if len(given) > 2 or not given:
        raise ValueError(
            f"ax must be one or two matplotlib Axes, got {len(given)}. Make two with "
            "plt.subplots(2), or leave ax out."
        )
    return given if len(given) == 2 else _within(given[0], options)


def _within(ax: Any, options: dict[str, Any]) -> list[Any]:
    """Two in the bounds of one, which is no more than these bounds then."""
    ax.set_axis_off()
    place, figure = ax.get_subplotspec(), ax.figure
    if place is not None:
        grid = place.subgridspec(2, 1, **options)
    else:
        box = ax.get_position()
        sides = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
        grid = figure.add_gridspec(2, 1, **sides, **options)
    upper = figure.add_subplot(grid[0])
    lower = figure.add_subplot(grid[1], sharex=upper)
    upper.tick_params(labelbottom=False)
    return [upper, lower]


def legend_beside(axes: Sequence[Any], handles: list[Any]) -> None:
    """A legend to the right of the first of these axes, where it hides nothing."""
    legend = axes[0].legend(
        handles=handles, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1)
    )
    if axes[0].figure.get_layout_engine() is None:
        # Nobody makes room for what is outside of axes.
        share = min(0.7, legend.get_window_extent().width / axes[0].get_window_extent().width)
        for ax in axes:
            box = ax.get_position()
            ax.set_position((box.x0, box.y0, box.width * (1 - share), box.height))
