"""Whole-estimator `fit` time against scikit-learn's MLPClassifier and eager PyTorch on the CPU.

    python docs/benchmarks/fit_speed.py                   # all five workloads, 7 repeats
    python docs/benchmarks/fit_speed.py --workloads 1 2   # some of them
    python docs/benchmarks/fit_speed.py --quick           # a tenth of the epochs, 2 repeats

All contenders train the same architecture on the same float64 data with Adam (1e-3), shuffled
batches and a fixed number of epochs, everything that stops early switched off. sknnreg and PyTorch
train plain, with dropout 0.5 and with batch normalization; MLPClassifier has neither, so its plain
time is the peer of all three. PyTorch is left out where it is not installed; where it is, its time
includes conversion and standardization, and its thread count is the better of one and all cores.

Each contender lives in a process of its own that sleeps until it is its turn: one thread pool
cannot disturb another, imports and warm-up are paid once, and the repeats are interleaved, so that
a change in the machine's load hits all contenders alike. Times are medians over the repeats.
"""

import argparse
import gc
import math
import statistics
import sys
import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import joblib
import numpy as np
from _contenders import Worker, work_off
from _report import machine, table
from sklearn.datasets import load_digits, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


@dataclass(frozen=True)
class Workload:
    rows: int
    features: int
    classes: int
    hidden: tuple[int, ...]
    batch: int
    epochs: int

    @property
    def steps(self) -> int:
        return self.epochs * math.ceil(self.rows / self.batch)

    def __str__(self) -> str:
        hidden = "-".join(map(str, self.hidden))
        return f"{self.rows}x{self.features}, {hidden}, batch {self.batch}"


WORKLOADS = (
    Workload(150, 4, 3, (20,), 32, 200),
    Workload(1797, 64, 10, (100,), 32, 20),
    # Five classes: with two, MLPClassifier has one output and PyTorch's cross-entropy two.
    Workload(1000, 20, 5, (100,), 200, 100),
    Workload(10_000, 100, 10, (256, 256, 256), 256, 4),
    Workload(12_800, 784, 10, (1024, 1024, 1024), 128, 1),
)

CONTENDERS = (
    "MLPClassifier",
    "sknnreg",
    "torch",
    "sknnreg dropout",
    "torch dropout",
    "sknnreg batchnorm",
    "torch batchnorm",
)


# One contender's time over another's.
RATIOS = (
    ("MLPClassifier", "sknnreg"),
    ("torch", "sknnreg"),
    ("torch dropout", "sknnreg dropout"),
    ("sknnreg dropout", "sknnreg"),
    ("sknnreg batchnorm", "sknnreg"),
)


def ratio(times: dict[str, float], over: str, under: str) -> str:
    return f"{times[over] / times[under]:.2f}" if over in times and under in times else "-"


def make_data(work: Workload) -> tuple[np.ndarray, np.ndarray]:
    bundled = {150: load_iris, 1797: load_digits}
    if work.rows in bundled:
        X, y = bundled[work.rows](return_X_y=True)
    else:
        X, y = make_classification(
            work.rows, work.features, n_informative=10, n_classes=work.classes, random_state=0
        )
    return X, y


def fit_estimator(library: str, kind: str, work: Workload, X: np.ndarray, y: np.ndarray) -> None:
    shared: dict[str, Any] = {
        "hidden_layer_sizes": work.hidden,
        "batch_size": work.batch,
        "max_iter": work.epochs,
        "tol": 0.0,
        "random_state": 0,
    }
    if library == "MLPClassifier":
        model: Any = MLPClassifier(alpha=0.0, n_iter_no_change=work.epochs + 1, **shared)
    else:
        from sknnreg import MLPRegularizedClassifier

        shared |= {"dropout": 0.5} if kind == "dropout" else {}
        shared |= {"normalization": "batch"} if kind == "batchnorm" else {}
        model = MLPRegularizedClassifier(n_iter_no_change=None, **shared)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    if model.n_iter_ != work.epochs:
        raise RuntimeError(f"{library} ran {model.n_iter_} epochs instead of {work.epochs}")


def torch_model(kind: str, work: Workload) -> Any:
    from torch import nn

    layers: list[nn.Module] = []
    width = work.features
    for hidden in work.hidden:
        # Batch normalization in front of the activation replaces the bias, as in sknnreg.
        layers.append(nn.Linear(width, hidden, bias=kind != "batchnorm"))
        if kind == "batchnorm":
            layers.append(nn.BatchNorm1d(hidden))
        layers.append(nn.ReLU())
        if kind == "dropout":
            layers.append(nn.Dropout(0.5))
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, work.classes))


def fit_torch(kind: str, work: Workload, X: np.ndarray, y: np.ndarray) -> None:
    import torch

    torch.manual_seed(0)
    inputs = torch.from_numpy(X).float()
    # The floor is for constant columns, which the digits have.
    inputs = (inputs - inputs.mean(0)) / inputs.std(0).clamp_min(1e-6)
    targets = torch.from_numpy(y).long()
    model = torch_model(kind, work)
    loss = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(work.epochs):
        order = torch.randperm(work.rows)
        for start in range(0, work.rows, work.batch):
            rows = order[start : start + work.batch]
            optimizer.zero_grad()
            loss(model(inputs.index_select(0, rows)), targets.index_select(0, rows)).backward()
            optimizer.step()


def timed_fit(contender: str, work: Workload, X: np.ndarray, y: np.ndarray) -> float:
    library, _, kind = contender.partition(" ")
    gc.collect()
    start = time.perf_counter()
    if library == "torch":
        fit_torch(kind, work, X, y)
    else:
        fit_estimator(library, kind, work, X, y)
    return time.perf_counter() - start


def choose_torch_threads(contender: str, work: Workload, X: np.ndarray, y: np.ndarray) -> int:
    import torch

    short = replace(work, epochs=max(1, 100 * work.epochs // work.steps))  # 100 steps or so
    best: dict[int, float] = {}
    for threads in (1, joblib.cpu_count()) * 3:
        torch.set_num_threads(threads)
        seconds = timed_fit(contender, short, X, y)
        best[threads] = min(seconds, best.get(threads, math.inf))
    threads = min(best, key=best.__getitem__)
    torch.set_num_threads(threads)
    return threads


def run_worker(contender: str, work: Workload) -> None:
    """The worker process: warm up, say so, then one timed fit for each request."""
    X, y = make_data(work)
    timed_fit(contender, work, X, y)
    threads = choose_torch_threads(contender, work, X, y) if contender[:5] == "torch" else None
    work_off(lambda _: timed_fit(contender, work, X, y), threads)


def measure(number: int, repeats: int, quick: bool) -> tuple[dict[str, float], str]:
    """Microseconds a step for each contender, and the thread counts PyTorch chose."""
    arguments = ["--workloads", str(number + 1), *(["--quick"] if quick else [])]
    present = [name for name in CONTENDERS if name == "MLPClassifier" or find_spec(name.split()[0])]
    with ExitStack() as stack:
        workers = [Worker(stack, __file__, name, arguments) for name in present]
        rounds = [[worker.measure() for worker in workers] for _ in range(repeats)]
    scale = 1e6 / workload(number, quick).steps
    medians = [scale * statistics.median(seconds) for seconds in zip(*rounds, strict=True)]
    threads = ", ".join(str(worker.greeting) for worker in workers if worker.greeting)
    return dict(zip(present, medians, strict=True)), threads or "-"


def workload(number: int, quick: bool) -> Workload:
    work = WORKLOADS[number]
    return replace(work, epochs=max(1, work.epochs // 10)) if quick else work


def report(numbers: list[int], repeats: int, quick: bool) -> None:
    print(machine(), flush=True)
    times, ratios = [], []
    for number in numbers:
        medians, threads = measure(number, repeats, quick)
        work = workload(number, quick)
        label = f"{number + 1}: {work}"
        found = [f"{medians[name]:.0f}" if name in medians else "-" for name in CONTENDERS]
        times.append([label, str(work.steps), *found, threads])
        ratios.append([label, *(ratio(medians, *pair) for pair in RATIOS)])
        print(f"done: {label}", file=sys.stderr, flush=True)
    print(f"\nMicroseconds a step, median of {repeats} fits\n")
    print(table(["workload", "steps", *CONTENDERS, "torch threads"], times))
    print("\nRatios of these times\n")
    print(table(["workload", *(f"{over} / {under}" for over, under in RATIOS)], ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    every = range(1, len(WORKLOADS) + 1)
    parser.add_argument("--workloads", type=int, nargs="+", choices=every, default=list(every))
    parser.add_argument("--repeats", type=int, help="fits per contender, default 7 (quick: 2)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the epochs")
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    numbers = [number - 1 for number in options.workloads]
    if options.worker:
        run_worker(options.worker, workload(numbers[0], options.quick))
    else:
        report(numbers, options.repeats or (2 if options.quick else 7), options.quick)


if __name__ == "__main__":
    main()
