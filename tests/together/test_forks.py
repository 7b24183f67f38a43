"""A child that is forked off in the midst of anything trains by itself, and keeps nothing alive."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

import sknnreg
from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.arrays import threads
from sknnreg.together.trainers import local_trainer
from sknnreg.together.trainers.process_pool import POOL

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]
ROOT = Path(sknnreg.__file__).parents[1]
QUICK = {"hidden_layer_sizes": (3,), "max_iter": 3, "n_iter_no_change": np.inf,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def fit(seed, **settings):
    return MLPRegularizedClassifier(**{**QUICK, **settings}, random_state=seed).fit(*data()).loss_


def scores():
    return cross_val_score(MLPRegularizedClassifier(**QUICK, random_state=0), *data(), cv=3)


def in_child(function, seconds=30):
    """Whether the function says yes in a forked child; fails if it says nothing for so long."""
    pid = os.fork()
    if not pid:
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    latest = time.monotonic() + seconds
    while time.monotonic() < latest:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail("the child never came to an end: a deadlock")


def test_while_another_thread_changes_the_number_of_threads():
    """The child finds the lock free, and changes the number itself."""
    expected, held, goes_on = fit(0), threading.Event(), threading.Event()

    def hold():
        with threads._lock:
            held.set()
            goes_on.wait(0.5)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    assert in_child(lambda: fit(0) == expected)
    goes_on.set()
    holder.join()


def test_while_another_thread_trains():
    expected, ends = fit(0), threading.Event()

    def train():
        while not ends.is_set():
            fit(1, max_iter=30)

    trainer = threading.Thread(target=train)
    trainer.start()
    try:
        for _ in range(10):
            assert in_child(lambda: fit(0) == expected and not threads._holders)
    finally:
        ends.set()
        trainer.join()


def test_the_thread_that_forks_while_it_trains_goes_on_in_the_child():
    with threads.blas_threads(1):
        assert in_child(lambda: len(threads._holders) == 1)
    assert not threads._holders


@pytest.mark.slow
def test_in_a_task_and_in_a_block(together, guarded):
    """A child has none of the tasks that its own would wait for."""
    expected, all_scores = [fit(seed) for seed in range(4)], scores()

    def task(seed):
        alone = in_child(lambda: fit(seed) == expected[seed])
        searches = in_child(lambda: (scores() == all_scores).all())
        return alone, searches, fit(seed)

    def run():
        with together():
            found = joblib.Parallel()(joblib.delayed(task)(seed) for seed in range(4))
            assert in_child(lambda: (scores() == all_scores).all())
            return found

    assert guarded(run) == [(True, True, loss) for loss in expected]


def test_a_child_has_processes_of_its_own(monkeypatch):
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    POOL.prepare(2)
    there = list(POOL._idle)

    def child():
        fresh = not POOL._idle
        POOL.close()
        return fresh and all(each._process.stdin.closed for each in there)

    assert in_child(child)
    assert all(each.alive for each in there)
    POOL.close()


PROGRAM = """
import os, time
from sknnreg.together.trainers.process_pool import POOL
POOL.prepare(1)
if not os.fork():
    time.sleep(100)
print(POOL._idle[0]._process.pid, flush=True)
time.sleep(100)
"""


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    # Ended, and not yet fetched by who has to: in a container, possibly nobody.
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_a_process_ends_with_its_parent_although_a_child_of_that_lives_on():
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        helper = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        latest = time.monotonic() + 20  # idle, it would end after a minute
        while is_there(helper) and time.monotonic() < latest:
            time.sleep(0.05)
        assert not is_there(helper)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)  # the child
        parent.stdout.close()
