"""A process in which searches are disturbed: ``chaos.py schedules first n``, ``chaos.py endless``.

Each schedule is drawn from its seed: a search, where it trains, and what happens meanwhile. It
prints one line of JSON: what went wrong (nothing), and how long the interrupt took, if there was.
"""

import faulthandler
import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together.trainers import local_trainer, stacks
from sknnreg.together.trainers.process_pool import POOL

# Only a deadlock takes longer.
HANG = 150
# An interrupt that took longer got lost.
LOST = 20
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = (X[:, 0] + 0.5 * RNG.normal(size=60) > 0).astype(int)


def network(**settings: Any) -> MLPRegularizedClassifier:
    base = {"max_iter": 60, "n_iter_no_change": float("inf"), "learning_rate_init": 0.05}
    return MLPRegularizedClassifier((4,), **{**base, "random_state": 0, **settings})


def untimed(found: dict[str, Any]) -> dict[str, Any]:
    return {name: np.array(value) for name, value in found.items() if "_test_score" in f"_{name}"}


def grid() -> dict[str, Any]:
    search = GridSearchCV(network(), {"l2": [0.0, 0.1, 1.0], "batch_size": [10, 20]}, cv=3)
    return untimed(search.fit(X, Y).cv_results_)


def nested() -> dict[str, Any]:
    search = GridSearchCV(network(max_iter=20), {"dropout": [0.0, 0.5]}, cv=2)
    return untimed(cross_validate(search, X, Y, cv=3))


def selected() -> dict[str, Any]:
    score = partial(mutual_info_classif, random_state=0, n_jobs=2)
    return untimed(cross_validate(make_pipeline(SelectKBest(score, k=3), network()), X, Y, cv=4))


def ensembles() -> dict[str, Any]:
    bag = BaggingClassifier(network(), 4, random_state=0)
    forest = RandomForestClassifier(5, random_state=0, n_jobs=2)
    return untimed(cross_validate(VotingClassifier([("b", bag), ("f", forest)]), X, Y, cv=3))


def foreign(number: int) -> float:
    """A task that does much beside its fit."""
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-i) for i in range(5))
    try:
        joblib.Parallel()(joblib.delayed(int)(text) for text in ("1", "no number"))
    except ValueError:
        found.append(1)
    losses = joblib.Parallel(return_as="generator")(
        joblib.delayed(loss_of)(number + seed) for seed in range(3)
    )
    return sum(found) + next(losses) + sum(losses)


def loss_of(seed: int) -> float:
    return network(random_state=seed).fit(X, Y).loss_


def tasks() -> dict[str, Any]:
    return {"all": np.array(joblib.Parallel()(joblib.delayed(foreign)(n) for n in range(4)))}


SEARCHES: dict[str, Callable[[], dict[str, Any]]] = {
    each.__name__: each for each in (grid, nested, selected, ensembles, tasks)
}


@cache
def expected(name: str) -> dict[str, Any]:
    return SEARCHES[name]()


def differs(found: dict[str, Any], name: str) -> bool:
    wanted = expected(name)
    return wanted.keys() != found.keys() or any(
        not np.array_equal(found[key], wanted[key]) for key in wanted
    )


# ---------------------------------------------------------------- what happens meanwhile


def interrupt(draw: random.Random) -> None:
    pressed.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)


def signal_a_helper(draw: random.Random) -> None:
    numbers = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    helpers = [pid for pid in children() if b"service.py" in command(pid)]
    if helpers:
        kill(draw.choice(helpers), draw.choice(numbers))


def kill_a_worker(draw: random.Random) -> None:
    workers = [
        pid for pid in children() if b"loky" in command(pid) and b"track" not in command(pid)
    ]
    if workers:
        kill(draw.choice(workers), signal.SIGKILL)


def fork(draw: random.Random) -> None:
    """A child trains, inside of a block and outside, and lives on for a moment."""
    pid = os.fork()
    if not pid:
        try:
            signal.alarm(HANG // 2)
            right = loss_of(0) == losses[0]
            with fit_together():
                again = joblib.Parallel()(joblib.delayed(loss_of)(seed) for seed in range(2))
            POOL.close()
            os._exit(0 if right and again == losses else 1)
        finally:
            os._exit(2)
    forked.append(pid)


def compute(draw: random.Random) -> None:
    """A foreign thread that fits and searches beside the block."""
    if loss_of(1) != losses[1]:
        faults.append("a network beside the block is another")


DISTURBANCES = (interrupt, signal_a_helper, kill_a_worker, fork, compute)
pressed: list[float] = []
forked: list[int] = []
faults: list[str] = []
losses: list[float] = []


def kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def children() -> list[int]:
    mine = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [int(pid) for each in mine for pid in each.read_text().split()]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def disturb(draw: random.Random, ends: threading.Event, which: list[Any], seconds: float) -> None:
    for each in which:
        if ends.wait(draw.uniform(0, seconds)):
            return
        each(draw)


# ---------------------------------------------------------------- one schedule


def run_schedule(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    name, cores = draw.choice(list(SEARCHES)), draw.choice([1, 2, 3])
    backend = draw.choice([None, None, None, "threading", "loky"])
    which = draw.choices(DISTURBANCES, k=draw.randint(1, 4))
    if interrupt in which:  # once, and last: it ends the search
        which = [*(each for each in which if each is not interrupt), interrupt]
    for record in (pressed, forked, faults):
        record.clear()
    context, may_fail = fit_together(n_jobs=cores, backend=backend), kill_a_worker in which
    took = search_disturbed(name, context, may_fail, which, draw)
    with context:
        if not may_fail and differs(SEARCHES[name](), name):
            faults.append("a wrong value afterwards")
    faults.extend(left_over())
    told = {"seed": seed, "search": name, "cores": cores, "backend": backend, "took": took}
    return {**told, "which": [each.__name__ for each in which], "faults": list(faults)}


def search_disturbed(
    name: str, context: Any, may_fail: bool, which: list[Any], draw: random.Random
) -> float | None:
    """How long an interrupt took, if there was one."""
    ends = threading.Event()
    args = (draw, ends, which, draw.choice([0.05, 0.3, 1.0]))
    disturber = threading.Thread(target=disturb, args=args)
    try:
        with context:
            disturber.start()
            found = SEARCHES[name]()
        if differs(found, name) and not may_fail:
            faults.append("a wrong value")
        ends.set()
        disturber.join()
    except KeyboardInterrupt:
        took = time.monotonic() - pressed[0]
        if took > LOST:
            faults.append(f"an interrupt took {took:.1f} s")
        return took
    except Exception as error:
        if not may_fail:
            faults.append(f"{type(error).__name__}: {error}")
    finally:
        ends.set()
        disturber.join()
    return None


def left_over() -> list[str]:
    """Threads, processes and descriptors that should not be there any more."""
    found = []
    for pid in forked:
        _, status = os.waitpid(pid, 0)
        if status:
            found.append(f"a forked child ended with {os.waitstatus_to_exitcode(status)}")
    # A task that was in scikit-learn's code ends when that returns, and may use loky until then.
    await_true(lambda: not any(each.name.startswith("sknnreg") for each in threading.enumerate()))
    POOL.close()
    get_reusable_executor().shutdown(wait=True)
    await_true(lambda: threading.active_count() == 1)
    found += [f"thread {each.name}" for each in threading.enumerate() if each is not MAIN]
    # loky's tracker of resources stays for the life of the process.
    others = [pid for pid in children() if b"resource_tracker" not in command(pid)]
    found += [f"process {command(pid)!r}" for pid in others]
    if len(descriptors()) > len(BEFORE) + 1:
        found.append(f"descriptors {sorted(descriptors() - BEFORE)}")
    return found


def await_true(question: Callable[[], bool], seconds: float = 60) -> None:
    latest = time.monotonic() + seconds
    while not question() and time.monotonic() < latest:
        time.sleep(0.01)


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def train_on_helpers() -> None:
    # However little there is to do.
    local_trainer.WORTH_A_CORE, stacks.MIN_STACK = 1e-9, 1


def run_schedules(first: int, n: int) -> None:
    train_on_helpers()
    losses.extend(loss_of(seed) for seed in range(2))
    for name in SEARCHES:
        expected(name)
    # What loky and fork need once, and keep.
    joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(n) for n in range(2))
    get_reusable_executor().shutdown(wait=True)
    BEFORE.update(descriptors())
    # Where a forked child hangs, as its alarm tells.
    faulthandler.register(signal.SIGALRM, chain=True)
    for seed in range(first, first + n):
        faulthandler.dump_traceback_later(HANG, exit=True)
        told = run_schedule(seed)
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(told), flush=True)


def train_endlessly() -> None:
    """Print the processes that train, and never end."""
    train_on_helpers()

    def tell() -> None:
        await_true(lambda: len(children()) == 2)
        time.sleep(0.5)
        print(json.dumps(children()), flush=True)

    threading.Thread(target=tell, daemon=True).start()
    with fit_together(n_jobs=3):
        cross_validate(network(max_iter=10**9), X, Y, cv=12)


BEFORE: set[str] = set()
MAIN = threading.main_thread()

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "endless":
        train_endlessly()
    else:
        run_schedules(int(sys.argv[2]), int(sys.argv[3]))
