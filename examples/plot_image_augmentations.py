"""Every image augmentation at three strengths, on a photograph and on a digit.

    python examples/plot_image_augmentations.py                # writes image_augmentations.png
    python examples/plot_image_augmentations.py --output other.png

Choose strengths by eye: a row after augmentation should still be a row that you could have been
given. The numbers printed are the mean change of a pixel, as a share of the range from black to
white, over many draws; they say how far a row moves, not whether its label is still true. A shift
by a tenth of the side changes most pixels and no label; a Cutout of the whole image changes both.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits, load_sample_image

from sknnreg.augmentation import (
    CutMix,
    Cutout,
    ElasticDistortion,
    GaussianNoise,
    Mixup,
    RandomAffine,
    RandomBlur,
    RandomCrop,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomRotation,
    RandomShade,
    RandomShift,
    RandomVerticalFlip,
    RandomZoom,
)

SIDE, N_DRAWS = 128, 24


def table(shape):
    """Augmentations, the parameter that is their strength, and three values of it."""
    return [
        (RandomShift(shape, fill="edge"), "max_shift", (0.05, 0.15, 0.3)),
        (RandomZoom(shape, fill="edge"), "max_zoom", (0.1, 0.3, 0.8)),
        (RandomRotation(shape, fill="edge"), "max_angle", (10, 30, 90)),
        (RandomAffine(shape, fill="edge"), "max_shear", (0.1, 0.3, 0.8)),
        (RandomCrop(shape), "max_cut", (0.1, 0.3, 0.6)),
        (RandomPerspective(shape), "max_distortion", (0.2, 0.5, 0.8)),
        (ElasticDistortion(shape, fill="edge"), "max_displacement", (0.02, 0.06, 0.15)),
        (RandomHorizontalFlip(shape), "probability", (0, 0.5, 1)),
        (RandomVerticalFlip(shape), "probability", (0, 0.5, 1)),
        (RandomShade(shape), "max_brightness", (0.1, 0.25, 0.5)),
        (RandomBlur(shape), "max_sigma", (1, 2, 4) if shape[0] > 8 else (0.4, 0.8, 1.6)),
        (Cutout(shape, fill=0.5), "max_size", (0.3, 0.6, 0.9)),
        (GaussianNoise(), "std", (0.05, 0.15, 0.3)),
        (Mixup(), "alpha", (0.1, 0.5, 2)),
        (CutMix(image_shape=shape), "alpha", (0.1, 0.5, 2)),
    ]


def photographs() -> np.ndarray:
    """Two square parts of photographs, shrunk, from 0 to 1."""
    flower = load_sample_image("flower.jpg")[20:404, 150:534]
    china = load_sample_image("china.jpg")[20:404, 130:514]
    parts = np.stack([flower, china]) / 255.0
    return parts.reshape(2, SIDE, 3, SIDE, 3, 3).mean(axis=(2, 4))


def augmented(member, name, value, rows, seed):
    """The first of two rows, after an augmentation drawn for both."""
    member = clone(member).set_params(**{name: value})
    return member(rows, np.eye(len(rows)), np.random.default_rng(seed))[0][0]


def telling_seed(member, name, strongest, rows) -> int:
    """Of many draws, one that changes the row more than three quarters of them do."""
    changes = [
        np.abs(augmented(member, name, strongest, rows, seed) - rows[0]).mean()
        for seed in range(N_DRAWS)
    ]
    return int(np.argsort(changes)[3 * N_DRAWS // 4])


def mean_change(member, name, value, rows) -> float:
    member = clone(member).set_params(**{name: value})
    many = np.tile(rows, (20, 1))
    new, _ = member(many, np.eye(2)[np.arange(len(many)) % 2], np.random.default_rng(0))
    return float(np.abs(new - many).mean())


def draw(sheets, output: Path) -> None:
    """One line of six images an augmentation: the photograph at three strengths, then the digit."""
    n = len(table((SIDE, SIDE, 3)))
    lines = -(-n // 2)
    figure, axes = plt.subplots(
        lines, 13, figsize=(15, 1.32 * lines),         width_ratios=[1] * 6 + [0.15] + [1] * 6,
    )  # fmt: skip
    for each in axes.flat:
        each.set_axis_off()
    for number in range(n):
        line, side = number % lines, number // lines
        for sheet_number, (shape, rows) in enumerate(sheets):
            member, name, values = table(shape)[number]
            seed = telling_seed(member, name, values[-1], rows)
            for place, value in enumerate(values):
                axis = axes[line, 7 * side + 3 * sheet_number + place]
                image = augmented(member, name, value, rows, seed).reshape(shape)
                axis.imshow(np.clip(image, 0, 1), cmap="gray", vmin=0, vmax=1)
                axis.set_title(f"{value:g}", fontsize=7, pad=1.5)
        label = f"{type(member).__name__}, {name}"
        axes[line, 7 * side].annotate(
            label, (0, 1), xytext=(0, 13), xycoords="axes fraction",
            textcoords="offset points", fontsize=9, fontweight="bold",
        )  # fmt: skip
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.965, wspace=0.05, hspace=0.4)
    figure.savefig(output, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("image_augmentations.png"))
    output = parser.parse_args().output
    digits = load_digits().data[[3, 8]] / 16
    sheets = [((SIDE, SIDE, 3), photographs().reshape(2, -1)), ((8, 8), digits)]
    print("Mean change of a pixel, as a share of the range from black to white\n")
    print(f"{'':44}{'photograph':>15}{'digit':>21}")
    for (member, name, values), (small, _, small_values) in zip(
        table(sheets[0][0]), table(sheets[1][0]), strict=True
    ):
        changes = [mean_change(member, name, value, sheets[0][1]) for value in values]
        changes += [mean_change(small, name, value, sheets[1][1]) for value in small_values]
        cells = "".join(f"{change:7.3f}" for change in changes)
        print(f"{type(member).__name__:22}{name:18}{cells}")
    draw(sheets, output)
    print(f"\nwrote {output}")


if __name__ == "__main__":
    main()
