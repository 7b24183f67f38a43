"""Early stopping: who judges, what is kept, when it ends, and what is told of it."""

import numpy as np
import pytest
from sklearn.metrics import get_scorer, log_loss

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.time import monitors

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
# Steps too large for comfort: the validation loss goes up and down.
RESTLESS = {"hidden_layer_sizes": (8,), "max_iter": 40, "n_iter_no_change": None,
            "random_state": 0, "learning_rate_init": 0.3, "early_stopping": True,
            "dtype": "float64", "batch_size": 200}  # fmt: skip
SETTINGS = [{}, {"normalization": "batch"}, {"dropout": 0.3}, {"solver": "sgd"}, {"batch_size": 16}]


def data(n=80, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def validation_loss(est, X, y, weight=None):
    """Computed from predictions alone."""
    if isinstance(est, MLPRegularizedClassifier):
        return log_loss(y, est.predict_proba(X), sample_weight=weight, labels=est.classes_)
    # in the units of the network
    scale = est._targets.standardization.scale[0]
    return np.average(0.5 * np.square((est.predict(X) - y) / scale), weights=weight)


@BOTH
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_best_weights_come_back(Estimator, settings):
    X, y = data()
    X_val, y_val = data(seed=1)
    est = Estimator(**{**RESTLESS, **settings}).fit(X, y, X_val=X_val, y_val=y_val)
    curve = est.validation_loss_curve_
    assert len(curve) == len(est.loss_curve_) == est.n_iter_ == 40
    assert est.best_iteration_ == 1 + np.argmin(curve) < 40, "otherwise nothing is shown"
    np.testing.assert_allclose(validation_loss(est, X_val, y_val), min(curve), rtol=1e-9)
    assert est.validation_scores_ == [-loss for loss in curve]
    assert est.best_validation_score_ == -min(curve)
    assert est.best_loss_ is None
    assert est.stop_reason_ == "max_iter"


@BOTH
def test_the_weights_are_those_of_the_best_epoch(Estimator):
    X, y = data()
    est = Estimator(**RESTLESS).fit(X, y)
    params = {**RESTLESS, "max_iter": est.best_iteration_}
    until = Estimator(**params).fit(X, y)
    assert until.best_iteration_ == est.best_iteration_ < 40
    for a, b in zip(est.coefs_, until.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


@BOTH
@pytest.mark.parametrize("patience", [1, 3, 10])
def test_patience_is_exact(Estimator, patience):
    X, y = data()
    params = {**RESTLESS, "n_iter_no_change": patience, "tol": 0.0, "max_iter": 500}
    est = Estimator(**params).fit(X, y)
    assert est.stop_reason_ == "no_improvement"
    assert est.n_iter_ == est.best_iteration_ + patience
    curve = np.array(est.validation_loss_curve_)
    best_so_far = np.minimum.accumulate(curve)
    improved = np.flatnonzero(np.r_[True, curve[1:] < best_so_far[:-1]])
    assert np.diff(np.r_[improved, len(curve) - 1]).max() == patience


@BOTH
def test_an_improvement_below_tol_is_kept_but_does_not_count(Estimator):
    X, y = data()
    params = {**RESTLESS, "learning_rate_init": 1e-4, "n_iter_no_change": 4, "tol": 0.5}
    est = Estimator(**params).fit(X, y)
    assert est.n_iter_ == 5
    assert est.best_iteration_ == 5, "it fell all the time, if only a little"


@BOTH
def test_ones_own_validation_rows_replace_the_split(Estimator):
    X, y = data()
    X_val, y_val = data(seed=1)
    est = Estimator(**RESTLESS).fit(X, y, X_val=X_val, y_val=y_val)
    assert est.t_ == 40 * len(X), "all rows are trained on"
    split = Estimator(**RESTLESS).fit(X, y)
    assert split.t_ == 40 * (len(X) - 8)
    watched = Estimator(**{**RESTLESS, "early_stopping": False})
    watched.fit(X, y, X_val=X_val, y_val=y_val)
    assert watched.loss_curve_ == est.loss_curve_


@BOTH
def test_without_early_stopping_validation_rows_only_fill_the_curve(Estimator):
    X, y = data()
    X_val, y_val = data(seed=1)
    params = {**RESTLESS, "early_stopping": False}
    plain = Estimator(**params).fit(X, y)
    watched = Estimator(**params).fit(X, y, X_val=X_val, y_val=y_val)
    assert plain.validation_loss_curve_ is None
    assert len(watched.validation_loss_curve_) == 40
    np.testing.assert_allclose(
        validation_loss(watched, X_val, y_val), watched.validation_loss_curve_[-1], rtol=1e-9
    )
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])
    for est in (plain, watched):
        assert est.validation_scores_ is est.best_validation_score_ is None
        assert est.best_loss_ == min(est.loss_curve_)
        assert est.loss_ == est.loss_curve_[-1]


@BOTH
def test_without_early_stopping_the_training_loss_decides_whatever_is_watched(Estimator):
    X, y = data()
    X_val, y_val = data(seed=1)
    params = {**RESTLESS, "early_stopping": False, "n_iter_no_change": 5, "tol": 1e-3,
              "max_iter": 400}  # fmt: skip
    plain = Estimator(**params).fit(X, y)
    watched = Estimator(**params).fit(X, y, X_val=X_val, y_val=y_val)
    assert watched.n_iter_ == plain.n_iter_
    assert watched.best_iteration_ == plain.best_iteration_
    np.testing.assert_array_equal(plain.coefs_[0], watched.coefs_[0])


@BOTH
def test_validation_weights_count(Estimator):
    X, y = data()
    X_val, y_val = data(seed=1)
    weight = np.random.default_rng(2).random(len(X_val))
    est = Estimator(**RESTLESS).fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    plain = Estimator(**RESTLESS).fit(X, y, X_val=X_val, y_val=y_val)
    assert est.loss_curve_ == plain.loss_curve_
    assert est.validation_loss_curve_ != plain.validation_loss_curve_
    np.testing.assert_allclose(
        validation_loss(est, X_val, y_val, weight), min(est.validation_loss_curve_), rtol=1e-9
    )


def test_class_weights_count_in_the_validation_loss():
    X, y = data()
    X_val, y_val = data(seed=1)
    table = {0: 1.0, 1: 7.0}
    est = MLPRegularizedClassifier(**RESTLESS, class_weight=table)
    est.fit(X, y, X_val=X_val, y_val=y_val)
    weight = np.where(y_val == 1, 7.0, 1.0)
    np.testing.assert_allclose(
        validation_loss(est, X_val, y_val, weight), min(est.validation_loss_curve_), rtol=1e-9
    )


def test_balanced_class_weights_in_the_validation_loss_are_the_training_parts():
    X, y = data()
    X_val = data(seed=1)[0]
    y_val = np.arange(len(X_val)) % 10 == 0
    est = MLPRegularizedClassifier(**RESTLESS, class_weight="balanced")
    est.fit(X, y, X_val=X_val, y_val=y_val.astype(int))
    weight = (len(y) / (2 * np.bincount(y)))[y_val.astype(int)]
    np.testing.assert_allclose(
        validation_loss(est, X_val, y_val, weight), min(est.validation_loss_curve_), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("Estimator", "name"),
    [(MLPRegularizedClassifier, "balanced_accuracy"), (MLPRegularizedClassifier, "roc_auc"),
     (MLPRegularizedClassifier, "neg_log_loss"), (MLPRegularizedRegressor, "r2"),
     (MLPRegularizedRegressor, "neg_mean_absolute_error")],
)  # fmt: skip
@pytest.mark.parametrize("as_callable", [False, True])
def test_a_scorer_decides(Estimator, name, as_callable):
    X, y = data()
    X_val, y_val = data(seed=1)
    scorer = get_scorer(name)
    est = Estimator(**RESTLESS, early_stopping_scoring=scorer if as_callable else name)
    est.fit(X, y, X_val=X_val, y_val=y_val)
    scores = est.validation_scores_
    assert len(scores) == len(est.validation_loss_curve_) == 40
    assert est.best_iteration_ == 1 + np.argmax(scores)
    assert est.best_validation_score_ == max(scores)
    np.testing.assert_allclose(scorer(est, X_val, y_val), max(scores), rtol=1e-12)


def test_a_scorer_sees_string_labels_and_weights():
    X, y = data()
    X_val, y_val = data(seed=1)
    labels = np.array(["no", "yes"])
    seen = []

    def score(estimator, X, y, sample_weight=None):
        seen.append((set(y), sample_weight))
        return estimator.score(X, y, sample_weight=sample_weight)

    weight = np.arange(1.0, 1 + len(X_val))
    est = MLPRegularizedClassifier(**RESTLESS, early_stopping_scoring=score)
    est.fit(X, labels[y], X_val=X_val, y_val=labels[y_val], sample_weight_val=weight)
    assert len(seen) == 40
    assert all(classes == {"no", "yes"} for classes, _ in seen)
    for _, given in seen:
        np.testing.assert_array_equal(given, weight)


@BOTH
def test_what_a_scorer_raises_reaches_the_caller(Estimator):
    def score(estimator, X, y):
        raise KeyError("no score today")

    with pytest.raises(KeyError, match="no score today"):
        Estimator(**RESTLESS, early_stopping_scoring=score).fit(*data())


@BOTH
def test_validation_rows_do_not_influence_the_standardization(Estimator):
    # One row per row number; the split-off ones are found by the rows that a scorer sees.
    X, y = data()
    seen = []

    def spy(estimator, X, y):
        seen.append(X)
        return 0.0

    params = {**RESTLESS, "max_iter": 1, "random_state": 3}
    Estimator(**params, early_stopping_scoring=spy).fit(X, y)
    held_out = (X[:, None] == seen[0][None]).all(axis=2).any(axis=1)
    assert held_out.sum() == 8
    wild = X.copy()
    wild[held_out] *= 1e6
    a, b = Estimator(**params).fit(X, y), Estimator(**params).fit(wild, y)
    assert a.loss_curve_ == b.loss_curve_
    for left, right in zip(a.coefs_, b.coefs_, strict=True):
        np.testing.assert_array_equal(left, right)


@BOTH
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_max_time_stops_at_the_next_epochs_end(Estimator, solver, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(monitors.time, "monotonic", lambda: next(clock))
    params = {**RESTLESS, "early_stopping": False, "solver": solver}
    est = Estimator(**params, max_time=4.5).fit(*data())
    assert est.stop_reason_ == "max_time"
    # The clock is read once at the start and once an epoch: 5 > 4.5 seconds at the fifth.
    assert est.n_iter_ == len(est.loss_curve_) == 5


@BOTH
def test_curves_are_as_long_as_training_and_the_numbers_agree(Estimator):
    X, y = data()
    est = Estimator(**{**RESTLESS, "batch_size": 30}).fit(X, y)
    for curve in (est.loss_curve_, est.validation_loss_curve_, est.learning_rate_curve_):
        assert len(curve) == est.n_iter_ == 40
        assert all(isinstance(value, float) for value in curve)
    assert est.loss_ == est.loss_curve_[-1]
    assert est.t_ == 40 * 72
    assert set(est.learning_rate_curve_) == {0.3}


@BOTH
@pytest.mark.parametrize("own", [False, True])
def test_validation_rows_are_copied_for_a_scorer_only(Estimator, own):
    X, y = data()
    rows = (X[:20], y[:20], None) if own else (None, None, None)
    score = "accuracy" if Estimator is MLPRegularizedClassifier else "r2"
    held_out = {}
    for scoring in ("loss", score):
        est = Estimator(early_stopping=True, early_stopping_scoring=scoring, random_state=0)
        prepared = est._plan((X, y, None), rows).prepared
        assert len(prepared.validation) == (20 if own else 8)
        held_out[scoring] = prepared.held_out
    assert own or held_out["loss"] is None
    assert len(held_out[score].X) == len(held_out[score].y) == (20 if own else 8)
    without = Estimator(early_stopping=False)._plan((X, y, None)).prepared
    assert without.held_out is without.validation is None
