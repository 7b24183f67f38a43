"""Nested cross-validation: what does a search over regularizers buy on a small data set?

    python examples/plot_nested_cv.py                    # writes nested_cv.png
    python examples/plot_nested_cv.py --output other.png

Hyperparameters are chosen by a grid search inside each outer training part, and the chosen network
is tested on the outer test part, which the choice has never seen. The test error is therefore not
biased by the search, as the best score of a plain grid search is. It judges the whole procedure,
search included, not one network.

Two procedures are compared on the breast cancer data (569 rows, 30 inputs, 2 classes):
`MLPRegularizedClassifier` searches over dropout, input noise and batch normalization;
scikit-learn's `MLPClassifier` over its `alpha` (L2) and activation. Both searches have 12 points,
both networks 50 hidden units and 50 epochs in batches of 32 rows, and both searches choose by the
log loss. Inside `fit_together()` all of the first one's networks train side by side.

What to expect: not much. A linear model already makes about 2 to 3 errors in 100 here, an outer
test part has about 114 rows, so that one error more or less is 0.9 percentage points, and the two
procedures differ by less than the folds do. The intervals take into account that the training parts
overlap (Nadeau and Bengio, 2003). The folds do not agree on the hyperparameters: many settings are
nearly as good as the best, and the difference between the nested and the non-nested estimate, the
optimism, is small, and by chance below 0 at times, because the search had little to choose between.
"""

import argparse
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
from sklearn.callback import ProgressBar
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.model_selection import nested_cross_validate

EPOCHS, SEED = 50, 0
SHARED = {"batch_size": 32, "max_iter": EPOCHS, "random_state": SEED}
CONTENDERS = {
    "MLPRegularizedClassifier": (
        MLPRegularizedClassifier((50,), learning_rate_init=0.003, n_iter_no_change=None, **SHARED),
        {
            "dropout": [0.0, 0.25, 0.5],
            "input_noise": [0.0, 0.3],
            "normalization": [None, "batch"],
        },
    ),
    "MLPClassifier": (
        make_pipeline(StandardScaler(), MLPClassifier((50,), n_iter_no_change=EPOCHS, **SHARED)),
        {
            "mlpclassifier__alpha": [1e-4, 1e-2, 0.1, 1.0, 3.0, 10.0],
            "mlpclassifier__activation": ["relu", "tanh"],
        },
    ),
}


def judged(name: str, X, y):
    """One contender's search in the outer folds, with a progress bar over the searches."""
    estimator, grid = CONTENDERS[name]
    inner = StratifiedKFold(4, shuffle=True, random_state=SEED)
    search = GridSearchCV(estimator, grid, scoring="neg_log_loss", cv=inner)
    print(f"\n{name}:", flush=True)
    begin = time.perf_counter()
    result = nested_cross_validate(
        search,
        X,
        y,
        cv=StratifiedKFold(5, shuffle=True, random_state=SEED),
        scoring="accuracy",
        callbacks=ProgressBar(max_propagation_depth=0) if find_spec("rich") else None,
    )
    print(f"{time.perf_counter() - begin:.1f} s\n\n{result}", flush=True)
    return result


def draw(results: dict, output: Path) -> None:
    """Each contender's folds side by side, on one scale."""
    figure, axes = plt.subplots(1, len(results), figsize=(14, 5), layout="constrained", sharey=True)
    for ax, (name, result) in zip(axes, results.items(), strict=True):
        result.plot(ax)
        ax.legend(fontsize="small", loc="upper left", frameon=False, ncols=2)
        ax.set_title(f"{name}: {100 * result.error:.1f} % errors, nested")
        ax.spines[["top", "right"]].set_visible(False)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(min(low, 0), high + 0.3 * (high - low))
    figure.savefig(output, dpi=150)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("nested_cv.png"), help="the figure")
    output = parser.parse_args().output
    X, y = load_breast_cancer(return_X_y=True)
    # MLPClassifier has no way of being told that a fixed number of epochs is what is wanted; joblib
    # hands warning filters on to its workers.
    warnings.filterwarnings("ignore", "Stochastic Optimizer", ConvergenceWarning)
    # What holds no network of this package runs as outside of the block: in two processes with one
    # BLAS thread each, for these networks are too small to share among threads.
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1), fit_together():
        results = {name: judged(name, X, y) for name in CONTENDERS}
    draw(results, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
