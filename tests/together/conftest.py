"""What the tests of fits that train together share: equality bit for bit, and who trained when."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from sknnreg import fit_together
from sknnreg.together.trainers import local_trainer
from sknnreg.together.trainers import stacks as stacks_room
from sknnreg.together.trainers.process_pool import POOL

# Only a deadlock takes longer.
HANG = 30.0


def check_same(one, other, where="result"):
    """Equality without any tolerance, through containers and the fitted attributes of ours."""
    assert type(one) is type(other), where
    if isinstance(one, BaseEstimator):
        one, other = fitted(one), fitted(other)
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            check_same(one[key], other[key], f"{where}[{key!r}]")
    elif isinstance(one, (list, tuple)) or getattr(one, "dtype", None) == np.dtype(object):
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            check_same(*pair, f"{where}[{number}]")
    elif isinstance(one, (float, np.ndarray, pd.DataFrame)):
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), where
        np.testing.assert_array_equal(one, other, err_msg=where)
    else:
        assert one == other, where


def fitted(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_")}


@pytest.fixture(scope="session")
def same():
    return check_same


@pytest.fixture
def passes(monkeypatch):
    """The number of networks in each training pass, as they come."""
    sizes, train = [], local_trainer.LocalTrainer.train

    def counted(self, problems, *rest):
        sizes.append(len(problems))
        return train(self, problems, *rest)

    monkeypatch.setattr(local_trainer.LocalTrainer, "train", counted)
    return sizes


@pytest.fixture
def stacks(monkeypatch):
    """The number of networks in each stack that trains in this process."""
    sizes, train = [], local_trainer.train

    def counted(problems, halt=None):
        sizes.append(len(problems))
        return train(problems, halt)

    monkeypatch.setattr(local_trainer, "train", counted)
    return sizes


@pytest.fixture
def most_threads(monkeypatch):
    """The largest number of tasks' threads that there were at a time."""
    most, start = [0], threading.Thread.start

    def counted(self):
        start(self)
        alive = [each for each in threading.enumerate() if each.name.startswith("sknnreg task")]
        most[0] = max(most[0], len(alive))

    monkeypatch.setattr(threading.Thread, "start", counted)
    return most


@pytest.fixture(params=["here", "with a process"])
def together(request, monkeypatch):
    """``fit_together`` on one core, or on two, however little there is to do."""
    if request.param == "here":
        return lambda: fit_together(n_jobs=1)
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    monkeypatch.setattr(stacks_room, "MIN_STACK", 1)
    return lambda: fit_together(n_jobs=2)


def unhung(function, seconds=HANG):
    """What the function returns or raises; fails if it does neither for so long."""
    answer = {}

    def run():
        try:
            answer["result"] = function()
        except BaseException as error:
            answer["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="unhung")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        pytest.fail(f"still at it after {seconds} s: a deadlock")
    if "error" in answer:
        raise answer["error"]
    return answer["result"]


@pytest.fixture(scope="session")
def guarded():
    return unhung


def task_threads():
    mine = (thread for thread in threading.enumerate() if thread not in there_before)
    return [thread.name for thread in mine if thread.name.startswith("sknnreg")]


there_before = set()


def left():
    latest = time.monotonic() + 5
    while task_threads() and time.monotonic() < latest:
        time.sleep(0.01)
    return task_threads()


@pytest.fixture(scope="session")
def threads_left():
    """Names of the threads that tasks have left behind, given a moment to end."""
    return left


@pytest.fixture(autouse=True)
def no_sharing(request, monkeypatch):
    """Tasks stay in this process, where tests see them, unless a test asks for ``sharing``."""
    if "sharing" not in request.fixturenames:
        monkeypatch.setattr(local_trainer, "WORTH_SHARING", np.inf)
        monkeypatch.setattr(local_trainer, "WORTH_A_COMPLETE_PROCESS", np.inf)


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No thread outlives its test; one that does is held against no other test."""
    there_before.clear()
    there_before.update(threading.enumerate())
    yield
    assert not left()


@pytest.fixture(autouse=True, scope="module")
def no_idle_processes():
    yield
    POOL.close()
