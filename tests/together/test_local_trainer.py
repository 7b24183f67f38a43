"""Which networks train in which stack and process, and what happens where one fails."""

import pickle
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.arrays.threads import worth_threads
from sknnreg.engine.loop.training import train
from sknnreg.engine.problem import Problem
from sknnreg.together.halt import Halt
from sknnreg.together.trainers import helper_process, local_trainer, stacks
from sknnreg.together.trainers.helper_process import HelperProcess, sendable
from sknnreg.together.trainers.local_trainer import LocalTrainer, train_stack
from sknnreg.together.trainers.process_pool import POOL, ProcessPool
from sknnreg.together.trainers.stacks import (
    FULL_STACK,
    MAX_STACK,
    divide_into_stacks,
    training_seconds,
)

QUICK = {"hidden_layer_sizes": (3,), "max_iter": 4, "n_iter_no_change": None,
         "learning_rate_init": 0.05}  # fmt: skip


def data(n=24, n_features=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, n_features))
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int)


def problem(seed=0, rows=None, **settings):
    est = MLPRegularizedClassifier(**{**QUICK, "random_state": seed, **settings})
    X, y = data() if rows is None else rows
    planned = est._plan((X, y, None), max_iter=est.max_iter)
    prepared, plan = planned.prepared, planned.recipe
    return prepared.problem(plan)


def problems(n=6, **settings):
    return [problem(seed, **settings) for seed in range(n)]


def large(seed=0):
    return problem(seed, data(200, 320), hidden_layer_sizes=(200,), max_iter=1, batch_size=200)


def numbers(results):
    return [(each.values.tolist(), each.history.loss) for each in results]


def expected(given):
    return numbers(train([each])[0] for each in given)


def found(outcomes):
    assert all(outcome.error is None for outcome in outcomes), outcomes
    return numbers(outcome.result for outcome in outcomes)


KINDS = [problem(), problem(hidden_layer_sizes=(4,)), problem(dtype="float32"), large()]


@given(
    counts=st.lists(st.integers(0, 260), min_size=4, max_size=4),
    n_cores=st.integers(1, 9),
    order=st.randoms(use_true_random=False),
)
def test_networks_are_divided_into_stacks(counts, n_cores, order):
    given_problems = [kind for kind, n in zip(KINDS, counts, strict=True) for _ in range(n)]
    order.shuffle(given_problems)
    divided, alone = divide_into_stacks(given_problems, n_cores)
    members = [number for stack in divided for number in stack.members]
    assert sorted([*members, *alone]) == list(range(len(given_problems)))
    assert {number for number, each in enumerate(given_problems) if each is KINDS[3]} == set(alone)
    for stack in divided:
        assert 1 <= len(stack.members) <= MAX_STACK
        assert len({given_problems[number].shape for number in stack.members}) == 1
        assert stack.members == sorted(stack.members)
        np.testing.assert_allclose(
            stack.seconds, sum(training_seconds(given_problems[number]) for number in stack.members)
        )
    lengths = [stack.seconds for stack in divided]
    assert lengths == sorted(lengths, reverse=True), "the longest first"


@pytest.mark.parametrize(
    ("n", "n_cores", "n_stacks"),
    [
        (0, 2, 0),
        (1, 8, 1),
        (FULL_STACK - 1, 1, 1),
        (7, 2, 1),  # two of four gain nothing on two cores
        (8, 2, 2),
        (MAX_STACK * 3 + 1, 1, 4),
        (1000, 4, 10),
    ],
)
def test_how_many_stacks(n, n_cores, n_stacks):
    divided, _ = divide_into_stacks([KINDS[0]] * n, n_cores)
    assert len(divided) == n_stacks
    sizes = [len(stack.members) for stack in divided]
    assert max(sizes, default=0) - min(sizes, default=0) <= 1


def test_networks_of_long_steps_need_no_company(monkeypatch):
    """Two cores have one each, and of still longer steps no two share a stack."""
    monkeypatch.setattr(stacks, "WORTH_A_STACK", 1e-12)
    assert [len(each.members) for each in divide_into_stacks([KINDS[0]] * 3, 2)[0]] == [2, 1]
    monkeypatch.setattr(stacks, "FILLS_A_CORE", 1e-12)
    assert [len(each.members) for each in divide_into_stacks([KINDS[0]] * 5, 2)[0]] == [1] * 5


def test_longer_training_is_expected_to_take_longer():
    base = training_seconds(problem())
    for more in ({"max_iter": 8}, {"batch_size": 5}, {"hidden_layer_sizes": (400,)}):
        assert training_seconds(problem(**more)) > base
    assert training_seconds(problem(dtype="float64")) > training_seconds(problem(dtype="float32"))


@pytest.fixture
def forced(monkeypatch):
    """Several cores, however little there is to do, and even for two networks."""
    monkeypatch.setattr(local_trainer, "WORTH_A_CORE", 1e-9)
    monkeypatch.setattr(stacks, "MIN_STACK", 1)


@pytest.mark.parametrize("n_cores", [1, 2, 3])
def test_outcomes_come_in_the_order_of_the_problems(n_cores, forced):
    mixed = [each for pair in zip(problems(5), problems(5, l2=0.1, dtype="float32"), strict=True)
             for each in pair]  # fmt: skip
    mixed.insert(3, large())
    assert worth_threads(mixed[3].recipe.largest_product)
    assert found(LocalTrainer(n_cores).train(mixed, Halt())) == expected(mixed)


def test_no_problems_have_no_outcomes():
    assert LocalTrainer(2).train([], Halt()) == []


def test_the_parts_of_a_stacks_time_follow_the_epochs_and_add_up(monkeypatch):
    clock = iter(range(0, 100, 10))
    monkeypatch.setattr(local_trainer.time, "perf_counter", lambda: next(clock))
    given_problems = [problem(n_iter_no_change=n, tol=9.0, max_iter=99) for n in (1, 2, 6)]
    outcomes = train_stack(given_problems, Halt())
    lengths = [len(outcome.result.history.loss) for outcome in outcomes]
    assert lengths == [2, 3, 7]
    np.testing.assert_allclose([o.seconds for o in outcomes], 10 * np.array(lengths) / 12)


def failing_with(marked):
    """``train`` that fails for every stack with this network in it, once it is done."""

    def train_or_fail(given_problems, halt=None):
        results = train(given_problems, halt)
        if marked.seed in [each.seed for each in given_problems]:
            raise ArithmeticError("no")
        return results

    return train_or_fail


def test_in_a_failing_stack_only_the_network_that_is_at_fault_fails(monkeypatch):
    given_problems = problems(5)
    monkeypatch.setattr(local_trainer, "train", failing_with(given_problems[2]))
    outcomes = LocalTrainer(1).train(given_problems, Halt())
    assert str(outcomes[2].error) == "no"
    with pytest.raises(ArithmeticError, match="no"):
        outcomes[2].unwrap()
    rest = [0, 1, 3, 4]
    assert found([outcomes[i] for i in rest]) == expected([given_problems[i] for i in rest])
    assert all(outcome.seconds > 0 for outcome in outcomes)


def test_a_failing_stack_leaves_the_states_it_started_from_whole(monkeypatch):
    """Networks that went on training are trained anew from where they were."""

    def going_on():
        firsts = [train([each])[0] for each in problems(3, dropout=0.5)]
        return [
            Problem(each.recipe, each.train, each.seed, state=first.state)
            for each, first in zip(problems(3, dropout=0.5), firsts, strict=True)
        ]

    given_problems = going_on()
    monkeypatch.setattr(local_trainer, "train", failing_with(given_problems[1]))
    outcomes = LocalTrainer(1).train(given_problems, Halt())
    again = expected(going_on())
    assert found([outcomes[0], outcomes[2]]) == [again[0], again[2]]


def test_a_failing_stack_calls_no_callback_twice_for_an_epoch(monkeypatch):
    epochs = []
    given_problems = [
        Problem(each.recipe, each.train, each.seed, on_epoch_end=lambda r: epochs.append(r.epoch))
        for each in problems(3)
    ]
    monkeypatch.setattr(local_trainer, "train", failing_with(given_problems[1]))
    outcomes = LocalTrainer(1).train(given_problems, Halt())
    assert isinstance(outcomes[1].error, Exception)
    assert sorted(epochs) == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


@pytest.mark.parametrize("when", ["before", "while it trains"])
@pytest.mark.parametrize("n", [1, 4])
def test_what_a_process_that_dies_has_not_done_is_done_here(n, when, monkeypatch):
    helper, send = HelperProcess(), HelperProcess._send

    def send_and_die(self, content):
        send(self, content)
        self.kill()

    if when == "before":
        helper.kill()
    else:
        monkeypatch.setattr(HelperProcess, "_send", send_and_die)
    try:
        assert found(train_stack(problems(n), Halt(), helper)) == expected(problems(n))
        assert not helper.alive
    finally:
        helper.close()


def test_a_search_whose_processes_die_is_no_worse(forced, monkeypatch):
    def die(self, given_problems):
        self.kill()
        raise EOFError

    monkeypatch.setattr(HelperProcess, "train", die)
    assert found(LocalTrainer(3).train(problems(9), Halt())) == expected(problems(9))
    assert all(each.alive for each in POOL._idle), "the dead are not handed out again"


class Settled(Problem):
    """A problem that stays where it is."""

    def __reduce__(self):
        raise pickle.PicklingError("cannot leave")


def test_what_cannot_be_sent_is_trained_here(forced, stacks):
    given_problems = [Settled(each.recipe, each.train, each.seed) for each in problems(4)]
    assert found(LocalTrainer(2).train(given_problems, Halt())) == expected(given_problems)
    assert sorted(stacks) == [2, 2]


def test_a_network_with_hooks_or_too_much_data_is_not_sent(monkeypatch, tmp_path):
    each = problem()
    assert sendable([each])
    listened = {"score": lambda row: 0.0, "on_epoch_end": lambda report: False}
    for name, hook in listened.items():
        heard = Problem(each.recipe, each.train, each.seed, **{name: hook})
        assert not sendable([each, heard])
    X, y = data(400, 50)
    mapped = np.memmap(tmp_path / "rows", X.dtype, "w+", shape=X.shape)
    mapped[...] = X
    monkeypatch.setattr(helper_process, "MAX_SENT", X.nbytes // 2)
    assert sendable([each])
    assert not sendable([problem(rows=(X, y))])
    # Sent, its rows would be those of an array: what memory may not hold would be in it twice.
    assert not sendable([problem(rows=(mapped, y))])


def test_a_halt_ends_what_trains_here_and_there(forced):
    halt = Halt()
    endless = problems(4, max_iter=10**9)
    threading.Timer(0.3, halt.set).start()
    outcomes = LocalTrainer(2).train(endless, halt)
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    assert [result.history.stop_reason for result in results] == ["interrupted"] * 2, "those here"


def test_after_a_halt_no_network_is_set_up(forced, stacks):
    halt, one_by_one = Halt(), [problem(hidden_layer_sizes=(n,)) for n in range(2, 8)]
    halted = [
        Problem(each.recipe, each.train, each.seed, on_epoch_end=lambda report: halt.set())
        for each in one_by_one
    ]
    outcomes = LocalTrainer(1).train([*halted, large()], halt)
    assert len(stacks) == 1, "the one whose callback asked for the end"
    assert [outcome.result for outcome in outcomes].count(None) == 6
    stacks.clear()
    assert all(outcome.result is None for outcome in LocalTrainer(2).train(halted, halt))
    assert not stacks


def test_whatever_is_raised_processes_are_given_back(forced, monkeypatch):
    """And their threads have ended: who is given back is idle."""
    taken, busy, train = [], set(), local_trainer.train_stack

    class Pool:
        def take(self):
            taken.append("taken")
            return "process"

        def give_back(self, process):
            assert not busy
            taken.append("given back")

    def fail_here(given_problems, halt, process=None):
        if process is None:
            raise MemoryError("here")
        busy.add(process)
        time.sleep(0.2)
        busy.discard(process)
        return train(given_problems, halt)

    monkeypatch.setattr(local_trainer, "POOL", Pool())
    monkeypatch.setattr(local_trainer, "train_stack", fail_here)
    with pytest.raises(MemoryError, match="here"):
        LocalTrainer(2).train(problems(4), Halt())
    assert taken == ["taken", "given back"]


def test_actions_are_taken_at_a_halt_while_they_stand():
    taken, halt = [], Halt()
    with halt.ended_by(lambda: taken.append("over")):
        pass
    with halt.ended_by(lambda: taken.append("first")):
        with halt.ended_by(lambda: taken.append("second")):
            halt.set()
        assert taken == ["first", "second"]
    assert halt.is_set()
    with halt.ended_by(lambda: taken.append("late")):
        assert taken[2:] == ["late"]


@pytest.mark.parametrize("error", [OSError("none left"), ValueError("no such file")])
def test_where_there_are_no_processes_all_is_trained_here(error, forced, monkeypatch, stacks):
    def fail(*args, **params):
        raise error

    POOL.close()
    monkeypatch.setattr(helper_process.subprocess, "Popen", fail)
    assert ProcessPool().take() is None
    assert found(LocalTrainer(2).train(problems(4), Halt())) == expected(problems(4))
    assert sorted(stacks) == [2, 2]
