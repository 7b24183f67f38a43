"""Early stopping's split where a class has a single row: that row trains, and training goes on."""

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier
from sknnreg.estimators.base import training_plan

QUICK = {"hidden_layer_sizes": (4,), "max_iter": 3, "n_iter_no_change": None,
         "early_stopping": True, "random_state": 0}  # fmt: skip
FRACTIONS = pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9, 0.999])
# The classes' numbers of rows.
SIZES = {
    "one of three": (30, 29, 1),
    "several": (40, 1, 1, 1, 7),
    "one of two": (1, 49),
    "most": (60, *[1] * 20),
    "fewer than the split needs": (50, 2, 3),
}
ALL = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)


def data(sizes, seed=0):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    return np.random.default_rng(seed + 1).normal(size=(len(y), 3)), y


def train_rows(est, X, y, groups=None):
    est._check_settings()
    plan = est._plan((X, y, None, groups))
    return np.asarray(plan.prepared.train.x.index, int)


@ALL
@FRACTIONS
@pytest.mark.parametrize("seed", range(3))
def test_the_only_row_of_a_class_trains(sizes, fraction, seed):
    X, y = data(sizes, seed)
    est = MLPRegularizedClassifier(**{**QUICK, "random_state": seed}, validation_fraction=fraction)
    rows = train_rows(est, X, y)
    assert set(y[rows]) == set(y)
    assert 0 < len(rows) < len(y)
    est.fit(X, y)
    assert np.isfinite(est.validation_loss_curve_).all()
    assert est.classes_.tolist() == sorted(set(y))
    assert est.predict_proba(X).shape == (len(y), len(sizes))


@ALL
@FRACTIONS
@pytest.mark.parametrize("kind", [5, 1], ids=["groups of five", "of one"])
def test_and_its_group_with_it(sizes, fraction, kind):
    X, y = data(sizes)
    groups = np.arange(len(y)) // kind
    groups[np.isin(y, np.flatnonzero(np.array(sizes) == 1)[3:])] = -1
    est = MLPRegularizedClassifier(**QUICK, validation_fraction=fraction)
    rows = train_rows(est, X, y, groups)
    others = np.setdiff1d(np.arange(len(y)), rows)
    assert set(y[rows]) == set(y)
    assert len(others)
    assert not set(groups[rows]) & set(groups[others])
    assert np.isfinite(est.fit(X, y, groups=groups).validation_loss_curve_).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"class_weight": "balanced"},
        {"early_stopping_refit": "scratch"},
        {"early_stopping_refit": "continue"},
        {"early_stopping_scoring": "accuracy"},
        {"weight_averaging": "ema"},
        {"normalization": "batch"},
        {"solver": "lbfgs"},
        {"batch_sampling": "weighted", "class_weight": "balanced"},
    ],
    ids=str,
)
def test_whatever_else_is_asked_for(settings):
    X, y = data((30, 29, 1))
    names = np.array(["many", "more", "once"])[y]
    est = MLPRegularizedClassifier(**QUICK, **settings).fit(X, names)
    assert np.isfinite(est.predict_proba(X)).all()
    assert "once" in est.classes_


def test_a_row_that_is_the_only_one_of_some_weight():
    X, y = data((30, 28, 2))
    weight = np.ones(60)
    weight[np.flatnonzero(y == 2)[0]] = 0
    plan = training_plan(MLPRegularizedClassifier(**QUICK), X, y, weight)
    assert np.flatnonzero(y == 2)[1] in plan.prepared.train.x.index


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr"])
def test_a_scorer_that_needs_every_class_is_told_why_it_has_not(scoring):
    X, y = data((30, 29, 1))
    names = np.array(["many", "more", "once"])[y]
    est = MLPRegularizedClassifier(**QUICK, early_stopping_scoring=scoring)
    with pytest.raises(ValueError, match="classes") as caught:
        est.fit(X, names)
    (note,) = caught.value.__notes__
    for part in ("none of the classes ['once']", "'loss'", repr(scoring), "X_val and y_val"):
        assert part in note


def test_other_errors_of_scorers_are_left_as_they_are():
    def scorer(estimator, X, y):
        raise ValueError("no score today")

    est = MLPRegularizedClassifier(**QUICK, early_stopping_scoring=scorer)
    with pytest.raises(ValueError, match="no score today") as caught:
        est.fit(*data((30, 30)))
    assert not hasattr(caught.value, "__notes__")
