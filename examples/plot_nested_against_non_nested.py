"""How optimistic is the best score of a search? Nested against non-nested over many data sets.

    python examples/plot_nested_against_non_nested.py                    # writes a .png
    python examples/plot_nested_against_non_nested.py --output other.png

The best inner score of a search is the best of many, and a part of what made it the best is luck.
How much, depends on how little the rows tell and how many settings there are to choose from. Here
each data set has 60 rows and 10 inputs of which some tell of the class by a given strength; at
strength 0 the labels are pure noise, and no procedure can be better than a coin. A grid over kind
and strength of regularization of a small network is searched in 3 folds; the nested estimate
repeats that within 5 outer folds. Since the data are made, 5,000 fresh rows tell the true error of
what the search chose on all rows.

How to read the figure. Each faint dot is one data set; large dots are the means. Where the orange
dot lies left of the black line, the non-nested estimate is too low: on pure noise it promises less
than 50 % errors, which no procedure can have. The nested estimates scatter about the truth, widely,
since 60 rows are few; they may lie a little to the right of it, for their networks have learned
from four fifths of the rows.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import nested_cross_validate

STRENGTHS = {"pure noise": 0.0, "weak": 0.5, "clear": 1.5}
N_SETS, N_ROWS, N_INPUTS, N_FRESH = 10, 60, 10, 5000
COLORS = {"nested": "#0072B2", "non-nested": "#D55E00"}
GRID = {"l2": [0.0, 0.03, 0.3], "dropout": [0.0, 0.5], "learning_rate_init": [0.003, 0.03]}


def sample(strength: float, n_rows: int, random: np.random.Generator):
    y = np.arange(n_rows) % 2
    X = random.normal(size=(n_rows, N_INPUTS))
    X[:, :3] += strength * (y[:, None] - 0.5)
    return X, y


def one_data_set(strength: float, seed: int) -> dict[str, float]:
    """Both estimates for one data set, and the true error on fresh rows."""
    random = np.random.default_rng(seed)
    X, y = sample(strength, N_ROWS, random)
    network = MLPRegularizedClassifier((10,), max_iter=20, n_iter_no_change=None, random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    result = nested_cross_validate(GridSearchCV(network, GRID, cv=folds), X, y, cv=5)
    X_fresh, y_fresh = sample(strength, N_FRESH, random)
    truth = 1 - result.search.score(X_fresh, y_fresh)
    return {"nested": result.error, "non-nested": result.non_nested_error, "truth": truth}


def report(found: dict[str, dict[str, np.ndarray]]) -> None:
    print(f"{'mean error':14}{'non-nested':>12}{'nested':>12}{'fresh rows':>12}{'optimism':>12}")
    for name, each in found.items():
        nested, non_nested, truth = (each[key].mean() for key in ("nested", "non-nested", "truth"))
        print(f"{name:14}{non_nested:12.1%}{nested:12.1%}{truth:12.1%}{nested - non_nested:12.1%}")


def draw(found: dict[str, dict[str, np.ndarray]], output: Path) -> None:
    figure, ax = plt.subplots(figsize=(9, 5), layout="constrained")
    for row, each in enumerate(found.values()):
        truth = 100 * each["truth"].mean()
        label = "true error, fresh rows" if row == 0 else None
        ax.plot([truth, truth], [row - 0.38, row + 0.38], color="black", lw=2, label=label)
        for key, shift in (("nested", 0.15), ("non-nested", -0.15)):
            values = 100 * each[key]
            at = np.linspace(row + shift - 0.1, row + shift + 0.1, len(values))
            ax.scatter(values, at, s=18, color=COLORS[key], alpha=0.4, lw=0)
            label = f"{key} estimate" if row == 0 else None
            ax.scatter(
                values.mean(), row + shift, s=110, color=COLORS[key], edgecolor="white",
                zorder=3, label=label,
            )  # fmt: skip
            ax.annotate(
                f"{values.mean():.0f}", (values.mean(), row + shift), (0, 9),
                textcoords="offset points", ha="center", fontsize=9, color=COLORS[key],
            )  # fmt: skip
    ax.axvline(50, color="0.7", ls=":", zorder=0)
    ax.text(50.3, len(found) - 0.45, "a coin", color="0.4", fontsize=9, va="top")
    ax.set_yticks(range(len(found)), list(found))
    ax.set(xlabel="errors (%)", title=f"{N_SETS} data sets of {N_ROWS} rows for each strength")
    ax.set_ylim(-0.5, len(found) - 0.4)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="lower left")
    figure.savefig(output, dpi=150)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    default = Path("nested_against_non_nested.png")
    parser.add_argument("--output", type=Path, default=default, help="the figure")
    output = parser.parse_args().output
    begin = time.perf_counter()
    found = {}
    with fit_together():
        for name, strength in STRENGTHS.items():
            sets = [one_data_set(strength, seed) for seed in range(N_SETS)]
            found[name] = {key: np.array([each[key] for each in sets]) for key in sets[0]}
            print(
                f"{name}: {N_SETS} data sets after {time.perf_counter() - begin:.1f} s", flush=True
            )
    print()
    report(found)
    draw(found, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
