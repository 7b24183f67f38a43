"""Numbers in plain tables, and in data frames."""

from __future__ import annotations

from typing import Any


def short(value: float) -> str:
    """Four digits that tell."""
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def setting(value: Any) -> str:
    """A hyperparameter's value on one line."""
    return short(value) if isinstance(value, float) else " ".join(str(value).split())


def probability(value: float) -> str:
    """Three digits, or that it is too small for them."""
    return f"{value:.3f}" if value >= 0.001 or value == 0 else "<0.001"


def between(low: float, high: float) -> str:
    """An interval."""
    return f"{short(low)} to {short(high)}"


def frame(columns: dict[str, Any], index: Any = None) -> Any:
    """A data frame, where pandas is installed."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "to_frame() needs pandas: install it, or read the result's fields, which are arrays."
        ) from error
    return pd.DataFrame(columns, index=index)


def aligned(header: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell, the first to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(cell.rjust(w) for cell, w in others)])

    return "\n".join(line(cells).rstrip() for cells in [header, *rows])
