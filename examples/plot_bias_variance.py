"""Bias and variance of a thousand networks: the U-curve in width, and in L2.

    python examples/plot_bias_variance.py                    # writes bias_variance.png
    python examples/plot_bias_variance.py --output other.png

The expected squared error of a network is bias² + variance + noise, the expectation over training
samples. Where the data are made, all three can be told apart: each network here learns from 40 rows
of its own, the function behind them is known, and so is the noise. Twenty widths and twenty
strengths of L2 with 25 training samples each are a thousand networks; those of equal shape train as
one stack.

How to read the figure. On the left the width of the hidden layer rises, without a regularizer. A
network of one or two units cannot bend as the function does: its bias is large. On the right a wide
network is held back by an L2 penalty that rises from left to right, so that complexity falls: the
variance falls with it, until the bias rises. The gray line is the noise, below which no network can
get.

What to expect: both are a U, the right one a clear one. Narrow networks depend on where they
start, and that is in their variance too: from the worst starts some of their units never turn on.
From about ten units on that is over, and the variance rises slowly with the width. A wide network
with the right penalty does better than any width without one.
"""

import argparse
import time
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.callback import ProgressBar

from sknnreg import MLPRegularizedRegressor
from sknnreg.model_selection import BiasVarianceDisplay

WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 20, 24, 32, 40, 48, 56, 64]
L2 = np.logspace(-5, 0, 20)
N_ROUNDS, N_ROWS, DEVIATION, SEED = 25, 40, 0.4, 0
NETWORK = MLPRegularizedRegressor(
    (64,),
    learning_rate_init=0.01,
    batch_size=N_ROWS,
    max_iter=600,
    n_iter_no_change=None,
)


def function(X: np.ndarray) -> np.ndarray:
    return np.sin(2.5 * X[:, 0]) + 0.5 * X[:, 1] * X[:, 0]


def u_curve(name: str, values, title: str, ax) -> BiasVarianceDisplay:
    """All networks of one curve in one pass, each on rows of its own."""
    random = np.random.default_rng(SEED)
    X = random.uniform(-2, 2, (N_ROUNDS * N_ROWS, 2))
    X_test = random.uniform(-2, 2, (500, 2))
    f_test = function(X_test)
    # The networks have no random_state: with one, all would begin alike, and the bias would be that
    # of one start.
    np.random.seed(SEED)  # noqa: NPY002
    begin = time.perf_counter()
    display = BiasVarianceDisplay.from_estimator(
        NETWORK,
        X,
        function(X) + DEVIATION * random.normal(size=len(X)),
        param_name=name,
        param_range=values,
        X_test=X_test,
        y_test=f_test[:, None] + DEVIATION * random.normal(size=(500, 20)),
        f_test=f_test,
        n_rounds=N_ROUNDS,
        sampling="subsample",
        random_state=SEED,
        callbacks=ProgressBar(max_propagation_depth=0) if find_spec("rich") else None,
        ax=ax,
    )
    n_networks = len(display.results) * N_ROUNDS
    print(f"{title}: {n_networks} networks in {time.perf_counter() - begin:.1f} s\n")
    print(f"{name:>20}{'loss':>10}{'bias^2':>10}{'variance':>10}{'noise':>10}")
    for value, result in zip(values, display.results, strict=True):
        numbers = (result.loss, result.bias, result.variance, result.noise)
        print(f"{value!s:>20.8}" + "".join(f"{each:10.4f}" for each in numbers))
    ax.set_title(title)
    ax.axhline(DEVIATION**2, color="0.7", lw=1, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    return display


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("bias_variance.png"), help="the figure")
    output = parser.parse_args().output
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained", sharey=True)
    widths = [(width,) for width in WIDTHS]
    u_curve("hidden_layer_sizes", widths, "By width, without a penalty", left)
    by_l2 = u_curve("l2", [float(f"{value:.3g}") for value in L2], "By L2, with 64 units", right)
    ticks = [1, 2, 4, 8, 16, 32, 64]
    left.set_xticks(ticks, map(str, ticks))
    left.minorticks_off()
    left.set(xlabel="hidden units", ylim=(-0.03, 1.15 * by_l2.losses.max()))
    figure.savefig(output, dpi=150)
    plt.close(figure)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
