"""Every regularizer on one problem: what it does to the decision and to the weights.

    python examples/plot_regularizers.py                    # writes regularizers.png
    python examples/plot_regularizers.py --output other.png

The same network, two hidden layers of 50 units, learns the same 120 rows once without any
regularizer and sixteen times with a single one. The rows are two moons in the plane, with so much
noise that they overlap, and one label in ten is wrong. Left to itself, the network learns wrong
labels by heart.

How to read the figure. Colours are the probability of the orange class, and the black line is where
it is one half; rings mark the wrong labels. The first panel is the truth, which is known since the
data are made; nobody can do better. Beneath each panel is what became of the weights: how large
they are, on a logarithmic axis, with those that are exactly 0, and the tiny ones, in bars of their
own; the grey outline is the network without regularizer, and the length is that of all weights
taken as one vector (for layer normalization without its gamma). Above each panel are the log loss
and the accuracy on 20,000 fresh rows. What happens to 120 rows is a matter of luck, so the panels
show one sample, but these numbers, and those of the table, are means over 20. "No better" means
that the gain over no regularizer is within two standard errors.

What to expect: without a regularizer the log loss is far above log(2) = 0.69, a coin's, although
the accuracy is not so bad: the network is sure of itself where it should not be. All but one of the
sixteen make it less so, and the best half a dozen can hardly be told apart. They get there in
different ways.
`l1` ends with some seventy weights out of 2650; `l2`, `weight_decay` and the two norms with short
ones, many of them next to 0. Input noise and mixup smooth the surface between the rows, and keep
weights three times as long as those of `l2`. Dropout, in all its kinds, varies most from sample to
sample; it does not punish large weights.

And what does not help: label smoothing and DropConnect make the network less sure, but no more
often right. Layer normalization does nothing here: it makes deep networks easier to train, and no
less prone to learn by heart. Lastly, the linear model at the end of the table has a lower log loss
than most of the sixteen, though a lower accuracy than most. With 120 rows it often is so.

Each strength is the best of five or six, tried on twenty other samples: the most accurate of those
whose log loss was within a standard error of the least. So each regularizer is shown near its best,
which is more than anybody can know from 120 rows.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from sklearn.base import clone
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss

from sknnreg import MLPRegularizedClassifier, fit_together

N_ROWS, N_FRESH, N_SAMPLES, NOISE, WRONG = 120, 20_000, 20, 0.3, 0.1
SHOWN = 3  # the sample in the panels
NETWORK = MLPRegularizedClassifier(
    (50, 50),
    learning_rate_init=0.01,
    batch_size=30,
    max_iter=200,
    n_iter_no_change=None,
    random_state=0,
)
# A name, its place in the map, and what to set; one panel each.
MEMBERS: list[tuple[str, str, dict[str, Any]]] = [
    ("no regularizer", "", {}),
    ("input_noise=0.4", "1 data", {"input_noise": 0.4}),
    ("mixup=1", "1 data", {"mixup": 1.0}),
    ("label_smoothing=0.3", "1 data", {"label_smoothing": 0.3}),
    ("dropout=0.7", "2 signal", {"dropout": 0.7}),
    ("dropout=0.6, gaussian", "2 signal", {"dropout": 0.6, "dropout_kind": "gaussian"}),
    ("dropout=0.1, variational", "2 signal", {"dropout": 0.1, "dropout_kind": "variational"}),
    ("batch normalization", "2 signal", {"normalization": "batch"}),
    ("layer normalization", "2 signal", {"normalization": "layer"}),
    ("drop_connect=0.3", "3 weights in use", {"drop_connect": 0.3}),
    ("weight_noise=0.3", "3 weights in use", {"weight_noise": 0.3}),
    ("l1=0.002", "4 objective", {"l1": 0.002}),
    ("l2=0.01", "4 objective", {"l2": 0.01}),
    ("weight_decay=1", "5 update", {"weight_decay": 1.0}),
    ("max_norm=0.8", "6 weights at rest", {"max_norm": 0.8}),
    ("max_weight_norm=8", "6 weights at rest", {"max_weight_norm": 8.0}),
    (
        "early stopping",
        "7 time",
        {"early_stopping": True, "n_iter_no_change": 20, "validation_fraction": 0.2},
    ),
]
LINEAR = {"hidden_layer_sizes": (), "l2": 0.01}  # in the table only
N_COLUMNS = 6
COLOURS = {
    "": "#444444",
    "1 data": "#a06a00",
    "2 signal": "#00735a",
    "3 weights in use": "#6a48a0",
    "4 objective": "#ad2f6b",
    "5 update": "#2c6ca3",
    "6 weights at rest": "#8f4a28",
    "7 time": "#5d7a20",
}
# Lighter than the points; what is close to 0 or 1 stands out from 0.1 and 0.9.
SURFACE = LinearSegmentedColormap.from_list(
    "surface",
    [(0, "#3f74ad"), (0.1, "#86b5da"), (0.5, "#fbfaf7"), (0.9, "#f6b985"), (1, "#d96f2a")],
)
POINTS = ("#0b3a6f", "#8a2f00")
X_LIMITS, Y_LIMITS = (-2.0, 3.0), (-1.6, 2.1)
EDGES = np.linspace(-3, 1, 33)  # powers of ten, for the histograms
TOP = 0.16  # the longest bar of a histogram; longer ones are cut


@dataclass(frozen=True)
class Outcome:
    """One network: its losses on fresh rows, its weights, and the network itself."""

    loss: float
    accuracy: float
    weights: np.ndarray
    model: MLPRegularizedClassifier

    @property
    def zeros(self) -> float:
        return float((self.weights == 0).mean())

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.weights))


def draw_rows(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two noisy moons; which labels are wrong."""
    X, y = make_moons(n_rows, noise=NOISE, random_state=seed)
    wrong = np.random.default_rng(seed).random(n_rows) < WRONG
    return X, np.where(wrong, 1 - y, y), wrong


def true_probability(X: np.ndarray) -> np.ndarray:
    """Of class 1: the density of either moon is an average of Gaussians along its arc."""
    angle = np.linspace(0, np.pi, 201)
    moons = (np.cos(angle), np.sin(angle)), (1 - np.cos(angle), 0.5 - np.sin(angle))
    densities = [
        np.exp(
            -(np.subtract.outer(X[:, 0], a) ** 2 + np.subtract.outer(X[:, 1], b) ** 2)
            / (2 * NOISE**2)
        ).mean(axis=1)
        for a, b in moons
    ]
    return WRONG + (1 - 2 * WRONG) * densities[1] / (densities[0] + densities[1])


def try_out(setting: dict[str, Any], seed: int, fresh: tuple[np.ndarray, np.ndarray]) -> Outcome:
    """Fit to one sample and judge by fresh rows."""
    X, y, _ = draw_rows(N_ROWS, seed)
    model = clone(NETWORK).set_params(**setting).fit(X, y)
    probability = model.predict_proba(fresh[0])[:, 1]
    weights = np.concatenate([coef.ravel() for coef in model.coefs_])
    accuracy = float(((probability > 0.5) == fresh[1]).mean())
    return Outcome(log_loss(fresh[1], probability), accuracy, weights, model)


def report(outcomes: list[list[Outcome]], best: float) -> None:
    """A row for each setting: means over the samples."""
    print(
        f"{'':26}{'log loss':>9}{'(s.e.)':>9}{'accuracy':>10}{'zeros':>8}{'length':>8}"
        f"{'shown: log loss':>17}"
    )
    names = [*(name for name, _, _ in MEMBERS), "linear model, l2=0.01"]
    for name, each in zip(names, outcomes, strict=True):
        losses = np.array([outcome.loss for outcome in each])
        error = losses.std(ddof=1) / np.sqrt(len(losses))
        print(
            f"{name:26}{losses.mean():9.3f}{f'({error:.3f})':>9}"
            f"{np.mean([outcome.accuracy for outcome in each]):10.1%}"
            f"{np.mean([outcome.zeros for outcome in each]):8.0%}"
            f"{np.mean([outcome.length for outcome in each]):8.1f}"
            f"{each[SHOWN].loss:17.3f}"
        )
    print(f"{'the true probabilities':26}{best:9.3f}")


def draw(outcomes: list[list[Outcome]], truth: tuple[float, float], output: Path) -> None:
    plt.rcParams.update({"font.size": 9})
    figure = plt.figure(figsize=(16.5, 12.6), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.03, hspace=0.02, wspace=0.01)
    figure.suptitle(
        f"One network, {N_ROWS} rows, one label in ten wrong: what each regularizer does to the "
        f"decision and to the weights\n",
        fontsize=14,
    )
    grid = figure.add_gridspec(-(-(len(MEMBERS) + 1) // N_COLUMNS), N_COLUMNS)
    pairs = [
        [figure.add_subplot(cell) for cell in one.subgridspec(2, 1, height_ratios=(3.4, 1))]
        for one in (grid[divmod(n, N_COLUMNS)] for n in range(len(MEMBERS) + 1))
    ]
    draw_surface(pairs[0][0], true_probability)
    entitle(pairs[0][0], "the truth", "", f"log loss {truth[0]:.2f}, accuracy {truth[1]:.0%}")
    draw_key(pairs[0][1])
    for (panel, beneath), (name, place, _), each in zip(pairs[1:], MEMBERS, outcomes, strict=True):
        model = each[SHOWN].model
        draw_surface(panel, lambda X, model=model: model.predict_proba(X)[:, 1])
        entitle(panel, name, place, judge(each, outcomes[0]))
        draw_weights(beneath, each[SHOWN], outcomes[0][SHOWN], COLOURS[place])
    figure.savefig(output, dpi=150)
    plt.close(figure)


def judge(each: list[Outcome], without: list[Outcome]) -> str:
    """Mean log loss and accuracy; no better means within two standard errors of no regularizer."""
    told = []
    for name, gain, words in (("loss", -1, "log loss {:.2f}"), ("accuracy", 1, "accuracy {:.0%}")):
        ours, theirs = (np.array([getattr(one, name) for one in them]) for them in (each, without))
        gains = gain * (ours - theirs)
        helps = each is without or gains.mean() > 2 * gains.std(ddof=1) / np.sqrt(len(gains))
        told.append(words.format(ours.mean()) + ("" if helps else " (no better)"))
    if all(each.endswith(")") for each in told):
        return ", ".join(each.removesuffix(" (no better)") for each in told) + " (neither better)"
    return ", ".join(told)


def entitle(axes, name: str, place: str, told: str) -> None:
    axes.set_title(" ", pad=30)  # room for three lines
    lines = [
        (31, f"place {place}" if place else "", {"color": COLOURS[place], "fontsize": 8}),
        (17, name, {"fontsize": 11, "fontweight": "bold"}),
        (5, told, {"fontsize": 8.5}),
    ]
    for height, text, style in lines:
        line = axes.annotate(text, (0, 1), (0, height), "axes fraction", "offset points", **style)
        line.set_in_layout(False)


def draw_surface(axes, probability) -> None:
    """Probabilities, the line at one half, and the training rows."""
    x, y = np.linspace(*X_LIMITS, 250), np.linspace(*Y_LIMITS, 185)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    surface = probability(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    extent = (*X_LIMITS, *Y_LIMITS)
    axes.imshow(surface, origin="lower", extent=extent, cmap=SURFACE, vmin=0, vmax=1, aspect="auto")
    axes.contour(x, y, surface, levels=[0.5], colors="black", linewidths=1.4)
    X, labels, wrong = draw_rows(N_ROWS, SHOWN)
    for label, colour in enumerate(POINTS):
        axes.scatter(*X[labels == label].T, s=13, color=colour, edgecolor="white", linewidth=0.5)
    axes.scatter(*X[wrong].T, s=48, facecolor="none", edgecolor="black", linewidth=0.9)
    axes.set(xlim=X_LIMITS, ylim=Y_LIMITS, xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_key(axes) -> None:
    """What points and colours mean, in place of the truth's weights."""
    axes.set_axis_off()
    bar = axes.inset_axes((0.02, 0.08, 0.96, 0.12))
    bar.imshow(np.linspace(0, 1, 200)[None], cmap=SURFACE, extent=(0, 1, 0, 1), aspect="auto")
    bar.set(yticks=[], xticks=[0, 0.5, 1], title="probability of orange")
    bar.title.set_fontsize(8)
    bar.tick_params(labelsize=7, length=0)
    bar.spines[:].set_visible(False)
    dots = {"marker": "o", "linestyle": "", "markersize": 4, "markeredgecolor": "white"}
    ring = Line2D([], [], marker="o", linestyle="", color="none", markeredgecolor="black")
    handles = [Line2D([], [], color=colour, **dots) for colour in POINTS]
    handles += [ring, Patch(facecolor="none", edgecolor="0.45")]
    labels = ["labelled blue", "labelled orange", "wrong label", "weights, no regularizer"]
    legend = axes.legend(
        handles,
        labels,
        loc="upper left",
        ncols=2,
        fontsize=7.5,
        frameon=False,
        bbox_to_anchor=(-0.04, 1.12),
        columnspacing=0.8,
        handletextpad=0.4,
        handlelength=1.2,
    )
    legend.set_in_layout(False)


def draw_weights(axes, outcome: Outcome, reference: Outcome, colour: str) -> None:
    """How large the weights are; zeros and tiny ones in bars of their own."""
    for each, style in (
        (outcome, {"fill": True, "color": colour, "alpha": 0.75}),
        (reference, {"color": "0.45", "linewidth": 0.9}),
    ):
        powers = np.log10(np.abs(each.weights[each.weights != 0]))
        shares = np.histogram(powers, EDGES)[0] / len(each.weights)
        axes.stairs(shares, EDGES, **style)
    tiny = ((outcome.weights != 0) & (np.abs(outcome.weights) < 1e-3)).mean()
    for place, share in ((-4.3, outcome.zeros), (-3.5, tiny)):
        height = min(share, TOP)
        axes.bar(place, height, width=0.5, color=colour, alpha=0.75)
        axes.text(place, height + 0.006, f"{share:.0%}", ha="center", fontsize=7)
    axes.text(
        0.99,
        0.97,
        f"length {outcome.length:.1f}",
        transform=axes.transAxes,
        va="top",
        ha="right",
        fontsize=8,
    )
    axes.set(xlim=(-4.7, 1), ylim=(0, TOP * 1.2), yticks=[])
    axes.set_xticks([-4.3, -3.5, -2, -1, 0, 1], ["0", "<.001", ".01", ".1", "1", "10"], fontsize=7)
    axes.tick_params(length=2)
    axes.spines[["left", "top", "right"]].set_visible(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("regularizers.png"), help="the figure")
    output = parser.parse_args().output
    X, y, _ = draw_rows(N_FRESH, 10**6)
    settings = [setting for _, _, setting in MEMBERS] + [LINEAR]
    with fit_together():
        results = joblib.Parallel()(
            joblib.delayed(try_out)(setting, seed, (X, y))
            for setting in settings
            for seed in range(N_SAMPLES)
        )
    outcomes = [results[i : i + N_SAMPLES] for i in range(0, len(results), N_SAMPLES)]
    probability = true_probability(X)
    best = log_loss(y, probability)
    report(outcomes, best)
    draw(outcomes[:-1], (best, float(((probability > 0.5) == y).mean())), output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
