"""Tasks that keep others waiting, or are in no state to meet them, end all the same."""

import multiprocessing
import threading

import joblib
import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, fit_together
from sknnreg.together.meeting import turns
from sknnreg.together.meeting.waiting_fits import WaitingFits
from sknnreg.together.trainers.local_trainer import LocalTrainer

QUICK = {"max_iter": 2, "n_iter_no_change": None, "learning_rate_init": 0.05}
SHAPES = [(2,), (3, 2)]


def data(n=24):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def fit(seed, shape=SHAPES[0]):
    est = MLPRegularizedClassifier(shape, random_state=seed, **QUICK)
    return est.fit(*data()).coefs_[-1].tolist()


def fits(seed):
    """A fit, and two in a search of its own."""
    inner = [joblib.delayed(fit)(seed + 1), joblib.delayed(fit)(seed, SHAPES[1])]
    return [fit(seed), *joblib.Parallel()(inner)]


@pytest.mark.parametrize("n_tasks", [2, 4])
def test_a_lock_that_is_held_across_a_fit_is_no_deadlock(n_tasks, monkeypatch, guarded):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.05)
    lock = threading.Lock()

    def task(number):
        with lock:
            return fit(number)

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(joblib.delayed(task)(number) for number in range(n_tasks))

    assert guarded(run) == [fit(number) for number in range(n_tasks)]


def test_a_long_task_does_not_keep_the_others_waiting_for_ever(monkeypatch, guarded):
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.05)
    others = threading.Event()

    def task(number):
        if number == 1:
            return others.wait(30)
        network = fit(number)
        others.set()
        return network

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(joblib.delayed(task)(number) for number in range(3))

    assert guarded(run) == [fit(0), True, fit(2)]


def test_with_very_short_turns_each_task_gets_what_is_its_own(monkeypatch, guarded):
    """With very short turns all run at once, and every mix of waves may happen."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.001)
    seeds = [0, 1, 2, 0, 1, 2, 3]

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(joblib.delayed(fits)(seed) for seed in seeds)

    expected = [fits(seed) for seed in seeds]
    for _ in range(5):
        assert guarded(run) == expected


def test_a_fit_that_fails_before_it_waits_leads_no_training(monkeypatch, guarded):
    """The others wait neither for its network nor for it to train theirs."""
    asked, prepare = [], LocalTrainer.prepare

    def fail_once(self, problem, n_networks):
        asked.append(n_networks)
        if len(asked) == 1:
            raise ArithmeticError("not ready")
        prepare(self, problem, n_networks)

    def task(number):
        try:
            return fit(number)
        except ArithmeticError as error:
            return str(error)

    def run():
        with fit_together(n_jobs=1):
            return joblib.Parallel()(joblib.delayed(task)(number) for number in range(3))

    monkeypatch.setattr(LocalTrainer, "prepare", fail_once)
    assert guarded(run, 10) == ["not ready", fit(1), fit(2)]


def test_a_thread_of_a_tasks_own_fits_alone(together, passes):
    found = {}

    def task(number):
        thread = threading.Thread(target=lambda: found.update({number: fit(number)}))
        thread.start()
        thread.join()

    with together():
        joblib.Parallel()(joblib.delayed(task)(number) for number in range(3))
    assert found == {number: fit(number) for number in range(3)}
    assert not passes


def test_a_search_that_ends_as_its_leader_begins_is_not_trained_to_the_end(monkeypatch, guarded):
    led_by, ended = WaitingFits.led_by, []

    def cancelled_meanwhile(self, task):
        fits = led_by(self, task)
        if fits and not ended:
            ended.append(task)
            task.call.meeting.cancel(task.call)
        return fits

    def endless(seed):
        est = MLPRegularizedClassifier((2,), random_state=seed, **{**QUICK, "max_iter": 10**9})
        return est.fit(*data())

    monkeypatch.setattr(WaitingFits, "led_by", cancelled_meanwhile)

    def run():
        with fit_together(n_jobs=1), pytest.raises(multiprocessing.TimeoutError):
            joblib.Parallel(timeout=1.0)(joblib.delayed(endless)(seed) for seed in range(2))

    guarded(run)
    assert ended
