"""Time of `predict_proba` against bare matrix products and MLPClassifier, and memory for many rows.

    python docs/benchmarks/prediction.py               # 10 million rows from a file of 4 GB
    python docs/benchmarks/prediction.py --quick       # a fiftieth of everything

Networks of (256, 256, 256) units on 100 features, two classes. Three contenders predict the same
float64 rows in memory, each in a process of its own that sleeps until it is its turn; the repeats
are interleaved, and times are medians:

- the bare products: `x @ W` for the four weight matrices, nothing between, into buffers that are
  there already, in pieces of so many rows as are fastest (found at the start);
- `MLPRegularizedClassifier.predict_proba`;
- `MLPClassifier.predict_proba`.

Then the network predicts as many rows as asked for from a memory-mapped file of float32, which is
written into a temporary folder and removed afterwards. Reported is the anonymous memory that this
adds to the process at its peak, with and without the probabilities, which are the caller's.
"""

import argparse
import gc
import statistics
import tempfile
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from memory import Peak, resident
from sklearn.neural_network import MLPClassifier

FEATURES, HIDDEN = 100, (256, 256, 256)
HEIGHTS = (256, 512, 1024, 4096, 16384)
CONTENDERS = ("bare products", "sknnreg", "MLPClassifier", "sknnreg from a file")
PIECE = 100_000


def rows(n: int, dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, FEATURES)).astype(dtype)


def fitted(Estimator: Any) -> Any:
    X = rows(2000)
    est = Estimator(HIDDEN, max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return est.fit(X, (X[:, 0] > 0).astype(int))


def network() -> Any:
    from sknnreg import MLPRegularizedClassifier

    return fitted(MLPRegularizedClassifier)


class BareProducts:
    """The network's products alone."""

    def __init__(self, X: np.ndarray) -> None:
        self._coefs = network().coefs_
        self._height = min(HEIGHTS, key=lambda height: self._seconds(X[:PIECE], height))

    def _seconds(self, X: np.ndarray, height: int) -> float:
        found = []
        for _ in range(3):
            start = time.perf_counter()
            self.multiply(X, height)
            found.append(time.perf_counter() - start)
        return min(found)

    def multiply(self, X: np.ndarray, height: int | None = None) -> None:
        height = height or self._height
        buffers = [np.empty((height, coef.shape[1])) for coef in self._coefs]
        for start in range(0, len(X), height):
            signal = X[start : start + height]
            for coef, buffer in zip(self._coefs, buffers, strict=True):
                signal = np.matmul(signal, coef, out=buffer[: len(signal)])


def run_worker(contender: str, n_rows: int, file: str) -> None:
    """The worker process: one timed prediction of all rows for each request."""
    if contender == "sknnreg from a file":
        work_off(lambda _: from_file(n_rows, file))
        return
    X = rows(n_rows)
    if contender == "bare products":
        predict: Any = BareProducts(X).multiply
    else:
        predict = fitted(MLPClassifier) if contender == "MLPClassifier" else network()
        predict = predict.predict_proba
    predict(X)

    def measure(_: Any) -> float:
        gc.collect()
        start = time.perf_counter()
        predict(X)
        return time.perf_counter() - start

    work_off(measure)


def from_file(n_rows: int, file: str) -> dict[str, float]:
    """Seconds, and bytes above the baseline: at the peak, and of what is returned."""
    X = np.memmap(file, np.float32, "r", shape=(n_rows, FEATURES))
    est = network()
    est.predict_proba(X[:PIECE])
    gc.collect()
    _, baseline = resident()
    with Peak() as peak:
        start = time.perf_counter()
        returned = est.predict_proba(X).nbytes
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak": peak.anonymous - baseline, "returned": returned}


def write_rows(n_rows: int, file: Path) -> None:
    piece = rows(min(n_rows, PIECE), np.float32)
    with file.open("wb") as out:
        for start in range(0, n_rows, PIECE):
            out.write(piece[: n_rows - start].tobytes())


def report_times(n_rows: int, repeats: int) -> None:
    names = CONTENDERS[:3]
    with ExitStack() as stack:
        workers = [Worker(stack, __file__, name, ["--compared", str(n_rows)]) for name in names]
        rounds = [[worker.measure() for worker in workers] for _ in range(repeats)]
    medians = [statistics.median(seconds) for seconds in zip(*rounds, strict=True)]
    bare, own, peer = medians
    print(f"\nSeconds for {n_rows:,} rows, median of {repeats}\n")
    cells = [f"{seconds:.3f}" for seconds in medians]
    header = ["", *names, "sknnreg / bare", "MLPClassifier / sknnreg"]
    print(table(header, [["predict_proba", *cells, f"{own / bare:.2f}", f"{peer / own:.2f}"]]))


def report_memory(n_rows: int, folder: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary, ExitStack() as stack:
        file = Path(temporary) / "rows"
        write_rows(n_rows, file)
        arguments = ["--rows", str(n_rows), "--file", str(file)]
        found = Worker(stack, __file__, CONTENDERS[3], arguments).measure()
    extra = (found["peak"] - found["returned"]) / 2**20
    print(f"\n{n_rows:,} rows of a file\n")
    cells = [f"{found['seconds']:.1f}", f"{extra:.0f}", f"{found['returned'] / 2**20:.0f}"]
    print(table(["", "seconds", "MB at the peak", "MB returned"], [["predict_proba", *cells]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the file")
    parser.add_argument("--compared", type=int, default=200_000, help="rows for the comparison")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", help="where the file is written")
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the rows, 2 repeats")
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        n_rows = options.rows if options.file else options.compared
        run_worker(options.worker, n_rows, options.file)
        return
    scale = 50 if options.quick else 1
    print(machine(), flush=True)
    report_times(options.compared // scale, 2 if options.quick else options.repeats)
    report_memory(options.rows // scale, options.folder)


if __name__ == "__main__":
    main()
