"""Members are single fits, bit for bit; what is said of a row comes from who has not seen it."""

import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit

SETTINGS = {
    "plain": {},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 40},
    "batch normalization and dropout": {"normalization": "batch", "dropout": 0.2},
    "lbfgs": {"solver": "lbfgs", "max_iter": 4},
    "snapshots": {"learning_rate": "cosine_restarts", "learning_rate_period": 4, "n_snapshots": 2},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", SETTINGS)
def test_one_pass_equals_single_fits_bit_for_bit(kind, name, by_hand, same_network):
    est = kind.ensemble(kind.network(**SETTINGS[name])).fit(kind.X, kind.y)
    assert len(est.members_) == 4
    for member, held_out in zip(est.members_, est.held_out_rows_, strict=True):
        alone = by_hand(member, kind.X, kind.y, held_out)
        same_network(member, alone)
        np.testing.assert_array_equal(
            est.oof_prediction_[held_out], kind.outputs(alone, kind.X[held_out])
        )


def test_members_without_folds_differ_in_their_seeds_alone(kind, same_network):
    est = kind.ensemble(validation=None).fit(kind.X, kind.y)
    for member in est.members_:
        same = clone(member).fit(kind.X, kind.y)
        np.testing.assert_array_equal(same.coefs_[0], member.coefs_[0])
    assert len({member.random_state for member in est.members_}) == 4
    assert est.oof_prediction_ is est.oof_score_ is est.held_out_rows_ is None


def test_all_rows_are_held_out_once(kind):
    est = kind.ensemble().fit(kind.X, kind.y)
    held_out = np.concatenate(est.held_out_rows_)
    np.testing.assert_array_equal(np.sort(held_out), np.arange(len(kind.X)))
    assert {len(each) for each in est.held_out_rows_} == {15, 16}


def test_a_rows_own_label_does_not_reach_its_out_of_fold_prediction(kind):
    """Without validation rows to choose by, and in folds that do not know the label either."""
    row, splits = 7, [(np.delete(np.arange(61), [6, 7]), [6, 7])]
    other = kind.y.copy()
    other[row] = kind.y[kind.y != kind.y[row]][0]
    one, two = (kind.ensemble(cv=splits).fit(kind.X, y) for y in (kind.y, other))
    np.testing.assert_array_equal(one.oof_prediction_[[6, 7]], two.oof_prediction_[[6, 7]])
    assert not np.array_equal(
        kind.ensemble(validation=None).fit(kind.X, kind.y).members_[0].coefs_[0],
        kind.ensemble(validation=None).fit(kind.X, other).members_[0].coefs_[0],
    )


def test_several_members_of_a_fold_are_averaged(kind):
    est = kind.ensemble(n_members=5, cv=2).fit(kind.X, kind.y)
    assert est.held_out_rows_[0] is est.held_out_rows_[4]
    rows = est.held_out_rows_[0]
    mean = np.mean([kind.outputs(est.members_[m], kind.X[rows]) for m in (0, 2, 4)], axis=0)
    np.testing.assert_allclose(est.oof_prediction_[rows], mean, rtol=1e-12)


def test_rows_that_no_member_holds_out_have_no_prediction(kind):
    splitter = ShuffleSplit(2, test_size=0.2, random_state=0)
    est = kind.ensemble(n_members=2, cv=splitter).fit(kind.X, kind.y)
    held_out = np.union1d(*est.held_out_rows_)
    known = ~np.isnan(est.oof_prediction_.reshape(61, -1)).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(known), held_out)
    assert np.isfinite(est.oof_score_)


def test_the_score_is_that_of_the_out_of_fold_predictions(kind):
    est = kind.ensemble().fit(kind.X, kind.y, kind.weight)

    class Foretold(kind.Ensemble):
        def predict(self, X):
            if kind.name == "regressor":
                return est.oof_prediction_
            return est.classes_[est.oof_prediction_.argmax(axis=1)]

    expected = Foretold().score(kind.X, kind.y, sample_weight=kind.weight)
    assert est.oof_score_ == expected
    assert est.oof_score_ != Foretold().score(kind.X, kind.y)


def test_seeds(kind):
    same = [kind.ensemble().fit(kind.X, kind.y) for _ in range(2)]
    np.testing.assert_array_equal(*(each.oof_prediction_ for each in same))
    other = kind.ensemble(random_state=1).fit(kind.X, kind.y)
    assert not np.array_equal(other.held_out_rows_[0], same[0].held_out_rows_[0])
    shared = np.random.RandomState(0)
    first, second = (kind.ensemble(random_state=shared).fit(kind.X, kind.y) for _ in range(2))
    assert first.members_[0].random_state != second.members_[0].random_state
    more = kind.ensemble(n_members=6).fit(kind.X, kind.y)
    seeds = [[member.random_state for member in est.members_] for est in (same[0], more)]
    assert seeds[0] == seeds[1][:4]


def test_the_estimator_given_is_left_alone(kind):
    network = kind.network(random_state=3)
    before = vars(network).copy()
    kind.ensemble(network).fit(kind.X, kind.y)
    assert vars(network) == before


def test_pickles_hold_neither_data_nor_what_training_takes(kind):
    X = np.random.default_rng(0).normal(size=(2000, 40))
    y = X[:, 0] if kind.name == "regressor" else np.where(X[:, 0] > 0, "a", "b")
    est = kind.ensemble(kind.network(max_iter=2)).fit(X, y)
    pickled = pickle.dumps(est)
    parameters = sum(coef.size for member in est.members_ for coef in member.coefs_) * 8
    per_row = est.oof_prediction_.nbytes + 8 * 2000
    assert len(pickled) < 2 * parameters + per_row + 4 * 5000 < X.nbytes / 4
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(kind.outputs(again, X), kind.outputs(est, X))


def test_predictions_take_bounded_memory(numbers):
    X = np.random.default_rng(0).normal(size=(200_000, 3))
    est = numbers.ensemble(numbers.network(hidden_layer_sizes=(64,))).fit(numbers.X, numbers.y)
    tracemalloc.start()
    est.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # All hidden signals of all members at once would be 410 MB.
    assert peak < 60e6
