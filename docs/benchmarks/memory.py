"""Memory that `fit` and `predict` add to a process whose X is a memory-mapped file.

    python docs/benchmarks/memory.py                              # 4 GB, widths 8 and 1000
    python docs/benchmarks/memory.py --gigabytes 16 --folder /data

A file of random float64 numbers is written chunk by chunk into a temporary folder and removed
afterwards. Each measurement has a process of its own: it opens the file with `np.memmap`, builds y
in memory (int8 labels for the classifier, float64 targets for the regressor), takes the baseline,
fits one epoch and predicts all rows, while a thread samples the process's memory every 20 ms.
Reported is the peak above the baseline, of

- all resident memory, pages of the mapped file included: the kernel may keep those as long as it
  has room and takes them back at will, so this number can reflect the machine's leisure;
- anonymous memory alone (RssAnon + RssShmem): what the process itself allocated.

Both stages are held against the one baseline from before `fit`, so what `fit` leaves behind counts
in `predict` too. The array that `predict` returns is the caller's: its size is shown by itself and
taken off.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from _report import machine, table
from sklearn.exceptions import ConvergenceWarning

INTERVAL = 0.02  # seconds
STATUS = Path("/proc/self/status")


def resident() -> tuple[int, int]:
    """Bytes in memory: all, and anonymous."""
    if not STATUS.exists():  # not Linux: the nearest that is portable
        import psutil

        info = psutil.Process().memory_full_info()
        return info.rss, info.uss
    lines = (line.split() for line in STATUS.read_text().splitlines())
    size = {line[0]: 1024 * int(line[1]) for line in lines if line[0].startswith(("VmRSS", "Rss"))}
    return size["VmRSS:"], size["RssAnon:"] + size["RssShmem:"]


class Peak:
    """Context manager: `total` and `anonymous` are the largest values seen inside it, in bytes."""

    def __init__(self) -> None:
        self.total = self.anonymous = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _sample(self) -> None:
        total, anonymous = resident()
        self.total, self.anonymous = max(self.total, total), max(self.anonymous, anonymous)

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL):
            self._sample()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        self._sample()

    def above(self, baseline: tuple[int, int]) -> tuple[float, float]:
        """Total and anonymous peak over the baseline, in MB."""
        return (self.total - baseline[0]) / 1e6, (self.anonymous - baseline[1]) / 1e6


def write_numbers(path: Path, gigabytes: float) -> None:
    rng = np.random.default_rng(0)
    remaining = int(gigabytes * 1e9 / 8)
    buffer = np.empty(4_000_000)
    with path.open("wb") as file:
        while remaining > 0:
            part = buffer[: min(remaining, buffer.size)]
            rng.standard_normal(out=part)
            part.tofile(file)
            remaining -= part.size


def open_rows(path: Path, width: int) -> np.memmap:
    rows = path.stat().st_size // (8 * width)
    return np.memmap(path, dtype=np.float64, mode="r", shape=(rows, width))


def estimator(kind: str, batch_size: int) -> Any:
    from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

    cls = MLPRegularizedClassifier if kind == "classifier" else MLPRegularizedRegressor
    return cls((16,), batch_size=batch_size, max_iter=1, random_state=0)


def targets(kind: str, rows: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    if kind == "classifier":
        return rng.integers(0, 3, size=rows, dtype=np.int8)
    return rng.standard_normal(rows)


def measure(path: Path, kind: str, width: int, batch_size: int) -> dict[str, Any]:
    """The child process's work."""
    model = estimator(kind, batch_size)
    X = open_rows(path, width)
    y = targets(kind, len(X))
    gc.collect()
    baseline = resident()
    start = time.perf_counter()
    with Peak() as fit, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    seconds = time.perf_counter() - start
    # A fresh mapping: the pages that fit left mapped must not be charged to predict.
    X = open_rows(path, width)
    gc.collect()
    with Peak() as predict:
        returned = model.predict(X)
    return {
        "rows": len(X),
        "seconds": seconds,
        "fit": fit.above(baseline),
        "predict": predict.above(baseline),
        "returned": returned.nbytes / 1e6,
    }


def measure_apart(path: Path, kind: str, width: int, batch_size: int) -> dict[str, Any]:
    child = ["--child", str(path), kind, "--widths", str(width), "--batch-size", str(batch_size)]
    command = [sys.executable, __file__, *child]
    found: dict[str, Any] = json.loads(subprocess.check_output(command))
    return found


def report(folder: Path | None, gigabytes: float, widths: list[int], batch_size: int) -> None:
    print(machine(), flush=True)
    rows = []
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path = Path(temporary) / "X.float64"
        write_numbers(path, gigabytes)
        for width in widths:
            for kind in ("classifier", "regressor"):
                found = measure_apart(path, kind, width, batch_size)
                peaks = [*found["fit"], *(peak - found["returned"] for peak in found["predict"])]
                numbers = [f"{each:.0f}" for each in (*peaks, found["returned"], found["seconds"])]
                rows.append([f"{kind}, {found['rows']}x{width}", *numbers])
                print(f"done: {rows[-1][0]}", file=sys.stderr, flush=True)
    print(f"\nMB above the baseline on a {gigabytes:g} GB file (of a million bytes each)")
    print("(predict: beyond the array it returns)\n")
    measured = ["fit total", "fit anonymous", "predict total", "predict anonymous"]
    print(table(["estimator, X", *measured, "returned", "fit seconds"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=4.0, help="size of X's file")
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 1000], help="columns of X")
    parser.add_argument("--batch-size", type=int, default=4096)
    parser.add_argument("--folder", type=Path, help="on a real disk, not a RAM disk like tmpfs")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        path, kind = options.child
        print(json.dumps(measure(Path(path), kind, options.widths[0], options.batch_size)))
    else:
        report(options.folder, options.gigabytes, options.widths, options.batch_size)


if __name__ == "__main__":
    main()
