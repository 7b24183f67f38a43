"""Dropout on MNIST by the protocol of Srivastava et al. (2014): test error against epochs.

    python docs/benchmarks/mnist.py DATA                 # three networks, some 20 minutes each
    python docs/benchmarks/mnist.py DATA --epochs 20     # a look
    python docs/benchmarks/mnist.py DATA --networks "dropout, max-norm"

DATA is `mnist.npz` as Keras distributes it (x_train, y_train, x_test, y_test), or a folder with the
four files of the original, train-images-idx3-ubyte.gz and so on, unpacked or not. Nothing is
downloaded.

Three layers of 1,024 ReLU units learn from the 60,000 rows, pixels between 0 and 1: plain, with
dropout (half of the hidden units, a fifth of the inputs), and with dropout and max-norm, the
incoming weights of each unit within a ball of radius 2. The source reports 1.60 % of errors for a
plain network of two layers of 800 units (after Simard et al., 2003), 1.25 % with dropout and 1.06 %
with max-norm too. As there: gradient descent with a large momentum and a large step size, which
falls (here along a cosine, to 0, after an epoch of warm-up), and no early stopping. The 10,000 test
rows are looked at after each epoch, and neither learned from nor chosen by: what counts is the
error after the last epoch.

Interrupt it, and run it again: it goes on after the last epoch that is in `--checkpoints`. The same
command after the end draws the picture anew, without training.
"""

import argparse
import gzip
import os
import time
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from _report import shown, table

from sknnreg import MLPRegularizedClassifier
from sknnreg.callback import Checkpoint

PARTS = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
DROPOUT = {"dropout": 0.5, "input_dropout": 0.2}
NETWORKS = {
    "plain": {},
    "dropout": DROPOUT,
    "dropout, max-norm": {**DROPOUT, "max_norm": 2.0},
}
COLOURS = ("#444444", "#2c6ca3", "#c44e00")
SHOWN_EPOCHS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Digits(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def read(data: Path) -> Digits:
    """Pixels between 0 and 1, a row for each image."""
    arrays = _of_folder(data) if data.is_dir() else _of_archive(data)
    X, y, X_test, y_test = (arrays[name] for name in PARTS)
    for name, images, labels in (("training", X, y), ("test", X_test, y_test)):
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise SystemExit(
                f"The {name} part of {data} has images of shape {images.shape} and labels of shape "
                f"{labels.shape}; MNIST has (n, 28, 28) and (n,). Is it another file?"
            )
    X, X_test = (each.reshape(len(each), -1) / np.float32(255) for each in (X, X_test))
    return Digits(X, y, X_test, y_test)


def _of_archive(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in PARTS}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SystemExit(
            f"{path} is not mnist.npz, with the arrays {', '.join(PARTS)}: {error}. Give that "
            f"file, or a folder with {', '.join(f'{each}.gz' for each in PARTS.values())}."
        ) from error


def _of_folder(folder: Path) -> dict[str, np.ndarray]:
    return {name: _of_idx(_found(folder, stem)) for name, stem in PARTS.items()}


def _found(folder: Path, stem: str) -> Path:
    for name in (f"{stem}.gz", stem, stem.replace("-idx", ".idx")):
        if (folder / name).is_file():
            return folder / name
    raise SystemExit(f"There is no {stem}.gz in {folder}, which needs all four files of MNIST.")


def _of_idx(path: Path) -> np.ndarray:
    """The format: two zeros, 8 for unsigned bytes, the number of axes, their lengths, the bytes."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if content[:3] != b"\0\0\x08":
        raise SystemExit(f"{path} is no IDX file of unsigned bytes, which begins with 0, 0, 8.")
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", n_axes, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes)
    if values.size != np.prod(shape, dtype=np.int64):
        raise SystemExit(f"{path} is cut off: {values.size} bytes for the shape {tuple(shape)}.")
    return values.reshape(shape)


def network(epochs: int, units: int, settings: dict[str, float]) -> MLPRegularizedClassifier:
    """Watched on other rows after each epoch, and trained to the end."""
    return MLPRegularizedClassifier(
        (units, units, units),
        standardize=False,
        solver="sgd",
        momentum=0.95,
        learning_rate="cosine",
        learning_rate_init=0.05,
        learning_rate_warmup=min(1, epochs - 1),
        batch_size=128,
        max_iter=epochs,
        n_iter_no_change=None,
        early_stopping=True,  # to have validation_scores_; its best network is not used
        early_stopping_scoring="accuracy",
        random_state=0,
        verbose=True,
        **settings,
    )


def errors_by_epoch(model: MLPRegularizedClassifier, digits: Digits, *callbacks: Any) -> np.ndarray:
    """Of the test rows, in percent, after each epoch."""
    model.set_callbacks(*callbacks).fit(
        digits.X, digits.y, X_val=digits.X_test, y_val=digits.y_test
    )
    if model.stop_reason_ == "interrupted":
        raise SystemExit("Interrupted. The same command goes on from here.")
    return 100 * (1 - np.array(model.validation_scores_))


def report(found: dict[str, np.ndarray]) -> str:
    """A row for each network, a column for some epochs and the last."""
    epochs = min(map(len, found.values()))
    columns = [*(epoch for epoch in SHOWN_EPOCHS if epoch < epochs), epochs]
    header = ["test error, %", *(f"epoch {epoch}" for epoch in columns)]
    lines = [
        [name, *(f"{each[epoch - 1]:.2f}" for epoch in columns)] for name, each in found.items()
    ]
    return table(header, lines)


def draw(found: dict[str, np.ndarray], output: Path) -> None:
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for name, each in found.items():
        colour = COLOURS[list(NETWORKS).index(name)]
        axes.plot(range(1, len(each) + 1), each, color=colour, label=f"{name}: {each[-1]:.2f} %")
    axes.set(xlabel="epoch", ylabel="test error, %", yscale="log")
    low, high = axes.get_ylim()
    ticks = [base * 10.0**power for power in range(-2, 3) for base in (1, 2, 5)]
    inside = [tick for tick in ticks if low <= tick <= high]
    axes.set_yticks(inside, [f"{tick:g}" for tick in inside])
    axes.set_yticks([], minor=True)
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, title="after the last epoch")
    figure.savefig(output, dpi=130)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="mnist.npz, or a folder with the four IDX files")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--units", type=int, default=1024, help="in each of the three layers")
    parser.add_argument("--checkpoints", type=Path, default=Path("mnist_checkpoints"))
    parser.add_argument("--output", type=Path, default=Path("mnist.png"), help="the figure")
    given = parser.parse_args()
    digits = read(given.data)
    print(
        f"{len(digits.X)} rows to learn from, {len(digits.X_test)} to test; {os.cpu_count()} cores"
    )
    found = {}
    for name in given.networks:
        print(f"\n{name}: {shown(NETWORKS[name])}", flush=True)
        begin = time.perf_counter()
        model = network(given.epochs, given.units, NETWORKS[name])
        found[name] = errors_by_epoch(model, digits, Checkpoint(given.checkpoints))
        print(f"{name}: {time.perf_counter() - begin:.0f} s in this run", flush=True)
    print(f"\n{report(found)}")
    draw(found, given.output)
    print(f"\nFigure: {given.output.resolve()}")


if __name__ == "__main__":
    main()
