"""Augmentations of batches, on the fly: images, sounds and other series, tables."""

from sknnreg.augmentation.at_test_time import TestTimeAugmentation
from sknnreg.augmentation.base import Augmentation
from sknnreg.augmentation.columns import GaussianNoise, SwapNoise
from sknnreg.augmentation.composition import Compose, OneOf, RandomApply
from sknnreg.augmentation.distortion import ElasticDistortion, RandomPerspective
from sknnreg.augmentation.geometry import (
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    RandomVerticalFlip,
    RandomZoom,
)
from sknnreg.augmentation.loudness import BackgroundNoise, RandomCompression
from sknnreg.augmentation.mixing import CutMix, Mixup, SmoteInterpolation
from sknnreg.augmentation.pixels import Cutout, RandomBlur, RandomShade
from sknnreg.augmentation.series import RandomPitchShift, RandomTimeShift, RandomTimeStretch

__all__ = [
    "Augmentation",
    "BackgroundNoise",
    "Compose",
    "CutMix",
    "Cutout",
    "ElasticDistortion",
    "GaussianNoise",
    "Mixup",
    "OneOf",
    "RandomAffine",
    "RandomApply",
    "RandomBlur",
    "RandomCompression",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomPerspective",
    "RandomPitchShift",
    "RandomRotation",
    "RandomShade",
    "RandomShift",
    "RandomTimeShift",
    "RandomTimeStretch",
    "RandomVerticalFlip",
    "RandomZoom",
    "SmoteInterpolation",
    "SwapNoise",
    "TestTimeAugmentation",
]
