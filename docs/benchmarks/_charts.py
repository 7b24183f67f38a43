"""Charts of dots and bars in one style, and the digest of what they show."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

DIGEST = "Comment"  # the field of a PNG file
COLOURS = ("#2c6ca3", "#c44e00", "#5d7a20", "#8a4f9e", "#a06a00", "#444444", "#c2387c")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
CROWDED = 4  # series whose dots stand one above the other


@dataclass
class Chart:
    """Rows of dots or bars: a number for each label and series."""

    title: str
    axis: str
    labels: list[str]
    series: dict[str, list[float]]
    errors: dict[str, list[float]] = field(default_factory=dict)
    spread: dict[str, list[list[float]]] = field(default_factory=dict)  # faint dots behind
    marks: tuple[float, ...] = ()  # lines to compare with
    bars: bool = False
    is_logarithmic: bool = False
    limits: tuple[float, float] | None = None  # faint dots beyond stand at the edge

    def digest(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def draw(chart: Chart, output: Path) -> None:
    """At 700 points of width, letters are 12 high."""
    n = len(chart.labels)
    is_high = chart.bars or _is_crowded(chart)
    height = (0.17 * max(len(chart.series), 1.6) if is_high else 0.27) * n
    figure, axes = plt.subplots(figsize=(7, max(1.0, height) + 1.35), layout="constrained")
    (_bars if chart.bars else _dots)(axes, chart)
    for mark in chart.marks:
        axes.axvline(mark, color="0.25", linewidth=1, zorder=0.6)
    axes.set_yticks(range(n), chart.labels)
    axes.set_ylim(n - 0.4, -0.6)
    axes.set_xlabel(chart.axis)
    if chart.limits:
        axes.set_xlim(0.98 * chart.limits[0], 1.02 * chart.limits[1])
    axes.grid(axis="x", color="0.88", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.suptitle(chart.title, fontsize=11, x=0.01, ha="left")
    if len(chart.series) > 1:
        columns = 4 if sum(map(len, chart.series)) < 60 else 3
        figure.legend(loc="outside lower left", ncols=columns, frameon=False, fontsize=9)
    output.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(output, dpi=120, metadata={DIGEST: chart.digest(), "Software": None})
    plt.close(figure)


def _is_crowded(chart: Chart) -> bool:
    """Several dots in one row that may lie on one another."""
    if chart.spread:
        return True
    return len(chart.series) >= CROWDED and not np.isnan(list(chart.series.values())).any()


def _dots(axes: plt.Axes, chart: Chart) -> None:
    rows = np.arange(len(chart.labels))
    values = np.array(list(chart.series.values()))
    is_crowded, middle = _is_crowded(chart), (len(values) - 1) / 2
    if is_crowded:
        for edge in rows[1:] - 0.5:
            axes.axhline(edge, color="0.88", linewidth=0.8)
    else:
        axes.hlines(rows, np.nanmin(values, 0), np.nanmax(values, 0), color="0.8", linewidth=1.5)
    for number, (name, some) in enumerate(chart.series.items()):
        at = rows + is_crowded * (number - middle) * 0.8 / len(values)
        style = {"color": COLOURS[number % len(COLOURS)], "label": name, "markersize": 6}
        marker = MARKERS[number % len(MARKERS)]
        error = chart.errors.get(name)
        axes.errorbar(some, at, xerr=error, fmt=marker, capsize=2, **style)
        for height, values in zip(at, chart.spread.get(name, []), strict=False):
            clipped = np.clip(values, *chart.limits) if chart.limits else values
            axes.plot(clipped, np.full(len(values), height), "|", color=style["color"], alpha=0.4)
    if chart.is_logarithmic:
        axes.set_xscale("log")
        _plain_ticks(axes, np.array(chart.limits) if chart.limits else values)


def _plain_ticks(axes: plt.Axes, values: np.ndarray) -> None:
    """Round numbers, written out."""
    low, high = np.nanmin(values), np.nanmax(values)
    bases = (1, 2, 5) if high > 5 * low else (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)
    ticks = [base * 10.0**power for power in range(-3, 4) for base in bases]
    shown = [tick for tick in ticks if min(low, 1) / 1.3 <= tick <= max(high, 1) * 1.3]
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_xticks([], minor=True)


def _bars(axes: plt.Axes, chart: Chart) -> None:
    at, size = np.arange(len(chart.labels)), 0.8 / len(chart.series)
    for number, (name, some) in enumerate(chart.series.items()):
        place = at + (number - (len(chart.series) - 1) / 2) * size
        drawn = axes.barh(place, some, 0.9 * size, color=COLOURS[number], label=name)
        axes.bar_label(drawn, fmt="{:g}", padding=3, fontsize=8)
