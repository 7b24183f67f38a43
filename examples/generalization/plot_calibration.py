"""Calibration: a network that is too sure, a temperature for it, and conformal intervals.

    python examples/plot_calibration.py                    # writes calibration.png
    python examples/plot_calibration.py --output other.png

On the left a classifier: two classes, a seventh of whose labels are wrong, and a network large
enough to learn some of the 1,600 rows by heart. With `temperature="validation"` its raw outputs are
divided by the number that suits the validation rows best (Guo et al., 2017). Drawn, by
scikit-learn's `CalibrationDisplay`, is how often the second class is right that is said to be so
with this probability; on the diagonal a network is as sure as it may be.

On the right a regressor whose noise grows with x. `predict_interval` takes noise to be the same
everywhere: its share of targets is right overall, too large on the left and too small on the right.
MAPIE's conformal intervals around the same network (if the package is installed) hold their share
for noise of any kind; of constant width, they do so overall as well, and with residuals in units of
the prediction's size in each part.

What to expect: accuracy is the same to the last digit, since the temperature leaves the most
probable class as it is; the log loss falls, and the curve comes near the diagonal.
"""

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

try:
    from mapie.regression import SplitConformalRegressor
except ImportError:
    SplitConformalRegressor = None

COVERAGE = 0.9


def classes(ax: Any) -> None:
    X, y = make_classification(4_000, 20, n_informative=6, flip_y=0.3, random_state=0)
    X, X_test, y, y_test = train_test_split(X, y, test_size=2_000, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=400, random_state=0)
    print(f"{'temperature':>12} {'found':>6} {'accuracy':>9} {'log loss':>9}")
    for temperature, colour in ((None, "#C44E00"), ("validation", "#0072B2")):
        model = MLPRegularizedClassifier(
            (100,), learning_rate_init=0.01, max_iter=25, n_iter_no_change=None, random_state=0,
            temperature=temperature,
        )  # fmt: skip
        # Not for early stopping: the temperature alone is found by these rows.
        p = model.fit(X, y, X_val=X_val, y_val=y_val).predict_proba(X_test)
        loss = log_loss(y_test, p)
        found = "" if model.temperature_ is None else f"{model.temperature_:.2f}"
        accuracy = accuracy_score(y_test, model.predict(X_test))
        print(f"{temperature!s:>12} {found:>6} {accuracy:9.2%} {loss:9.3f}")
        CalibrationDisplay.from_predictions(
            y_test, p[:, 1], n_bins=10, strategy="quantile", ax=ax, color=colour,
            name=f"temperature={temperature}, loss {loss:.2f}",
        )  # fmt: skip
    ax.set(title="Is it as often so as it is said to be?", xlabel="said", ylabel="is so")
    ax.legend(loc="upper left", fontsize="small")


def noisy(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise that grows from left to right, around means above 0."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, n)
    mean = 1 + x + np.sin(2 * x)
    return x[:, None], mean * (1 + 0.15 * rng.normal(size=n))


def shares(name: str, bounds: tuple[np.ndarray, np.ndarray], X: np.ndarray, y: np.ndarray) -> None:
    inside = (bounds[0] < y) & (y < bounds[1])
    parts = [inside[(X[:, 0] >= low) & (X[:, 0] < low + 1)].mean() for low in range(4)]
    print(f"{name:32} {inside.mean():6.1%}", *(f"{part:6.0%}" for part in parts))


def intervals(ax: Any) -> None:
    (X, y), (X_val, y_val), (X_test, y_test) = (noisy(n, n) for n in (800, 400, 5_000))
    model = MLPRegularizedRegressor(
        (50,), early_stopping=True, max_iter=300, dropout=0.02, random_state=0
    ).fit(X, y, X_val=X_val, y_val=y_val)
    grid = np.linspace(0, 4, 300)[:, None]
    print(
        f"\n{'share of targets in 90 %':32} {'all':>6}", *(f"{f'{k}-{k + 1}':>6}" for k in range(4))
    )
    shares("predict_interval", model.predict_interval(X_test, COVERAGE), X_test, y_test)
    drawn = {"predict_interval": ("#0072B2", model.predict_interval(grid, COVERAGE))}
    if SplitConformalRegressor is None:
        print("MAPIE is not installed: no conformal intervals (pip install mapie).")
    else:
        X_conformal, y_conformal = noisy(600, 7)
        for score, colour in (("absolute", "#111111"), ("gamma", "#C44E00")):
            conformal = SplitConformalRegressor(
                model, confidence_level=COVERAGE, conformity_score=score, prefit=True
            ).conformalize(X_conformal, y_conformal)
            name = f"MAPIE, {score} residuals"
            found = [conformal.predict_interval(rows)[1][..., 0] for rows in (X_test, grid)]
            shares(name, (found[0][:, 0], found[0][:, 1]), X_test, y_test)
            drawn[name] = (colour, (found[1][:, 0], found[1][:, 1]))
    ax.plot(X_test[:1_000, 0], y_test[:1_000], ".", color="#999999", ms=2)
    ax.plot(grid[:, 0], model.predict(grid), color="#777777", lw=1)
    for name, (colour, bounds) in drawn.items():
        for bound, label in zip(bounds, (name, None), strict=True):
            style = "--" if "absolute" in name else "-"
            ax.plot(grid[:, 0], bound, style, color=colour, lw=1.5, label=label)
    ax.set(title=f"Intervals for {COVERAGE:.0%} of targets", xlabel="x", ylabel="y")
    ax.legend(loc="upper left", fontsize="small")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("calibration.png"))
    output = parser.parse_args().output
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    classes(axes[0])
    intervals(axes[1])
    figure.savefig(output, dpi=150)
    print(f"Wrote {output}")


if __name__ == "__main__":
    main()
