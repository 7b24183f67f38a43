"""temperature="validation": where the validation loss is least, and nowhere else."""

import numpy as np
import pytest
from scipy import special
from sklearn.base import clone

from sknnreg import MLPRegularizedClassifier
from sknnreg.estimators.fitted.held_out import HOTTEST

QUICK = {"hidden_layer_sizes": (10,), "max_iter": 60, "n_iter_no_change": None,
         "learning_rate_init": 0.03, "random_state": 0}  # fmt: skip
KINDS = pytest.mark.parametrize("kind", ["two", "three", "several"])


def data(kind, n=150, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    noisy = X[:, :2] + rng.normal(size=(n, 2))
    if kind == "several":
        return X, (noisy > 0).astype(int)
    return X, np.digitize(noisy[:, 0], [0.0] if kind == "two" else [-0.5, 0.5])


def fit(kind, temperature="validation", n_val=100, weight=None, y_val=None, **settings):
    X_val, drawn = data(kind, n_val, seed=1)
    y_val = drawn if y_val is None else y_val
    est = MLPRegularizedClassifier(**QUICK, **settings, temperature=temperature)
    return est.fit(*data(kind), X_val=X_val, y_val=y_val, sample_weight_val=weight)


def logits(est, X):
    """Those of the softmax, or of each label by itself."""
    p = est.predict_proba(X)
    return np.log(p / (1 - p)) if p.ndim == 2 and est._each_label else np.log(p)


def loss(est, X, y, weight=None, times=1.0):
    """The log loss if raw outputs were so many times as large."""
    z = times * logits(est, X)
    if est._each_label:
        each = -special.log_expit(np.where(y == 1, z, -z)).sum(axis=1)
    else:
        each = -np.take_along_axis(special.log_softmax(z, axis=1), y[:, None], axis=1)[:, 0]
    return np.average(each, weights=weight)


def slope(est, X, y, weight=None):
    step = 1e-4
    return (
        loss(est, X, y, weight, 1 + step) - loss(est, X, y, weight, 1 - step)
    ) / (2 * step)  # fmt: skip


@KINDS
@pytest.mark.parametrize("weighted", [False, True])
def test_the_validation_loss_has_no_slope(kind, weighted):
    X, y = data(kind, 100, seed=1)
    weight = np.random.default_rng(3).uniform(0.1, 5, 100) if weighted else None
    est, plain = (fit(kind, each, weight=weight) for each in ("validation", None))
    assert abs(slope(est, X, y, weight)) < 1e-7
    assert abs(slope(plain, X, y, weight)) > 1e-2
    assert plain.temperature_ is None
    # A network that has learned 150 noisy rows by heart is too sure.
    assert est.temperature_ > 1.2


def test_classes_weigh_as_in_the_validation_loss():
    X, y = data("two", 100, seed=1)
    est = fit("two", class_weight={0: 5.0})
    assert abs(slope(est, X, y, np.where(y == 0, 5.0, 1.0))) < 1e-7
    assert abs(slope(est, X, y)) > 1e-3


@KINDS
def test_only_the_last_layer_differs(kind):
    X, _ = data(kind, 500, seed=2)
    est, plain = (fit(kind, each) for each in ("validation", None))
    np.testing.assert_array_equal(est.predict(X), plain.predict(X))
    assert est.loss_curve_ == plain.loss_curve_
    assert est.validation_loss_curve_ == plain.validation_loss_curve_
    np.testing.assert_array_equal(est.coefs_[0], plain.coefs_[0])
    np.testing.assert_allclose(est.coefs_[1] * est.temperature_, plain.coefs_[1], rtol=1e-14)
    p = plain.predict_proba(X)
    powers = p ** (1 / est.temperature_)
    rest = (1 - p) ** (1 / est.temperature_) if kind == "several" else 0
    total = powers + rest if kind == "several" else powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(est.predict_proba(X), powers / total, rtol=1e-9)


@KINDS
@pytest.mark.parametrize("planted", [0.5, 3.0])
def test_a_planted_scale_is_found(kind, planted):
    """Labels drawn from the probabilities that the network has at this temperature."""
    n, rng = 20_000, np.random.default_rng(5)
    X, _ = data(kind, n, seed=1)
    plain = fit(kind, None)
    z = logits(plain, X) / planted
    if kind == "several":
        y_val = (rng.uniform(size=z.shape) < special.expit(z)).astype(int)
    else:
        y_val = (special.softmax(z, axis=1).cumsum(axis=1) < rng.uniform(size=(n, 1))).sum(axis=1)
    found = fit(kind, n_val=n, y_val=y_val).temperature_
    np.testing.assert_allclose(found, planted, rtol=0.06)


def test_draws_are_as_sure_as_predictions():
    X, _ = data("three", 500, seed=2)
    est, plain = (fit("three", each, dropout=0.25) for each in ("validation", None))
    found = est.sample_predictions(X, 5, random_state=0)
    powers = plain.sample_predictions(X, 5, random_state=0) ** (1 / est.temperature_)
    np.testing.assert_allclose(found, powers / powers.sum(axis=2, keepdims=True), rtol=1e-9)


def test_where_all_rows_are_right_they_do_not_tell():
    X, _ = data("three", 100, seed=1)
    est = fit("three", y_val=fit("three", None).predict(X))
    assert est.temperature_ == 1.0


def test_where_the_network_is_worse_than_none_it_says_next_to_nothing():
    X, _ = data("two", 100, seed=1)
    est = fit("two", y_val=1 - fit("two", None).predict(X))
    assert est.temperature_ == HOTTEST
    assert np.abs(est.predict_proba(X) - 0.5).max() < 0.05


def test_one_class():
    X, _ = data("two")
    est = MLPRegularizedClassifier(**QUICK, temperature="validation")
    est.fit(X, np.ones(150, int), X_val=X, y_val=np.ones(150, int))
    assert est.temperature_ > 0
    np.testing.assert_array_equal(est.predict_proba(X), 1)


@pytest.mark.parametrize("refit", ["scratch", "continue"])
def test_a_refit_has_the_temperature_from_before_it(refit):
    X, y = data("three", 400)
    settings = {**QUICK, "early_stopping": True, "temperature": "validation"}
    before = MLPRegularizedClassifier(**settings).fit(X, y)
    after = MLPRegularizedClassifier(**settings, early_stopping_refit=refit).fit(X, y)
    assert after.temperature_ == before.temperature_ != 1
    unscaled = clone(after).set_params(temperature=None).fit(X, y)
    np.testing.assert_allclose(after.coefs_[-1] * after.temperature_, unscaled.coefs_[-1])


def test_going_on_divides_anew():
    X, y = data("three")
    X_val, y_val = data("three", 100, seed=1)
    est = MLPRegularizedClassifier(**QUICK, temperature="validation")
    plain = MLPRegularizedClassifier(**QUICK)
    for _ in range(3):
        for each in (est, plain):
            each.partial_fit(X, y, X_val=X_val, y_val=y_val)
        np.testing.assert_allclose(est.coefs_[-1] * est.temperature_, plain.coefs_[-1])


def test_without_validation_rows_it_is_an_error_before_training():
    est = MLPRegularizedClassifier(**QUICK, temperature="validation")
    with pytest.raises(ValueError, match=r"temperature='validation'.*early_stopping=True.*X_val"):
        est.fit(*data("two"))
    assert not hasattr(est, "coefs_")


def test_several_snapshots_have_no_one_last_layer():
    est = MLPRegularizedClassifier(
        **QUICK, temperature="validation", early_stopping=True, n_snapshots=2,
        learning_rate="cosine_restarts",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"temperature='validation'.*n_snapshots=2"):
        est.fit(*data("two"))
