"""Monte Carlo dropout by the protocol of Gal and Ghahramani (2016), on regressions.

    python docs/benchmarks/mc_dropout.py DATA_FOLDER             # some minutes
    python docs/benchmarks/mc_dropout.py DATA_FOLDER --splits 3  # a look

DATA_FOLDER holds files NAME.npz with arrays X, y and task. For each split into 90 and 10 % of the
rows: networks with a hidden layer of 50 ReLU units, inputs and units dropped at a rate out of
0.005, 0.01, 0.05 and 0.1, learn from 80 % of the training rows, with `l2` = l^2 (1 - p) / (2 N tau)
for a length-scale l = 0.01; p and the precision tau are those with the highest log-likelihood on
the other 20 %; with these a network learns from all training rows. Batches of 128, Adam with steps
of 0.001, 40 or 400 epochs, 1,000 draws (the source: 10,000). tau is looked for at noise deviations
of 0.1 to 0.8 times that of y; the source has a grid for each of its data sets.

Shown are the means over the splits, with their standard errors, of the root of the mean square of y
minus the mean of the draws, and of the log-likelihood of a row; as a yardstick that of one normal
distribution around the same network's plain prediction, whose deviation is the error on the same
20 %; and the share of targets in intervals for 50, 90 and 95 %.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from _report import table
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedRegressor, fit_together

RATES, NOISES = (0.005, 0.01, 0.05, 0.1), (0.1, 0.14, 0.2, 0.28, 0.4, 0.57, 0.8)
LENGTH_SCALE, EPOCHS, N_SPLITS, N_DRAWS = 1e-2, (40, 400), 20, 1_000
COVERAGES = (0.5, 0.9, 0.95)
# Of larger tables this many rows, drawn at random for each split.
MOST_ROWS = 1_000


class Rows(NamedTuple):
    X: np.ndarray
    y: np.ndarray


def tables(folder: Path) -> dict[str, Rows]:
    found = {"diabetes": Rows(*load_diabetes(return_X_y=True))}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as each:
            if str(each["task"]) == "regression":
                found[path.stem] = Rows(each["X"].astype(np.float64), each["y"])
    return found


def network(rate: float, noise_std: float, n_rows: int, epochs: int, seed: int) -> Any:
    return MLPRegularizedRegressor(
        (50,),
        dropout=rate,
        input_dropout=rate,
        l2=LENGTH_SCALE**2 * (1 - rate) * noise_std**2 / (2 * n_rows),
        batch_size=min(128, n_rows),
        learning_rate_init=0.001,
        max_iter=epochs,
        n_iter_no_change=None,
        random_state=seed,
    )


def fitted(rate: float, noise_std: float, rows: Rows, epochs: int, seed: int) -> Any:
    return network(rate, noise_std, len(rows.y), epochs, seed).fit(rows.X, rows.y)


def split(rows: Rows, seed: int) -> tuple[Rows, Rows, Rows, Rows]:
    """To learn from, to choose by, both, to test."""
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(rows.y))[:MOST_ROWS]
    X, X_test, y, y_test = train_test_split(
        rows.X[some], rows.y[some], test_size=0.1, random_state=seed
    )
    X_fit, X_val, y_fit, y_val = train_test_split(X, y, test_size=0.2, random_state=seed)
    return Rows(X_fit, y_fit), Rows(X_val, y_val), Rows(X, y), Rows(X_test, y_test)


def tried(rows: Rows, epochs: int, seed: int) -> list[float]:
    """RMSE, log-likelihood, the yardstick's, and coverages of one split."""
    part, chosen_by, whole, test = split(rows, seed)
    scale = whole.y.std()
    grid = [(rate, share * scale) for rate in RATES for share in NOISES]
    # Within fit_together these join the networks of all other splits.
    candidates = joblib.Parallel()(
        joblib.delayed(fitted)(rate, noise, part, epochs, seed) for rate, noise in grid
    )
    likelihoods = [
        each.log_predictive_density(*chosen_by, noise_std=noise, n_samples=200).mean()
        for each, (_, noise) in zip(candidates, grid, strict=True)
    ]
    best = int(np.argmax(likelihoods))
    error = np.sqrt(np.square(candidates[best].predict(chosen_by.X) - chosen_by.y).mean())
    (model,) = joblib.Parallel()([joblib.delayed(fitted)(*grid[best], whole, epochs, seed)])
    return judged(model, grid[best][1], float(error), test)


def judged(model: Any, noise_std: float, error: float, test: Rows) -> list[float]:
    draws = model.sample_predictions(test.X, N_DRAWS, random_state=0)
    rmse = np.sqrt(np.square(draws.mean(axis=0) - test.y).mean())
    told = {"noise_std": noise_std, "n_samples": N_DRAWS}
    likelihood = model.log_predictive_density(*test, **told).mean()
    away = (model.predict(test.X) - test.y) / error
    plain = np.mean(-0.5 * away**2 - np.log(error) - 0.5 * np.log(2 * np.pi))
    inside = []
    for coverage in COVERAGES:
        lower, upper = model.predict_interval(test.X, coverage, **told)
        inside.append(np.mean((lower <= test.y) & (test.y <= upper)))
    return [rmse, likelihood, plain, *inside]


def shown(values: np.ndarray) -> str:
    return f"{values.mean():.3g} ± {values.std(ddof=1) / len(values) ** 0.5:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=N_SPLITS)
    given = parser.parse_args()
    lines = []
    for name, rows in tables(given.folder).items():
        for epochs in EPOCHS:
            with fit_together():
                found = joblib.Parallel()(
                    joblib.delayed(tried)(rows, epochs, seed) for seed in range(given.splits)
                )
            for seed, each in enumerate(found):
                told = " ".join(f"{value:8.4g}" for value in each)
                print(f"{name:12} {epochs:4} epochs, split {seed:2}: {told}", flush=True)
            rmse, likelihood, plain, *inside = np.array(found).T
            shares = [f"{100 * share.mean():.0f}" for share in inside]
            lines.append([f"{name}, {epochs} epochs", *map(shown, (rmse, likelihood, plain))])
            lines[-1] += shares
    header = ["", "RMSE", "log-likelihood", "plain", *(f"{c:.0%}" for c in COVERAGES)]
    print(table(header, lines))


if __name__ == "__main__":
    main()
