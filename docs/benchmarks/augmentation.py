"""What augmentation costs: in training steps, and in rows a second beside other packages.

    python docs/benchmarks/augmentation.py
    python docs/benchmarks/augmentation.py --others    # where these are installed

The first table takes 256 digits and asks how many training steps of a network of 100 units on these
256 rows each member costs. Three is the aim; members for series take a digit for 64 samples of a
sound, which is not what they are made for: short windows are dear. The second table has rows a
second for color images of 64 x 64 and for seconds of sound at 8 kHz, and the same of
albumentations, torchvision and audiomentations, whichever are there, at their default strengths.
Those draw for one image or sound per call, and are called row by row, as a loader does; all on one
thread.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

import numpy as np
from _report import machine, table
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from sknnreg import MLPRegularizedClassifier, augmentation
from sknnreg.augmentation import (
    BackgroundNoise,
    Compose,
    CutMix,
    Cutout,
    ElasticDistortion,
    GaussianNoise,
    Mixup,
    RandomAffine,
    RandomBlur,
    RandomCompression,
    RandomCrop,
    RandomHorizontalFlip,
    RandomPerspective,
    RandomPitchShift,
    RandomRotation,
    RandomShade,
    RandomShift,
    RandomTimeShift,
    RandomTimeStretch,
    RandomVerticalFlip,
    RandomZoom,
    SmoteInterpolation,
    SwapNoise,
)
from sknnreg.engine.loop.training import train

N_ROWS, REPEATS = 256, 51


def images(shape: tuple[int, ...], white: float) -> list:
    """Members for images."""
    return [
        RandomShift(shape),
        RandomZoom(shape),
        RandomRotation(shape),
        RandomAffine(shape),
        RandomHorizontalFlip(shape),
        RandomVerticalFlip(shape),
        RandomCrop(shape),
        RandomPerspective(shape),
        ElasticDistortion(shape),
        RandomShade(shape, pixel_range=(0, white)),
        RandomBlur(shape),
        Cutout(shape),
        CutMix(image_shape=shape),
    ]


def series(rate: float) -> list:
    """Members for series."""
    return [
        RandomTimeShift(rate),
        RandomTimeStretch(rate),
        RandomTimeStretch(rate, keep_pitch=False),
        RandomPitchShift(rate),
        RandomCompression(rate),
        BackgroundNoise(),
        BackgroundNoise(noise="pink"),
    ]


ROWS = [GaussianNoise(), SwapNoise(), SmoteInterpolation(), Mixup(), CutMix()]


def median_seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Of some calls, after two that warm up."""
    times = []
    for _ in range(repeats + 2):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return float(np.median(times[2:]))


def step_seconds(X: np.ndarray, y: np.ndarray) -> float:
    """A training step of (100,) on all these rows, in float32 as mini-batches are."""
    n_epochs = 50
    network = MLPRegularizedClassifier(
        (100,), batch_size=N_ROWS, dtype="float32", n_iter_no_change=None, random_state=0
    )
    plan = network._plan((X, y, None), max_iter=n_epochs)
    problem = plan.prepared.problem(plan.recipe)
    return median_seconds(lambda: train([problem]), 9) / n_epochs


def in_steps() -> str:
    """What each member costs, in steps."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:N_ROWS], y[:N_ROWS]
    step = step_seconds(X, y)
    X, shares = X.astype(np.float32), np.eye(10, dtype=np.float32)[y]
    members = [*images((8, 8), 16.0), *series(64.0), *ROWS]
    members.append(Compose([RandomAffine((8, 8)), Mixup()]))
    missing = set(augmentation.__all__) - {type(member).__name__ for member in members}
    print(f"a step of (100,) on {N_ROWS} digits: {1e6 * step:.0f} us; not in the table: {missing}")
    rows = []
    for member in members:
        rng = np.random.default_rng(0)
        seconds = median_seconds(partial(member, X, shares, rng))
        rows.append([named(member), f"{1e6 * seconds:.0f}", f"{seconds / step:.1f}"])
    return table(["member", "microseconds", "steps"], rows)


def named(member: object) -> str:
    """Its class, and what makes it another member of that class."""
    params = member.get_params(deep=False)
    told = [f"{name}={params[name]!r}" for name in ("keep_pitch", "noise") if name in params]
    if isinstance(member, CutMix) and member.image_shape:
        told.append("image_shape=...")
    return f"{type(member).__name__}({', '.join(told)})"


def others_for_images(X: np.ndarray) -> Iterator[tuple[str, Callable[[], object]]]:
    """Calls of other packages over rows (n, h, w, 3) of float32 between 0 and 1."""
    if find_spec("albumentations"):
        package = import_module("albumentations")
        for name in ("Affine", "HorizontalFlip", "Perspective", "ElasticTransform", "GaussianBlur"):
            one = getattr(package, name)(p=1.0)
            yield f"albumentations.{name}", partial(each, lambda x, one=one: one(image=x), X)
    if find_spec("torchvision"):
        torch, package = import_module("torch"), import_module("torchvision.transforms.v2")
        torch.set_num_threads(1)
        rows = torch.from_numpy(np.ascontiguousarray(np.moveaxis(X, 3, 1)))
        for one in (
            package.RandomAffine(degrees=15),
            package.RandomHorizontalFlip(p=1.0),
            package.RandomPerspective(p=1.0),
            package.ElasticTransform(),
            package.GaussianBlur(5),
        ):
            yield f"torchvision.{type(one).__name__}", partial(each, one, rows)


def others_for_sounds(X: np.ndarray, rate: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Calls of other packages over rows of sound."""
    if find_spec("audiomentations"):
        package = import_module("audiomentations")
        for name in ("Shift", "TimeStretch", "PitchShift", "AddGaussianSNR"):
            one = getattr(package, name)(p=1.0)
            heard = partial(each, lambda x, one=one: one(samples=x, sample_rate=rate), X)
            yield f"audiomentations.{name}", heard


def each(function: Callable[[object], object], rows: object) -> list:
    """Row by row."""
    return [function(row) for row in rows]


def in_rows_a_second(others: bool) -> str:
    """Rows a second on images and sounds as they are met in practice."""
    rng = np.random.default_rng(0)
    pixels = rng.random((64, 64, 64, 3), dtype=np.float32)
    sounds = rng.standard_normal((32, 8000), dtype=np.float32)
    found = []
    for kind, X, members, other in (
        ("64 x 64 x 3", pixels, images((64, 64, 3), 1.0), others_for_images),
        ("1 s at 8 kHz", sounds, series(8000.0), lambda X: others_for_sounds(X, 8000)),
    ):
        flat, y = X.reshape(len(X), -1), np.eye(10)[np.arange(len(X)) % 10]
        calls = [(named(member), partial(member, flat, y, rng)) for member in members]
        for name, call in [*calls, *(other(X) if others else ())]:
            found.append([name, kind, f"{len(X) / median_seconds(call, 5):,.0f}"])
    return table(["", "rows of", "rows a second"], found)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--others", action="store_true", help="other packages too")
    others = parser.parse_args().others
    print(machine())
    with threadpool_limits(1):
        print(in_steps())
        print()
        print(in_rows_a_second(others))


if __name__ == "__main__":
    main()
