"""What tests of checkpoints share: data, when two fits are one and the same, a fit that is cut."""

import warnings
from dataclasses import is_dataclass

import numpy as np
import pytest

from sknnreg.callback import Checkpoint

# Of time, which is no part of a result; and what cannot be compared.
NOT_COMPARED = {"_skl_callbacks", "seconds", "verbose"}


class Cut:
    """A callback that raises at the end of one of the epochs that it hears of."""

    def __init__(self, epoch, error=KeyboardInterrupt):
        self.left, self.error = epoch, error

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.left -= 1
            if self.left == 0:
                raise self.error


def differences_between(one, other, where="fit"):
    """Every place where two trees of objects and arrays differ by a bit."""
    if type(one) is not type(other):
        return [f"{where}: {type(one).__name__} and {type(other).__name__}"]
    if isinstance(one, np.ndarray) and one.dtype != object:
        same = one.dtype == other.dtype and one.shape == other.shape
        return [] if same and one.tobytes() == other.tobytes() else [where]
    parts = [_parts(each) for each in (one, other)]
    if parts[0] is None:
        return [] if one is other or one == other or (one != one and other != other) else [where]
    if parts[0].keys() != parts[1].keys():
        return [f"{where}: {parts[0].keys() ^ parts[1].keys()}"]
    return [
        found
        for key in parts[0].keys() - NOT_COMPARED
        for found in differences_between(parts[0][key], parts[1][key], f"{where}.{key}")
    ]


def _parts(tree):
    """What a tree is made of, by name; None of a leaf."""
    if isinstance(tree, np.random.Generator):
        return tree.bit_generator.state
    if isinstance(tree, np.ndarray):
        return dict(enumerate(tree.tolist()))
    if isinstance(tree, list | tuple):
        return dict(enumerate(tree))
    if is_dataclass(tree) or type(tree).__module__.startswith("sknnreg"):
        return vars(tree)
    return tree if isinstance(tree, dict) else None


@pytest.fixture(scope="session")
def differences():
    """Where two fitted estimators differ by a bit, what they go on from included."""
    return differences_between


@pytest.fixture(scope="session")
def cut_off():
    """Interrupt a checkpointed fit at an epoch's end; the fit is left as Ctrl-C leaves it."""

    def cut(est, X, y, path, epoch, **rest):
        est.set_callbacks(Checkpoint(path, every=3), Cut(epoch))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return est.fit(X, y, **rest)

    return cut


@pytest.fixture(scope="session")
def CutAt():
    """The callback that raises."""
    return Cut


@pytest.fixture(scope="session")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    return X, (X[:, 0] + X[:, 1] ** 2 + 0.3 * rng.normal(size=90) > 0.8).astype(int)
