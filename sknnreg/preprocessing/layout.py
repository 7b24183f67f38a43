"""What each column of an encoder's output is, and how rows become it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknnreg.preprocessing.smooth_clipping import LARGEST, smooth_clip, smooth_unclip

Floats = NDArray[np.floating[Any]]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """The columns of the output, those of one input column side by side: itself, parts, missing.

    All are (x - origin) / span of their input column ``source`` ``(width,)``; places say which of
    them are what.
    """

    source: Places
    origin: Floats
    span: Floats
    kept: Places
    parts: Places
    missing: Places
    # Of each input column: its center, whether it varies, and whether it has an indicator.
    center: Floats
    varies: NDArray[np.bool_]
    tells_missing: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        edges: Sequence[Floats],
        keep: NDArray[np.bool_],
        has_missing: NDArray[np.bool_],
        center: Floats,
        scale: Floats,
    ) -> Layout:
        """From what ``fit`` found for each input column."""
        source: list[int] = []
        origin: list[float] = []
        span: list[float] = []
        places: dict[str, list[int]] = {"kept": [], "parts": [], "missing": []}

        def add(kind: str, column: int, starts: Any, widths: Any) -> None:
            places[kind].extend(range(len(source), len(source) + len(starts)))
            source.extend([column] * len(starts))
            origin.extend(starts)
            span.extend(widths)

        for j, bounds in enumerate(edges):
            if keep[j]:
                add("kept", j, [center[j]], [scale[j] or 1.0])
            add("parts", j, bounds[:-1], np.diff(bounds))
            if has_missing[j]:
                add("missing", j, [0.0], [1.0])
        found = {kind: np.array(each, dtype=np.intp) for kind, each in places.items()}
        return cls(
            np.array(source), np.array(origin), np.array(span), **found,
            center=center, varies=scale > 0, tells_missing=has_missing,
        )  # fmt: skip

    @property
    def width(self) -> int:
        """The number of columns of the output."""
        return len(self.source)

    def names(self, columns: Sequence[str]) -> list[str]:
        """A name for each column of the output, no two equal, from those of the input."""
        number = np.zeros(self.width, dtype=int)
        first = np.searchsorted(self.source[self.parts], self.source[self.parts])
        number[self.parts] = np.arange(len(self.parts)) - first + 1
        suffix = dict.fromkeys(self.missing.tolist(), "_missing")
        suffix |= {place: f"_bin{number[place]}" for place in self.parts.tolist()}
        taken: dict[str, None] = {}
        for place, column in enumerate(self.source):
            name = f"{columns[column]}{suffix.get(place, '')}"
            while name in taken:
                name += "_"
            taken[name] = None
        return list(taken)

    def encode(self, rows: Floats, bound: float | None) -> Floats:
        """Rows ``(n, n_features)`` as ``(n, width)``, float64."""
        absent = np.isnan(rows)
        filled = np.where(absent, self.center, rows)
        out: Floats = (filled[:, self.source] - self.origin) / self.span
        out[:, self.parts] = out[:, self.parts].clip(0, 1)
        itself = smooth_clip(out[:, self.kept], bound)
        itself[:, ~self.varies[self.source[self.kept]]] = 0
        out[:, self.kept] = itself
        out[:, self.missing] = absent[:, self.source[self.missing]]
        if absent.any():
            told = absent[:, self.source] & self.tells_missing[self.source]
            told[:, self.missing] = False
            out[told] = 0
        return out

    def decode(self, out: Floats, low: Floats, high: Floats, bound: float | None) -> Floats:
        """Rows ``(n, width)`` as ``(n, n_features)``, within ``low`` and ``high``, float64.

        b_0 + Σ width_t part_t of columns that have parts, of others from the column itself.
        """
        rows = np.tile(self.center, (len(out), 1))
        limit = LARGEST if bound is None else min(bound, LARGEST)
        with np.errstate(divide="ignore", over="ignore"):  # what is at the bound is at the end
            itself = smooth_unclip(out[:, self.kept].clip(-limit, limit), bound)
            rows[:, self.source[self.kept]] += itself * self.span[self.kept]
        columns, first = np.unique(self.source[self.parts], return_index=True)
        rises = out[:, self.parts].clip(0, 1) * self.span[self.parts]
        if len(columns):
            rows[:, columns] = self.origin[self.parts[first]] + np.add.reduceat(
                rises, first, axis=1
            )
        rows[:, ~self.varies] = self.center[~self.varies]
        rows = rows.clip(low, high)
        for place in self.missing:
            rows[out[:, place] >= 0.5, self.source[place]] = np.nan
        return rows
