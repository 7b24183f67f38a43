"""What augmentation buys on 300 digits: curves and the gap between training and test, 10 seeds.

    python examples/plot_augmentation.py                # writes augmentation.png
    python examples/plot_augmentation.py --output other.png

A network of 100 units learns 300 of the digits by heart within some epochs. Augmentation shows it
each digit a little shifted, turned and slanted, anew in every batch, so that there is nothing to
learn by heart: the training loss stays higher, the test loss falls further, and the gap between
them narrows. Mixup narrows it too, but says nothing about digits that the network did not know.
Test-time augmentation predicts the mean over ten augmented copies of each test digit.

All networks train in one pass, inside `fit_together`. The times printed are each network's share:
what augmentation costs is the time that it takes for each batch, and that more epochs pay.
"""

import argparse
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.augmentation import (
    Compose,
    ElasticDistortion,
    Mixup,
    RandomAffine,
    TestTimeAugmentation,
)

SHAPE, EPOCHS, SEEDS, N_TRAIN = (8, 8), 100, 10, 300
AFFINE = RandomAffine(SHAPE, max_shift=0.08, max_zoom=0.1, max_angle=10, max_shear=0.15)
SETTINGS = {
    "none": (None, "#000000"),
    "affine": (AFFINE, "#0072B2"),
    "affine, elastic": (Compose([AFFINE, ElasticDistortion(SHAPE)]), "#009E73"),
    "mixup": (Mixup(0.4), "#D55E00"),
    "affine, mixup": (Compose([AFFINE, Mixup(0.4)]), "#CC79A7"),
}


def fitted(augmentation, seed: int):
    """A network, and the digits that it has not seen."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, train_size=N_TRAIN, stratify=y, random_state=seed)
    network = MLPRegularizedClassifier(
        (100,),
        augmentation=augmentation,
        standardize=False,
        learning_rate="flat_cosine",
        max_iter=EPOCHS,
        n_iter_no_change=None,
        random_state=seed,
    )
    began = time.perf_counter()
    network.fit(X / 1.0, y, X_val=X_test, y_val=y_test)
    return network, (X, y), (X_test, y_test), time.perf_counter() - began


def measured(network, train, test) -> list[float]:
    losses = [log_loss(y, network.predict_proba(X)) for X, y in (train, test)]
    errors = [1 - network.score(X, y) for X, y in (train, test)]
    return [*losses, *errors]


def at_test_time(network, test, augmentation) -> float:
    model = TestTimeAugmentation(FrozenEstimator(network), augmentation, random_state=0)
    return 1 - model.fit(*test).score(*test)


def draw(curves, gaps, output: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
    epochs = np.arange(1, EPOCHS + 1)
    for name, (training, validation) in curves.items():
        colour = SETTINGS[name][1]
        left.plot(epochs, np.mean(training, axis=0), ":", color=colour, linewidth=1.2)
        left.plot(epochs, np.mean(validation, axis=0), color=colour, linewidth=1.8, label=name)
    left.set_yscale("log")
    left.set_xlabel("epoch")
    left.set_ylabel("log loss")
    left.set_title("solid: on test digits; dotted: in training, augmented", fontsize=11)
    left.legend(title="augmentation", frameon=False, loc="lower right", bbox_to_anchor=(1, 0.1))
    for number, (name, values) in enumerate(gaps.items()):
        train, test = 100 * np.array(values).T
        colour = SETTINGS[name][1]
        jitter = np.linspace(-0.12, 0.12, len(test))
        right.vlines(number + jitter, train, test, color=colour, alpha=0.35)
        right.scatter(number + jitter, test, color=colour, s=28, zorder=3)
        right.scatter(number + jitter, train, color=colour, s=28, marker="_", zorder=3)
        right.annotate(
            f"{test.mean():.2f} %", (number, test.max()), xytext=(0, 7),
            textcoords="offset points", ha="center", color=colour,
        )  # fmt: skip
    right.set_xticks(range(len(gaps)), [name.replace(", ", ",\n") for name in gaps])
    right.set_ylabel("error (%)")
    right.set_ylim(-0.3, None)
    right.margins(y=0.12)
    right.set_title("dots: test error, bars: training error, a line a seed", fontsize=11)
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(output, dpi=120)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("augmentation.png"))
    output = parser.parse_args().output
    curves, gaps = {}, {}
    print(f"{N_TRAIN} digits to learn from, mean over {SEEDS} seeds (standard deviation)\n")
    print(
        f"{'augmentation':18}{'training':>10}{'test':>8}{'gap':>8}{'test error':>18}"
        f"{'10 draws':>10}{'seconds':>9}"
    )
    for name, (augmentation, _) in SETTINGS.items():
        began = time.perf_counter()
        with fit_together():
            found = joblib.Parallel()(joblib.delayed(fitted)(augmentation, s) for s in range(SEEDS))
        seconds = (time.perf_counter() - began) / SEEDS
        numbers = np.array([measured(*each[:3]) for each in found])
        drawn = np.mean([at_test_time(each[0], each[2], AFFINE) for each in found])
        curves[name] = (
            [each[0].loss_curve_ for each in found],
            [each[0].validation_loss_curve_ for each in found],
        )
        gaps[name] = numbers[:, 2:]
        training, test, _, error = numbers.mean(axis=0)
        print(
            f"{name:18}{training:10.3f}{test:8.3f}{test - training:8.3f}"
            f"{error:10.2%} ({numbers[:, 3].std():.2%}){drawn:9.2%}{seconds:9.2f}",
            flush=True,
        )
    draw(curves, gaps, output)
    print(f"\nwrote {output}")


if __name__ == "__main__":
    main()
