"""
Place 1, data: augmentations of images
======================================

Every image augmentation of :mod:`sknnreg.augmentation` at three strengths, on a photograph and on a
digit. Choose strengths by eye: a row after augmentation should still be a row that you could have
been given. :doc:`/guide/augmentation` says how to put them together.
"""

# %%
# Augmentations, and what is their strength
# -----------------------------------------
# All take flattened rows, know the shape of the images, and draw anew for each row. In each line is
# the parameter that is the strength, and three values of it.

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


def members(shape):
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


# %%
# Two parts of photographs, shrunk, and two digits; the second of each is what mixup and CutMix mix
# into the first. Of eight draws, the one is shown that changes the image third most at the largest
# strength: in some draws next to nothing happens.

SIDE = 96
flower, china = (load_sample_image(f"{name}.jpg") / 255 for name in ("flower", "china"))
parts = np.stack([flower[20:404, 150:534], china[20:404, 130:514]])
photographs = parts.reshape(2, SIDE, 4, SIDE, 4, 3).mean(axis=(2, 4)).reshape(2, -1)
digits = load_digits().data[[3, 8]] / 16


def augmented(member, rows, seed):
    return member(rows, np.eye(len(rows)), np.random.default_rng(seed))[0][0]


def sheet(shape, rows):
    """A line of three images for each augmentation; a table of how far a pixel moves."""
    n_lines = -(-len(members(shape)) // 2)
    figure, axes = plt.subplots(n_lines, 7, figsize=(10, 13), width_ratios=[3] * 3 + [1] + [3] * 3)
    figure.subplots_adjust(0.01, 0.005, 0.99, 0.96, wspace=0.08, hspace=0.42)
    for axis in axes.flat:
        axis.set_axis_off()
    print(f"{'mean change of a pixel':44}{'weakest':>9}{'middle':>8}{'strongest':>11}")
    for number, (member, name, values) in enumerate(members(shape)):
        versions = [clone(member).set_params(**{name: value}) for value in values]
        draws = np.array([[augmented(each, rows, seed) for seed in range(8)] for each in versions])
        changes = np.abs(draws - rows[0]).mean(axis=-1)
        told = "".join(f"{change:9.3f}" for change in changes.mean(axis=1))
        print(f"{type(member).__name__ + ', ' + name:44}{told}")
        seed = np.argsort(changes[-1])[-3]
        line, side = number % n_lines, number // n_lines
        panels = axes[line, 4 * side : 4 * side + 3]
        for axis, value, image in zip(panels, values, draws[:, seed], strict=True):
            image = np.clip(image.reshape(shape), 0, 1)
            axis.imshow(image, cmap="gray", vmin=0, vmax=1)
            axis.set_title(f"{value:g}", fontsize=10, pad=2)
        label = f"{type(member).__name__}, {name}"
        panels[0].annotate(label, (0, 1), (0, 16), "axes fraction", "offset points",
                           fontsize=11, fontweight="bold")  # fmt: skip


# %%
# A photograph
# ------------

sheet((SIDE, SIDE, 3), photographs)
plt.show()

# %%
# A digit
# -------
# What is a slight change of a photograph may be much for eight pixels a side. And the numbers say
# how far an image moves, not whether its label is still true: a shift by a tenth of the side
# changes most pixels and no label; a Cutout of the whole image would change both.

sheet((8, 8), digits)
plt.show()
