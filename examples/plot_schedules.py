"""Schedules of the step size, and what each of them does to the loss.

    python examples/plot_schedules.py                    # writes schedules.png
    python examples/plot_schedules.py --output other.png

The same network, one hidden layer of 64 units with an L2 penalty, learns from 600 of the digits
under eight schedules, with Adam for 120 epochs. All have the same largest step size, 0.02, which is
too large to end with: then schedules matter. All curves are means over ten seeds, which differ in
the rows to learn from, the start and the batches; the other 1197 rows validate.

How to read the figure. Above, the step size at the end of each epoch. Below, on a logarithmic axis,
the training objective (with the penalty; the mean over an epoch's batches) and the validation loss
(without it) with their last values; in grey those of the constant step size.

What to expect: the loss follows the step size. At 0.02 it goes up and down for as long as that
lasts. As the step size falls, the loss falls and comes to rest: at once with `step`, little by
little with `exponential` and `cosine`, at the end of every cycle with `cosine_restarts` (each
restart throws it up again, and the later cycles end lower than the first). `cyclic` and `one_cycle`
start small, as does any schedule behind a warm-up; here that buys nothing by the end. How a
schedule gets there hardly matters: all seven end within 5% of each other in the objective, and
within 2% in the validation loss, where the standard error of the differences is 1%.

And the step size that stays the same? It need only be the right one. The last rows of the table are
constant ones: 0.003 has the same validation loss as every schedule, and an objective higher by up
to 5%, which on other rows is worth nothing. But 0.01 and 0.001 are both worse, and who does not
know the 0.003 has to look for it. With a schedule it is enough that the largest step size is large:
0.03 in place of 0.02 makes the constant one much worse (0.177), `cosine_restarts` a little (0.121),
and leaves the others as they are.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together

N_ROWS, N_SEEDS, EPOCHS, LARGEST = 600, 10, 120, 0.02
NETWORK = MLPRegularizedClassifier(
    (64,),
    batch_size=32,
    l2=0.003,
    learning_rate_init=LARGEST,
    max_iter=EPOCHS,
    n_iter_no_change=None,
)
# A name, what else there is to say, and what to set; one panel each.
SCHEDULES: list[tuple[str, str, dict[str, Any]]] = [
    ("constant", "", {}),
    ("exponential", "0.97 an epoch", {"learning_rate_decay": 0.97}),
    ("step", "0.3 every 30", {"learning_rate_period": 30, "learning_rate_decay": 0.3}),
    ("cosine", "", {}),
    ("cosine", "12 epochs of warm-up", {"learning_rate_warmup": 12}),
    (
        "cosine_restarts",
        "8 epochs, doubling",
        {"learning_rate_period": 8, "learning_rate_period_mult": 2},
    ),
    ("cyclic", "20 epochs, halved", {"learning_rate_period": 20, "learning_rate_decay": 0.5}),
    ("one_cycle", "", {}),
]
# In the table only: smaller steps that stay the same.
SMALLER = (0.01, 0.003, 0.001)
REFERENCE = len(SCHEDULES) + SMALLER.index(0.003)
CURVES = (("validation", "#C44E00", "--"), ("training", "#0072B2", "-"))
CONSTANT = "0.72"
N_COLUMNS = 4


@dataclass(frozen=True)
class Outcome:
    """One network: step sizes and losses by epoch, and the accuracy in the end."""

    step_sizes: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    accuracy: float


def try_out(setting: dict[str, Any], seed: int, X: np.ndarray, y: np.ndarray) -> Outcome:
    """Another split and another start for each seed, the same for all settings."""
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, train_size=N_ROWS, stratify=y, random_state=seed
    )
    model = clone(NETWORK).set_params(**setting, random_state=seed)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    return Outcome(
        np.array(model.learning_rate_curve_),
        np.array(model.loss_curve_),
        np.array(model.validation_loss_curve_),
        model.score(X_val, y_val),
    )


def told(values: np.ndarray, digits: int = 4, sign: str = "") -> str:
    """Mean and standard error."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():{sign}.{digits}f} ± {error:.{digits}f}"


def report(names: list[str], outcomes: list[list[Outcome]]) -> None:
    """A row for each setting: means and standard errors over the seeds."""
    columns = ("objective", "validation loss", f"minus {names[REFERENCE]}", "accuracy (%)")
    print(f"{'':36}" + "".join(f"{each:>24}" for each in columns))
    reference = np.array([one.validation[-1] for one in outcomes[REFERENCE]])
    for name, each in zip(names, outcomes, strict=True):
        validation = np.array([one.validation[-1] for one in each])
        cells = (
            told(np.array([one.training[-1] for one in each])),
            told(validation),
            told(validation - reference, sign="+") if each is not outcomes[REFERENCE] else "",
            told(100 * np.array([one.accuracy for one in each]), 2),
        )
        print(f"{name:36}" + "".join(f"{cell:>24}" for cell in cells))


def draw(outcomes: list[list[Outcome]], output: Path) -> None:
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(14, 9.6), layout="constrained")
    n_rows = -(-len(SCHEDULES) // N_COLUMNS)
    panels = figure.subplots(2 * n_rows, N_COLUMNS, height_ratios=(1, 2.6) * n_rows, sharex=True)
    for number, (name, more, _) in enumerate(SCHEDULES):
        row, column = divmod(number, N_COLUMNS)
        above, below = panels[2 * row : 2 * row + 2, column]
        above.set_title(name, loc="left", fontweight="bold", fontsize=12)
        above.set_title(more, loc="right", fontsize=9)
        draw_step_sizes(above, outcomes[number])
        draw_losses(below, outcomes[number], outcomes[0])
        for axes, what in ((above, "step size"), (below, "loss")):
            axes.tick_params(labelleft=column == 0, labelbottom=axes is below)
            axes.set_ylabel("" if column else what)
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    draw_key(figure)
    figure.savefig(output, dpi=120, bbox_inches="tight", pad_inches=0.12)
    plt.close(figure)


def draw_step_sizes(axes, each: list[Outcome]) -> None:
    epochs, step_sizes = np.arange(1, EPOCHS + 1), each[0].step_sizes
    axes.fill_between(epochs, step_sizes, color="0.9", linewidth=0)
    axes.plot(epochs, step_sizes, color="0.25", linewidth=1.5)
    axes.set(xlim=(0, EPOCHS), ylim=(0, LARGEST * 1.1))
    axes.set_yticks([0, LARGEST], ["0", f"{LARGEST:g}"])


def draw_losses(axes, each: list[Outcome], constant: list[Outcome]) -> None:
    """Means over the seeds, with the last one in figures; a constant step size in grey behind."""
    epochs = np.arange(1, EPOCHS + 1)
    for number, (name, colour, style) in enumerate(CURVES):
        behind, curve = (
            np.mean([getattr(one, name) for one in them], axis=0) for them in (constant, each)
        )
        if each is not constant:
            axes.plot(epochs, behind, style, color=CONSTANT, linewidth=1, zorder=1)
        axes.plot(epochs, curve, style, color=colour, linewidth=1.7)
        place = {"x": 0.99, "y": 0.99 - 0.09 * number, "transform": axes.transAxes}
        axes.text(s=f"{name} {curve[-1]:.3f}", color=colour, ha="right", va="top", **place)
    axes.set(ylim=(0.088, 0.6), yscale="log")
    ticks = (0.1, 0.15, 0.2, 0.3, 0.5)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def draw_key(figure) -> None:
    figure.legend(
        [Line2D([], [], color=colour, linestyle=style) for _, colour, style in CURVES]
        + [Line2D([], [], color=CONSTANT)],
        ["validation loss", "training objective", "both at a constant step size"],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("schedules.png"), help="the figure")
    output = parser.parse_args().output
    X, y = load_digits(return_X_y=True)
    names = [f"{name}{more and ', ' + more}" for name, more, _ in SCHEDULES]
    settings = [{"learning_rate": name, **setting} for name, _, setting in SCHEDULES]
    names += [f"constant {step_size:g}" for step_size in SMALLER]
    settings += [{"learning_rate_init": step_size} for step_size in SMALLER]
    with fit_together():
        results = joblib.Parallel()(
            joblib.delayed(try_out)(setting, seed, X, y)
            for setting in settings
            for seed in range(N_SEEDS)
        )
    outcomes = [results[i : i + N_SEEDS] for i in range(0, len(results), N_SEEDS)]
    report(names, outcomes)
    draw(outcomes, output)
    print(f"\nFigure: {output.resolve()}")


if __name__ == "__main__":
    main()
