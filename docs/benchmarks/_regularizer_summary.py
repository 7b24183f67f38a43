"""What `which_regularizer.py` has found: kept in a CSV file, and summed up over the tables."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _report import table

CSV = Path(__file__).with_name("which_regularizer.csv")
ROWS = FEW, MANY = "few", "many"
PLAIN, BEST = "plain network", "the best of all"
# Where more rows and better models hardly lower the error, and where they bring it near 0.
NOISY = {"diabetes", "cps_wages", "credit", "magic", "power_plant"}
CLEAN = {"iris", "digits", "airfoil", "nursery", "penbased", "segment"}
SHIFT = 0.01  # added to errors, so that a table without errors is no infinite ratio


def store(found: list[dict[str, Any]], output: Path) -> None:
    with output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def stored(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, numbers as such."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {
                name: value if name in ("table", "rows", "regularizer", "chosen") else float(value)
                for name, value in line.items()
            }
            for line in csv.DictReader(file)
        ]


class Summary(NamedTuple):
    """Of one regularizer over the tables; changes in percent of the plain network's error."""

    changes: np.ndarray
    change: float
    standard_error: float
    lower: int
    higher: int
    log_loss_change: float
    log_loss_standard_error: float


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else np.nan


def summary(found: list[dict[str, Any]]) -> Summary:
    """Of the lines of one regularizer at one size."""
    error = np.array([line["error"] for line in found])
    change = np.array([line["error_change"] for line in found])
    ratios = np.log((error + SHIFT) / (error - change + SHIFT))
    losses = np.array([line["log_loss_change"] for line in found])
    losses = losses[~np.isnan(losses)]
    mean = np.exp(ratios.mean())
    return Summary(
        100 * (np.exp(ratios) - 1),
        100 * (mean - 1),
        100 * mean * _standard_error(ratios),
        int((change < 0).sum()),
        int((change > 0).sum()),
        losses.mean() if len(losses) else np.nan,
        _standard_error(losses),
    )


def summaries(found: list[dict[str, Any]], rows: str) -> dict[str, Summary]:
    """By regularizer, in the order of the file."""
    names = dict.fromkeys(line["regularizer"] for line in found)
    by_name = {
        name: [each for each in found if (each["rows"], each["regularizer"]) == (rows, name)]
        for name in names
        if name != PLAIN
    }
    return {name: summary(some) for name, some in by_name.items() if some}


def report(found: list[dict[str, Any]]) -> str:
    """Two tables, by the change with few rows: of all tables, and of some."""
    by_rows = [summaries(found, rows) for rows in ROWS]
    order = sorted(by_rows[0], key=lambda name: by_rows[0][name].change)
    header, lines = ["regularizer"], [[name] for name in order]
    for rows, some in zip(ROWS, by_rows, strict=True):
        header += [f"{rows}: error, %", "lower, higher", "log loss"]
        for line in lines:
            line += _cells(some[line[0]]) if line[0] in some else ["", "", ""]
    return f"{table(header, lines)}\n\nError, %\n\n{_by_kind(found, order)}"


def _cells(of: Summary) -> list[str]:
    counts = f"{of.lower}, {of.higher} of {len(of.changes)}"
    return [_change(of), counts, f"{of.log_loss_change:+.3f} ± {of.log_loss_standard_error:.3f}"]


def _by_kind(found: list[dict[str, Any]], order: list[str]) -> str:
    """The changes of the error for some of the tables."""
    numbers = {line["table"] for line in found if np.isnan(line["log_loss"])}
    classes = {line["table"] for line in found} - numbers
    kinds = {"classes": classes, "numbers": numbers, "noisy": NOISY, "clean": CLEAN}
    header, lines = ["regularizer"], [[name] for name in order]
    for rows in ROWS:
        for kind, names in kinds.items():
            here = summaries([line for line in found if line["table"] in names], rows)
            header.append(f"{rows}, {kind}")
            for line in lines:
                line.append(_change(here[line[0]]) if line[0] in here else "")
    return table(header, lines)


def _change(of: Summary) -> str:
    return f"{of.change:+.1f} ± {of.standard_error:.1f}"
