"""The training state: taking rows, joining and copying are round trips."""

import numpy as np
import pytest

from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.state import TrainingState, join

M, P = 4, 6


def make(seed=0, m=M, keep_best=True, dtype=np.float32):
    """A state in which every number is different, and whose generators have drawn."""
    rng = np.random.default_rng(seed)
    streams = Streams([seed * 100 + row for row in range(m)])
    streams.normal("a", np.empty((m, 3)))
    state = TrainingState.fresh(rng.normal(size=(m, P)).astype(dtype), streams)
    state = state.equipped(keep_best=keep_best, averaging="Mean", n_snapshots=3)
    if keep_best:
        state.best = rng.normal(size=(m, P)).astype(dtype)
    state.best_value = rng.normal(size=m)
    state.average = {"Mean": rng.normal(size=(m, P)).astype(dtype)}
    state.snapshots = rng.normal(size=(m, 3, P)).astype(dtype)
    state.snapshot_values = rng.normal(size=(m, 3))
    for name in ("best_epoch", "updates", "steps", "epochs", "samples", "averaged", "taken"):
        setattr(state, name, rng.integers(0, 100, m))
    state.transforms = {"Adam": {n: rng.normal(size=(m, P)).astype(dtype) for n in "mv"}, "X": {}}
    state.monitors = {"Plateau": {"best": rng.normal(size=m), "waited": rng.random(m)}}
    return state


def leaves(state):
    for name in ("values", "best", "snapshots", "snapshot_values", "best_value", "best_epoch",
                 "updates", "steps",
                 "epochs", "samples", "averaged", "taken"):  # fmt: skip
        yield name, getattr(state, name)
    yield from state.average.items()
    for name in ("transforms", "monitors"):
        for member, arrays in getattr(state, name).items():
            for key, array in arrays.items():
                yield f"{name}.{member}.{key}", array


def draws(state):
    """What the generators give next, without moving them."""
    return state.streams.copy().normal("a", np.empty((len(state.values), 3)))


def assert_equal(ours, theirs):
    for (name, one), (other_name, other) in zip(leaves(ours), leaves(theirs), strict=True):
        assert name == other_name
        if one is None or other is None:
            assert one is other is None
        else:
            assert one.dtype == other.dtype
            assert np.array_equal(one, other), name
    assert ours.streams.seeds == theirs.streams.seeds
    assert np.array_equal(draws(ours), draws(theirs))
    assert ours.transforms.keys() == theirs.transforms.keys()


@pytest.mark.parametrize("keep_best", [True, False])
class TestRoundTrips:
    def test_take_all(self, keep_best):
        assert_equal(make(keep_best=keep_best).take(range(M)), make(keep_best=keep_best))

    def test_take_apart_and_join(self, keep_best):
        state = make(keep_best=keep_best)
        assert_equal(join([state.take([row]) for row in range(M)]), make(keep_best=keep_best))
        assert_equal(
            join([state.take([2, 0]), state.take([3, 1])]),
            make(keep_best=keep_best).take([2, 0, 3, 1]),
        )

    def test_join_and_take(self, keep_best):
        first, second = make(1, 2, keep_best), make(2, 3, keep_best)
        joined = join([first, second])
        assert_equal(joined.take([0, 1]), first)
        assert_equal(joined.take([2, 3, 4]), second)

    def test_copy(self, keep_best):
        state = make(keep_best=keep_best)
        assert_equal(state.copy(), state)


@pytest.mark.parametrize(
    "derive",
    [lambda s: s.copy(), lambda s: s.take([0, 1, 2, 3]), lambda s: join([s])],
    ids=["copy", "take", "join"],
)
def test_arrays_are_new(derive):
    state = make()
    for (_, array), (_, original) in zip(leaves(derive(state)), leaves(state), strict=True):
        assert not np.shares_memory(array, original)


def test_a_copys_generators_are_its_own():
    state = make()
    before = draws(state)
    copied = state.copy()
    copied.streams.normal("a", np.empty((M, 100)))
    assert np.array_equal(draws(state), before)


def test_taken_rows_go_on_with_the_generators_of_their_networks():
    state = make()
    assert np.array_equal(draws(state.take([3, 1])), draws(state)[[3, 1]])


def test_fresh():
    values = np.ones((2, 3), np.float32)
    state = TrainingState.fresh(values, Streams([1, 2]))
    assert state.best is state.snapshots is None
    assert state.average == {}
    assert np.all(state.best_value == np.inf)
    assert not any(each.any() for each in (state.epochs, state.updates, state.averaged))


class TestCast:
    def test_another_dtype(self):
        state = make().cast("float64")
        reference = make()
        for (name, array), (_, original) in zip(leaves(state), leaves(reference), strict=True):
            expected = np.float64 if original.dtype == np.float32 else original.dtype
            assert array.dtype == expected, name
            assert np.array_equal(array, original)

    def test_to_float32_keeps_what_is_not_of_the_computing_dtype(self):
        reference = make(dtype=np.float64)
        state = make(dtype=np.float64).cast("float32")
        assert state.values.dtype == state.best.dtype == np.float32
        assert state.transforms["Adam"]["m"].dtype == np.float32
        assert np.array_equal(state.best_value, reference.best_value)
        assert state.best_value.dtype == np.float64
        for name, array in reference.monitors["Plateau"].items():
            assert state.monitors["Plateau"][name].dtype == np.float64
            assert np.array_equal(state.monitors["Plateau"][name], array)

    def test_the_same_dtype_changes_nothing(self):
        assert_equal(make().cast("float32"), make())


class TestEquipped:
    def test_as_before_changes_nothing(self):
        assert_equal(make().equipped(keep_best=True, averaging="Mean", n_snapshots=3), make())

    def test_from_now_on_with_the_best(self):
        state = make(keep_best=False).equipped(keep_best=True, averaging="Mean", n_snapshots=3)
        assert np.array_equal(state.best, state.values)
        assert not np.shares_memory(state.best, state.values)
        assert np.all(state.best_value == np.inf)

    def test_from_now_on_without(self):
        state = make().equipped(keep_best=False, averaging=None, n_snapshots=1)
        assert state.best is state.snapshots is None
        assert state.average == {}

    def test_from_now_on_with_averages_and_snapshots(self):
        plain = make().equipped(keep_best=False, averaging=None, n_snapshots=1)
        state = plain.equipped(keep_best=False, averaging="Mean", n_snapshots=2)
        assert state.average["Mean"].shape == (M, P)
        assert state.snapshots.shape == (M, 2, P)
        assert not state.averaged.any()
        assert not state.taken.any()

    def test_another_number_of_snapshots_starts_anew(self):
        state = make().equipped(keep_best=True, averaging="Mean", n_snapshots=2)
        assert state.snapshots.shape == (M, 2, P)
        assert not state.taken.any()


def test_from_the_best_row_nothing_is_left_of_the_way_there():
    state = make().from_best()
    assert np.array_equal(state.values, make().best)
    assert not np.shares_memory(state.values, state.best)
    assert state.average == {}
    assert state.transforms == {}
