"""What the benchmark scripts have in common: a line about the machine, and a table."""

import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path

import joblib
import numpy as np  # noqa: F401  loads the BLAS that threadpoolctl is asked about
import scipy.linalg  # noqa: F401  and the second one
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "sknnreg")


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return None


def machine() -> str:
    """CPU, cores, load, BLAS and versions: without these a timing means nothing."""
    libraries = (info for info in threadpool_info() if info["user_api"] == "blas")
    blas = sorted(
        f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".strip()
        for info in libraries
    )
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = [f"Python {platform.python_version()}", *map(_version, PACKAGES)]
    return "; ".join(
        [
            f"{_cpu()}, {joblib.cpu_count()} cores{load}",
            f"BLAS {', '.join(dict.fromkeys(blas)) or 'unknown'}",
            *filter(None, versions),
        ]
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads as plain text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    return "\n".join(map(line, [header, rule, *rows]))
