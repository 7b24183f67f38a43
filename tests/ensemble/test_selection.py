"""Candidates drawn, fitted on all folds in one pass, and picked greedily."""

from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.metrics import log_loss

from sknnreg.ensemble.selection import greedy_counts


def squared(y):
    return lambda prediction: float(np.square(prediction - y).mean())


def test_two_that_err_apart_beat_the_best():
    y = np.zeros((2, 1))
    predictions = np.array([[[1.0], [1.0]], [[3.0], [-3.0]], [[-3.0], [3.0]]])
    counts, alone = greedy_counts(predictions, 3, squared(y))
    np.testing.assert_allclose(alone, [1, 9, 9])
    np.testing.assert_array_equal(counts, [3, 0, 0])
    counts, _ = greedy_counts(predictions[1:], 4, squared(y))
    np.testing.assert_array_equal(counts, [2, 2])


@pytest.mark.parametrize("seed", range(5))
def test_each_pick_is_the_best_there_is(seed):
    rng = np.random.default_rng(seed)
    predictions, y = rng.normal(size=(4, 9, 2)), rng.normal(size=(9, 2))
    loss, picks = squared(y), []
    for n in range(1, 5):
        counts, _ = greedy_counts(predictions, n, loss)
        tried = [loss(predictions[[*picks, c]].mean(axis=0)) for c in range(4)]
        picks.append(int(np.argmin(tried)))
        np.testing.assert_array_equal(counts, np.bincount(picks, minlength=4))
    # Two picks are near the best pair, which begins with another single one at times.
    best = min(
        loss(predictions[[*p]].mean(axis=0)) for p in combinations_with_replacement(range(4), 2)
    )
    assert loss(predictions[picks[:2]].mean(axis=0)) >= best - 1e-15


def test_all_of_a_few_combinations_without_a_warning(kind):
    given = {"dropout": [0.0, 0.1], "l2": [0.0, 1.0]}
    est = kind.ensemble(n_members=2, param_distributions=given).fit(kind.X, kind.y)
    assert est.n_candidates == 24
    assert sorted((each["dropout"], each["l2"]) for each in est.candidates_) == [
        *product(*given.values())
    ]


def test_members_are_the_picked_candidates_networks(kind, by_hand, same_network):
    drawn = {"l2": loguniform(1e-3, 1e2), "learning_rate_init": [1e-4, 0.03]}
    est = kind.ensemble(param_distributions=drawn, n_candidates=5, n_members=4, cv=3)
    est.fit(kind.X, kind.y)
    assert len(est.candidates_) == len(est.candidate_losses_) == 5
    assert len(est.members_) % 3 == 0
    np.testing.assert_allclose(est.weights_.sum(), 1)
    np.testing.assert_allclose(est.weights_ * 12 % 1, 0, atol=1e-12)
    chosen = {member.l2 for member in est.members_}
    assert chosen <= {each["l2"] for each in est.candidates_}
    assert est.candidates_[int(np.argmin(est.candidate_losses_))]["l2"] in chosen
    for member, held_out in zip(est.members_, est.held_out_rows_, strict=True):
        same_network(member, by_hand(member, kind.X, kind.y, held_out))


def test_out_of_fold_predictions_are_those_of_the_picked(kind):
    drawn = {"l2": [0.0, 0.3, 100.0], "learning_rate_init": [1e-4, 0.03]}
    est = kind.ensemble(param_distributions=drawn, n_candidates=4, cv=3).fit(kind.X, kind.y)
    expected = np.zeros_like(est.oof_prediction_)
    parts = zip(est.weights_, est.members_, est.held_out_rows_, strict=True)
    for weight, member, rows in parts:
        expected[rows] += 3 * weight * kind.outputs(member, kind.X[rows])
    np.testing.assert_allclose(est.oof_prediction_, expected, rtol=1e-10)


def test_the_losses(kind):
    est = kind.ensemble(param_distributions={"l2": [0.1]}, n_candidates=1)
    est.fit(kind.X, kind.y, kind.weight)
    if kind.name == "classifier":
        expected = log_loss(kind.y, est.oof_prediction_, sample_weight=kind.weight)
    else:
        error = np.square(est.oof_prediction_ - kind.y)
        expected = np.average(error, weights=kind.weight) / np.var(kind.y)
    np.testing.assert_allclose(est.candidate_losses_, [expected], rtol=1e-10)


def test_the_loss_of_several_labels(classes):
    y = np.column_stack([classes.X[:, 0] > 0, classes.X[:, 1] > 0.5]).astype(int)
    est = classes.ensemble(param_distributions={"l2": [0.1]}, n_candidates=1).fit(classes.X, y)
    p = est.oof_prediction_
    expected = -np.where(y == 1, np.log(p), np.log(1 - p)).sum(axis=1).mean()
    np.testing.assert_allclose(est.candidate_losses_, [expected], rtol=1e-10)
