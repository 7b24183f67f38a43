"""How whitening, scaling and nothing change the speed of training.

    python examples/plot_whitening.py                # writes whitening.png
    python examples/plot_whitening.py --output other.png

The rows are spectra, made here: 40 wavelengths, at which six substances absorb, in bands so wide
that neighbouring columns say nearly the same. The target is a product of two of the substances.
What tells them apart is in directions in which the rows hardly vary. Steps that suit the long
directions are far too small for these. Scaling makes the columns' units equal and leaves the
correlations; whitening leaves no direction longer than another.

Each preprocessing has the step size, out of nine, with which its training loss is lowest in the
end, so that none is judged by a step that suits another. The price is in the right panel: most of
the short directions are noise, and whitening makes them as large as all others. Shrinking keeps
them short: `regularization=1e-4` here, a share that leaves what is above the noise.
"""

import argparse
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sknnreg import MLPRegularizedRegressor, fit_together
from sknnreg.preprocessing import Whitener

EPOCHS, SEEDS = 60, 5
STEPS = np.geomspace(1e-3, 1, 9)
WAYS = {
    "nothing": (FunctionTransformer(), "#000000"),
    "scaled": (StandardScaler(), "#E69F00"),
    "whitened": (Whitener("zca_cor"), "#D55E00"),
    "whitened, shrunk": (Whitener("zca_cor", regularization=1e-4), "#0072B2"),
}


def spectra(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What each of six substances absorbs at 40 wavelengths, and a product of two of them."""
    rng = np.random.default_rng(seed)
    amounts = rng.uniform(0, 1, (800, 6))
    wavelengths, middles = np.linspace(0, 1, 40), np.linspace(0.1, 0.9, 6)
    bands = np.exp(-np.square((wavelengths - middles[:, None]) / 0.25))
    X = amounts @ bands + 0.002 * rng.normal(size=(800, 40))
    return X, 12 * (amounts[:, 2] - 0.5) * (amounts[:, 3] - 0.5)


def fitted(way: str, step: float, seed: int) -> tuple[list[float], list[float]]:
    """The losses by epoch, in training and on rows that were left out."""
    X, X_test, y, y_test = train_test_split(*spectra(seed), random_state=seed)
    transformer = clone(WAYS[way][0])
    network = MLPRegularizedRegressor(
        (20,),
        activation="tanh",
        solver="sgd",
        momentum=0.0,
        standardize="y",
        learning_rate_init=step,
        batch_size=32,
        max_iter=EPOCHS,
        n_iter_no_change=None,
        random_state=seed,
    )
    X = transformer.fit_transform(X)
    try:
        network.fit(X, y, X_val=transformer.transform(X_test), y_val=y_test)
    except ValueError:  # it diverged
        return [np.nan] * EPOCHS, [np.nan] * EPOCHS
    return network.loss_curve_, network.validation_loss_curve_


def all_curves(way: str) -> np.ndarray:
    """(steps, seeds, 2, epochs), in one pass."""
    with fit_together():
        found = joblib.Parallel()(
            joblib.delayed(fitted)(way, step, seed) for step in STEPS for seed in range(SEEDS)
        )
    return np.array(found).reshape(len(STEPS), SEEDS, 2, EPOCHS)


def draw(best, output: Path) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(11.5, 4.6), layout="constrained", sharey=True)
    for place, (axis, title) in enumerate(zip(axes, ("training", "left out"), strict=True)):
        for way, curves in best.items():
            losses = curves[:, place]
            epochs = np.arange(1, EPOCHS + 1)
            colour = WAYS[way][1]
            axis.plot(epochs, losses.mean(axis=0), color=colour, label=way, linewidth=1.8)
            axis.fill_between(
                epochs, losses.min(axis=0), losses.max(axis=0), color=colour, alpha=0.13
            )
        axis.set_title(
            f"half squared error of rows {'in ' if place == 0 else ''}{title}", fontsize=11
        )
        axis.set_xlabel("epoch")
        axis.set_yscale("log")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(f"half squared error, mean and range of {SEEDS} seeds")
    axes[1].legend(frameon=False)
    figure.savefig(output, dpi=120)
    plt.close(figure)


def epochs_to(level: float, losses: np.ndarray) -> str:
    below = np.flatnonzero(losses <= level)
    return str(below[0] + 1) if len(below) else f"over {EPOCHS}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("whitening.png"))
    output = parser.parse_args().output
    best = {}
    print(f"{'':26}{'step':>8}{'epochs to 0.3':>15}{'to 0.1':>10}{'training':>11}{'left out':>11}")
    for way in WAYS:
        curves = all_curves(way)
        final = np.nan_to_num(curves[:, :, 0, -1].mean(axis=1), nan=np.inf)
        chosen = int(final.argmin())
        best[way] = curves[chosen]
        training, left_out = curves[chosen].mean(axis=0)
        print(
            f"{way:26}{STEPS[chosen]:8.4f}{epochs_to(0.3, training):>15}"
            f"{epochs_to(0.1, training):>10}{training[-1]:11.4f}{left_out.min():11.4f}",
            flush=True,
        )
    draw(best, output)
    print(f"\nwrote {output}; left out: the lowest of all epochs")


if __name__ == "__main__":
    main()
