"""Which rows are held out: of classes and groups evenly, and never all there is of a class."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, PredefinedSplit, RepeatedKFold

from sknnreg.ensemble.folds import Strata, splits_of
from sknnreg.ensemble.table import Table


def held_out(cv, codes, groups=None, weight=None, n_members=4, kept=True, seed=0):
    codes = np.asarray(codes)
    groups = None if groups is None else np.asarray(groups)
    weight = None if weight is None else np.asarray(weight, float)
    table = Table(np.zeros((len(codes), 1)), codes, weight, groups)
    return splits_of(cv, n_members, table, Strata(codes, kept), seed)


@pytest.mark.parametrize("seed", range(5))
def test_each_class_and_all_rows_are_dealt_evenly(seed):
    codes = np.repeat([0, 1, 2, 3], [50, 23, 5, 2])
    splits = held_out(7, codes, seed=seed)
    counts = np.array([np.bincount(codes[s.held_out], minlength=4) for s in splits])
    np.testing.assert_array_equal(counts.sum(axis=0), [50, 23, 5, 2])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1
    for split in splits:
        assert not np.intersect1d(split.train, split.held_out).size
        assert len(split.train) + len(split.held_out) == 80


def test_the_only_row_of_a_class_always_trains():
    splits = held_out(None, [0] * 10 + [1] * 10 + [2])
    assert len(splits) == 4
    assert all(20 in split.train and 20 not in split.held_out for split in splits)


def test_numbers_that_come_once_are_held_out_like_others():
    splits = held_out(5, np.arange(20), kept=False)
    assert sorted(np.concatenate([split.held_out for split in splits])) == [*range(20)]


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_held_out_as_a_whole_and_evenly(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(40), rng.integers(1, 12, size=40))
    codes = (rng.random(len(groups)) < 0.3).astype(int)
    splits = held_out(4, codes, groups, seed=seed)
    for split in splits:
        assert not np.intersect1d(groups[split.train], groups[split.held_out]).size
        assert abs(len(split.held_out) - len(codes) / 4) < 12
        assert abs(codes[split.held_out].mean() - codes.mean()) < 0.1
    assert sum(len(split.held_out) for split in splits) == len(codes)


def test_the_only_group_of_a_class_always_trains():
    groups = np.repeat(np.arange(6), 4)
    codes = np.where(groups == 2, 1, 0)
    splits = held_out(None, codes, groups)
    assert all(set(np.flatnonzero(groups == 2)) <= set(split.train) for split in splits)
    assert sum(len(split.held_out) for split in splits) == 20


@pytest.mark.parametrize("seed", range(20))
def test_the_groups_of_a_rare_class_are_not_all_in_one_fold(seed):
    groups = np.repeat(np.arange(4), 100)
    codes = np.zeros(400, int)
    codes[:60] = codes[100:160] = codes[200:290] = codes[300:310] = 1
    codes[[70, 270]] = 2
    for split in held_out(2, codes, groups, seed=seed):
        assert set(codes[split.train]) == {0, 1, 2}


def test_rows_of_weight_zero_are_nowhere():
    weight = np.where(np.arange(20) % 5 == 0, 0, 1)
    splits = held_out(4, np.arange(20) % 2, weight=weight)
    seen = np.concatenate([np.concatenate([s.train, s.held_out]) for s in splits])
    assert set(seen) == set(np.flatnonzero(weight))
    present = np.flatnonzero(weight)
    without = held_out(4, (np.arange(20) % 2)[present])
    for one, other in zip(splits, without, strict=True):
        np.testing.assert_array_equal(one.held_out, present[other.held_out])


def test_fewer_rows_or_groups_than_members():
    assert len(held_out(None, [0] * 3, n_members=8)) == 3
    assert len(held_out(None, [0] * 12, np.arange(12) // 4, n_members=8)) == 3


def test_splitters_and_lists():
    codes = np.arange(20) % 2
    assert len(held_out(RepeatedKFold(n_splits=4, n_repeats=2), codes)) == 8
    splits = held_out(PredefinedSplit([-1] * 10 + [0] * 5 + [1] * 5), codes)
    np.testing.assert_array_equal(splits[1].held_out, np.arange(15, 20))
    masks = [(np.arange(20) < 15, np.arange(20) >= 15)]
    np.testing.assert_array_equal(held_out(masks, codes)[0].held_out, np.arange(15, 20))
    groups = np.arange(20) // 4
    for split in held_out(GroupKFold(5), codes, groups):
        assert len(np.unique(groups[split.held_out])) == 1


@pytest.mark.parametrize(
    ("cv", "codes", "groups", "told"),
    [
        (5, [0] * 4, None, "n_samples=4: 4 rows can be held out, and there must be at least 5"),
        (3, [0] * 8, [0] * 4 + [1] * 4, "2 groups can be held out"),
        (None, [0, 1, 2], None, "The only row of a class is always learned from"),
        (None, [0, 0, 1, 1], [0, 0, 1, 1], "0 groups can be held out"),
        ("five", [0] * 8, None, "cv='five' must be a number of folds"),
        ([([0, 1, 2], [2, 3])], [0] * 8, None, "learns from and holds out 1 rows, such as row 2"),
        ([([0, 1, 2], [])], [0] * 8, None, "3 rows of weight above 0 to learn from and 0"),
        ([(range(8), [-1])], [0] * 8, None, "numbers of rows, from 0 to 7"),
        ([([0, 1], [8])], [0] * 8, None, "numbers of rows, from 0 to 7"),
        ([([0, 1], [2.5])], [0] * 8, None, "numbers of rows"),
        ([([0, 1], [[2], [3]])], [0] * 8, None, "numbers of rows"),
        ([([True, False], [1])], [0] * 8, None, "a boolean for each row; got"),
        ([[0, 1, 2]], [0] * 8, None, "split 0 of cv must be a pair"),
        (iter([]), [0] * 8, None, "has no splits. A generator gives"),
    ],
)
def test_errors(cv, codes, groups, told):
    with pytest.raises(ValueError, match=told):
        held_out(cv, codes, groups)


def test_one_member_needs_folds_to_be_told(kind):
    with pytest.raises(ValueError, match="n_members=1 with cv=None"):
        kind.ensemble(n_members=1).fit(kind.X, kind.y)
    est = kind.ensemble(n_members=1, cv=5).fit(kind.X, kind.y)
    assert np.isnan(est.oof_prediction_.reshape(61, -1)[:, 0]).sum() == 61 - 13
