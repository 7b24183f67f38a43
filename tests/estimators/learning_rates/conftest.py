"""A table of every kind of step size over time, each with its formula, and fits by them.

A test that names ``schedule`` runs once for each; one that names ``endless`` for each that does
not end with max_iter.
"""

import math

import numpy as np
import pytest

# 70 rows in batches of 16 are 5 updates an epoch; the curve tells the step size of the last.
N_ROWS, N_UPDATES = 70, 5
LARGEST, SMALLEST, MAX_ITER = 0.04, 0.01, 20
BASE = {"hidden_layer_sizes": (4,), "batch_size": 16, "learning_rate_init": LARGEST,
        "max_iter": MAX_ITER, "n_iter_no_change": None, "random_state": 0}  # fmt: skip


def between(share):
    """From the smallest step size at 0 to the largest at 1."""
    return SMALLEST + (LARGEST - SMALLEST) * share


def falling_cosine(fraction):
    return between((1 + math.cos(math.pi * fraction)) / 2)


def triangle(fraction, height=1.0):
    rises = 2 * fraction if fraction < 0.5 else 2 * (1 - fraction)
    return between(height * rises)


def place(time, starts):
    """The cycle in which this moment lies, by a list of the epochs that begin one."""
    number = max(i for i, start in enumerate(starts) if start <= time)
    start, end = starts[number], starts[number + 1]
    return number, (time - start) / (end - start)


def one_cycle(fraction):
    if fraction < 0.3:
        return between(1 / 25 + (1 - 1 / 25) * (1 - math.cos(math.pi * fraction / 0.3)) / 2)
    return falling_cosine((fraction - 0.3) / 0.7)


# Sums of 2, 2 * 1.5, 2 * 1.5**2, ... epochs, rounded; and of 4 each.
GROWING = [0, 2, 5, 10, 16, 26]
EVEN = [0, 4, 8, 12, 16, 20, 24]


def _falling(update):
    return 1 / (1 + update)


class _Falling:
    """The same as an object, which a clone copies."""

    def __init__(self, by):
        self.by = by

    def __call__(self, update):
        return 1 / (1 + self.by * update)


# Settings, and the step size at a moment in epochs: 2.8 is the last update of the third of five.
# ``span`` is how many epochs max_iter leaves for the schedule.
SCHEDULES = {
    "constant": ({"learning_rate": "constant"}, lambda time, span: LARGEST),
    "invscaling": (
        {"learning_rate": "invscaling", "power_t": 0.3},
        lambda time, span: LARGEST / (N_ROWS * int(time) + 1) ** 0.3,
    ),
    "adaptive": ({"learning_rate": "adaptive", "solver": "sgd"}, lambda time, span: LARGEST),
    "exponential": (
        {"learning_rate": "exponential", "learning_rate_decay": 0.8},
        lambda time, span: LARGEST * 0.8 ** int(time),
    ),
    "step": (
        {"learning_rate": "step", "learning_rate_decay": 0.5, "learning_rate_period": 3},
        lambda time, span: LARGEST * 0.5 ** (int(time) // 3),
    ),
    "cosine": (
        {"learning_rate": "cosine", "learning_rate_min": SMALLEST},
        lambda time, span: falling_cosine(time % span / span),
    ),
    "flat_cosine": (
        {"learning_rate": "flat_cosine", "learning_rate_min": SMALLEST},
        lambda time, span: falling_cosine(max(0.0, 2 * (time % span) / span - 1)),
    ),
    "one_cycle": (
        {"learning_rate": "one_cycle", "learning_rate_min": SMALLEST},
        lambda time, span: one_cycle(time % span / span),
    ),
    "cosine_restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_min": SMALLEST,
         "learning_rate_period": 4},
        lambda time, span: falling_cosine(place(time, EVEN)[1]),
    ),
    "growing restarts": (
        {"learning_rate": "cosine_restarts", "learning_rate_min": SMALLEST,
         "learning_rate_period": 2, "learning_rate_period_mult": 1.5},
        lambda time, span: falling_cosine(place(time, GROWING)[1]),
    ),
    "cyclic": (
        {"learning_rate": "cyclic", "learning_rate_min": SMALLEST, "learning_rate_period": 4,
         "learning_rate_decay": 1.0},
        lambda time, span: triangle(place(time, EVEN)[1]),
    ),
    "growing, falling triangles": (
        {"learning_rate": "cyclic", "learning_rate_min": SMALLEST, "learning_rate_period": 2,
         "learning_rate_period_mult": 1.5, "learning_rate_decay": 0.5},
        lambda time, span: triangle(place(time, GROWING)[1], 0.5 ** place(time, GROWING)[0]),
    ),
    "function": (
        {"learning_rate": _falling},
        lambda time, span: LARGEST / (1 + round(N_UPDATES * time)),
    ),
    "object": (
        {"learning_rate": _Falling(0.1)},
        lambda time, span: LARGEST / (1 + 0.1 * round(N_UPDATES * time)),
    ),
}  # fmt: skip
# Those that end with max_iter start over when it is over; all others go on.
SPANNING = ("cosine", "flat_cosine", "one_cycle")


def pytest_generate_tests(metafunc):
    if "schedule" in metafunc.fixturenames:
        metafunc.parametrize("schedule", SCHEDULES)
    if "endless" in metafunc.fixturenames:
        metafunc.parametrize("endless", [name for name in SCHEDULES if name not in SPANNING])


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=N_ROWS) > 0).astype(int)


@pytest.fixture(scope="session")
def make():
    """``make(Estimator, schedule, warm_up, ...)``: by a name in the table, or by a function."""

    def estimator(Estimator, schedule, warm_up=0, **params):
        settings = {"learning_rate": schedule} if callable(schedule) else SCHEDULES[schedule][0]
        return Estimator(**{**BASE, **settings, "learning_rate_warmup": warm_up, **params})

    return estimator


def formula(schedule, update, warm_up, max_iter):
    time = update / N_UPDATES
    if time < warm_up:
        return LARGEST * (update + 1) / (N_UPDATES * warm_up)
    return SCHEDULES[schedule][1](time - warm_up, max_iter - warm_up)


@pytest.fixture(scope="session")
def step_size():
    """The formula of a schedule behind a warm-up of so many epochs, at an update."""
    return formula


@pytest.fixture(scope="session")
def expected_curve():
    """The same at the last update of each of so many epochs."""

    def curve(schedule, warm_up, n_epochs=MAX_ITER, max_iter=MAX_ITER):
        last = range(N_UPDATES - 1, N_UPDATES * n_epochs, N_UPDATES)
        return [formula(schedule, update, warm_up, max_iter) for update in last]

    return curve


@pytest.fixture(scope="session")
def schedules():
    return SCHEDULES


@pytest.fixture(scope="session")
def falling():
    """A function that falls as 1 / (1 + update)."""
    return _falling


@pytest.fixture(scope="session")
def Falling():
    """Objects that can be called, and fall by what they are made with."""
    return _Falling
