"""What the benchmark scripts have in common: the machine and settings in words, and a table."""

import importlib.metadata
import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np  # noqa: F401  loads the BLAS that threadpoolctl is asked about
import scipy.linalg  # noqa: F401  and the second one
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "sknnreg")


def cpu() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return None


def blas() -> str:
    """The BLAS libraries of NumPy and SciPy, with versions and the kind of core they chose."""
    libraries = (info for info in threadpool_info() if info["user_api"] == "blas")
    names = sorted(
        f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".strip()
        for info in libraries
    )
    return ", ".join(dict.fromkeys(names)) or "unknown"


def refuse_if_busy() -> None:
    """End here if something else is running: it would be measured, too. Where Linux tells."""
    counters = Path("/proc/stat")
    if not counters.exists():
        return
    first, second = (_idle_and_all(counters, wait) for wait in (0.0, 1.0))
    idle, everything = (b - a for a, b in zip(first, second, strict=True))
    if idle < 0.9 * everything:
        raise SystemExit(
            f"This machine is busy: {1 - idle / everything:.0%} of it for the last second. What "
            "this measures would not be worth reading. Try again when it is idle."
        )


def _idle_and_all(counters: Path, wait: float) -> tuple[int, int]:
    time.sleep(wait)
    ticks = [int(each) for each in counters.read_text().splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def machine() -> str:
    """CPU, cores, load, BLAS and versions: without these a timing means nothing.

    Ends here if the machine is busy.
    """
    refuse_if_busy()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = [f"Python {platform.python_version()}", *map(_version, PACKAGES)]
    return "; ".join(
        [
            f"{cpu()}, {joblib.cpu_count()} cores{load}",
            f"BLAS {blas()}",
            *filter(None, versions),
        ]
    )


def shown(settings: dict[str, Any]) -> str:
    """Settings as arguments are written; functions by name."""
    values = (getattr(value, "__name__", repr(value)) for value in settings.values())
    return ", ".join(f"{name}={value}" for name, value in zip(settings, values, strict=True))


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads as plain text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    return "\n".join(map(line, [header, rule, *rows]))
