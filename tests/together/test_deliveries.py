"""A task goes on when its own stack has trained, while others still train."""

import threading

import joblib
import pytest

from sknnreg import fit_together
from sknnreg.together.meeting import turns, waiting_fits
from sknnreg.together.trainers import local_trainer
from tests.together.test_long_turns import SHAPES, fit


def fit_one(number):
    return fit(number, SHAPES[number % 2])


@pytest.fixture
def search(monkeypatch, guarded):
    """Run tasks that make two stacks; the second trains when ``may_train(halt)`` has come true.

    Says what the tasks gave, and whether it came true.
    """
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.001)
    train_stack, stacks, in_time = local_trainer.train_stack, [], []

    def run(task, n_tasks, may_train):
        def train(problems, halt, process=None):
            stacks.append(problems)
            if len(stacks) == 2:
                in_time.append(may_train(halt))
            return train_stack(problems, halt, process)

        monkeypatch.setattr(local_trainer, "train_stack", train)

        def together():
            with fit_together(n_jobs=1):
                return joblib.Parallel()(joblib.delayed(task)(i) for i in range(n_tasks))

        try:
            return guarded(together), in_time
        except KeyError:
            return None, in_time

    return run


def test_tasks_end_while_other_stacks_train(search):
    ended = threading.Event()

    def task(number):
        network = fit_one(number)
        ended.set()
        return network

    found, in_time = search(task, 6, lambda halt: ended.wait(10))
    assert found == [fit_one(number) for number in range(6)]
    assert in_time == [True]


def test_those_that_come_meanwhile_wait_for_the_rest(search, monkeypatch):
    """They do not train by themselves, beside the others and in smaller stacks."""
    monkeypatch.setattr(waiting_fits, "MAX_WAITING", 4)
    come, begun, in_training = threading.Event(), [], []
    train = local_trainer.LocalTrainer.train

    def counted(*args):
        in_training.append(1 + sum(in_training[-1:]))
        try:
            return train(*args)
        finally:
            in_training.append(in_training[-1] - 1)

    def task(number):
        begun.append(number)
        if len(begun) == 6:
            come.set()
        return fit_one(number)

    monkeypatch.setattr(local_trainer.LocalTrainer, "train", counted)
    found, in_time = search(task, 8, lambda halt: come.wait(10))
    assert found == [fit_one(number) for number in range(8)]
    assert in_time == [True]
    assert max(in_training) == 1


def test_a_search_that_fails_meanwhile_ends_the_training(search):
    """Tasks that have gone on need nothing of what still trains."""

    def task(number):
        fit_one(number)
        raise KeyError(number)

    assert search(task, 6, lambda halt: halt.wait(10)) == (None, [True])
