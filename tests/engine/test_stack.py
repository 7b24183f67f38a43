"""Trees with a row per network: structure, stack, take_numbers, simplify, per_network."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from sknnreg.engine.arrays.stack import (
    PerNetwork,
    per_network,
    power,
    simplify,
    stack,
    structure,
    take_numbers,
)


@dataclass(frozen=True)
class Member:
    """On above 0."""

    rate: PerNetwork
    name: str = "a"
    width: float = 1.0

    @property
    def active(self):
        return np.asarray(self.rate) > 0


@dataclass(frozen=True)
class Fixed:
    """Always on."""

    rate: PerNetwork


@dataclass(frozen=True)
class Tree:
    """Members within tuples within a tree."""

    strength: PerNetwork
    members: tuple
    inner: Fixed
    size: int = 3
    extra: object = None


def tree(strength, *rates, fixed=0.5, **more):
    return Tree(strength, (*map(Member, rates), (Fixed(fixed),)), Fixed(fixed), **more)


TREES = [tree(0.1, 0.0, 0.0, 0.3), tree(0.2, 0.0, 0.5, 0.0), tree(0.3, 0.0, 0.0, 0.0)]


class TestStructure:
    def test_numbers_per_network_do_not_count(self):
        assert len({structure(each) for each in TREES}) == 1
        assert structure(TREES[0]) == structure(stack(TREES))

    @pytest.mark.parametrize(
        "other",
        [
            tree(0.1, 0.0, 0.0, 0.3, size=4),
            tree(0.1, 0.0, 0.3),
            tree(0.1, 0.0, 0.0, 0.3, extra=Fixed(1.0)),
            replace(TREES[0], members=(Member(0.0, "b"), *TREES[0].members[1:])),
            replace(TREES[0], members=(Member(0.0, width=2.0), *TREES[0].members[1:])),
            replace(TREES[0], members=(Fixed(0.0), *TREES[0].members[1:])),
        ],
    )
    def test_all_else_does(self, other):
        assert structure(other) != structure(TREES[0])

    def test_nothing_is_changed(self):
        structure(TREES[0])
        assert TREES[0] == tree(0.1, 0.0, 0.0, 0.3)


class TestStack:
    def test_numbers_become_arrays(self):
        stacked = stack(TREES)
        assert stacked.strength.dtype == np.float64
        assert stacked.strength.tolist() == [0.1, 0.2, 0.3]
        assert [m.rate.tolist() for m in stacked.members[:3]] == [[0] * 3, [0, 0.5, 0], [0.3, 0, 0]]
        assert stacked.members[3][0].rate.tolist() == [0.5] * 3
        assert stacked.inner.rate.tolist() == [0.5] * 3
        assert stacked.size == 3
        assert stacked.members[0].name == "a"
        assert stacked.members[0].width == 1.0

    def test_whole_numbers_too(self):
        assert stack([Fixed(1), Fixed(2)]).rate.dtype == np.float64

    @pytest.mark.parametrize("rows", [[0], [2, 0], [1, 1], [0, 1, 2]])
    def test_taking_is_stacking_those_alone(self, rows):
        taken = take_numbers(stack(TREES), np.array(rows))
        expected = stack([TREES[row] for row in rows])
        assert structure(taken) == structure(expected)
        for ours, theirs in zip(numbers(taken), numbers(expected), strict=True):
            assert np.array_equal(ours, theirs)

    def test_taking_one_after_the_other(self):
        twice = take_numbers(take_numbers(stack(TREES), np.array([2, 0])), np.array([1]))
        once = take_numbers(stack(TREES), np.array([0]))
        for ours, theirs in zip(numbers(twice), numbers(once), strict=True):
            assert np.array_equal(ours, theirs)


class TestSimplify:
    def test_off_in_all_rows_is_dropped_on_in_one_stays(self):
        simple = simplify(stack(TREES))
        assert [type(member).__name__ for member in simple.members] == ["Member", "Member", "tuple"]
        assert [m.rate.tolist() for m in simple.members[:2]] == [[0, 0.5, 0], [0.3, 0, 0]]
        assert simple.strength.tolist() == [0.1, 0.2, 0.3]

    def test_what_cannot_be_off_stays(self):
        simple = simplify(stack([tree(0.0, fixed=0.0)]))
        assert simple.members[0][0].rate.tolist() == [0.0]
        assert simple.inner.rate.tolist() == [0.0]

    def test_members_of_members(self):
        nested = Tree(1.0, (Tree(1.0, (Member(0.0), Member(1.0)), Fixed(1.0)),), Fixed(1.0))
        assert len(simplify(stack([nested])).members[0].members) == 1

    def test_simplifying_twice_is_simplifying_once(self):
        simple = simplify(stack(TREES))
        assert structure(simplify(simple)) == structure(simple)


class TestPerNetwork:
    @pytest.mark.parametrize("shape", [(3,), (3, 4), (3, 4, 5)])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_broadcasts_by_network(self, shape, dtype):
        like = np.ones(shape, dtype)
        shaped = per_network(np.array([1.0, 2.0, 3.0]), like)
        assert shaped.dtype == dtype
        assert (shaped * like)[1].max() == (shaped * like)[1].min() == 2

    @pytest.mark.parametrize("value", [0.5, np.array([0.5])])
    def test_a_single_network(self, value):
        shaped = per_network(value, np.ones((1, 4, 5), np.float32))
        product = shaped * np.ones((1, 4, 5), np.float32)
        assert product.dtype == np.float32
        assert product.shape == (1, 4, 5)
        assert np.all(product == 0.5)


def numbers(stacked):
    yield stacked.strength
    yield stacked.inner.rate
    for member in stacked.members:
        yield member[0].rate if isinstance(member, tuple) else member.rate


def test_powers_of_a_network_alone_are_those_in_a_stack():
    """NumPy takes a shortcut to 1 / x, another to sqrt(x), where one exponent serves all."""
    bases, exponents = np.arange(1.0, 6001)[:, None], np.array([-1.0, 0.5, 2.0, -0.5, 0.3, 0.0])
    together = power(bases, exponents)
    for network, exponent in enumerate(exponents):
        alone = power(bases, exponent[None])[:, 0]
        assert np.array_equal(together[:, network], alone)
        one_by_one = [power(base, exponent[None])[0] for base in bases[:50]]
        assert np.array_equal(alone[:50], one_by_one)
