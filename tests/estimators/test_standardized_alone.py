"""Inputs or targets standardized alone: as if the other had come so."""

import re

import numpy as np
import pytest
from scipy import sparse

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.estimators.base import training_plan

BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])
ALONE = pytest.mark.parametrize("alone", ["X", "y"])
# float64 in full batches: what comes scaled by hand differs by rounding alone.
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 15, "n_iter_no_change": None, "random_state": 0,
         "batch_size": 1000, "dtype": "float64", "learning_rate_init": 0.02}  # fmt: skip
SETTINGS = [
    {},
    {"l2": 0.1, "weight_decay": 0.01},
    {"loss": "huber", "huber_delta": 0.7},
    {"input_noise": 0.3, "mixup": 0.2},
    {"normalization": "batch"},
    {"normalization": "layer", "hidden_layer_sizes": (6, 4)},
    {"solver": "lbfgs"},
    {"n_snapshots": 2, "learning_rate": "cyclic", "learning_rate_period": 5},
]


def data(n_outputs=1, n=60):
    rng = np.random.default_rng(0)
    X = np.array([3.0, -20.0, 0.1]) + np.array([2.0, 5.0, 0.3]) * rng.normal(size=(n, 3))
    Z = X @ rng.normal(size=(3, 2)) + 0.1 * rng.normal(size=(n, 2))
    y = np.array([7.0, -2.0]) + np.array([3.0, 0.2]) * Z
    return X, y[:, 0] if n_outputs == 1 else y, rng.uniform(0.1, 3, n)


def moments(values, weight):
    mean = np.average(values, axis=0, weights=weight)
    return mean, np.sqrt(np.average(np.square(values - mean), axis=0, weights=weight))


@ALONE
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_as_what_was_standardized_by_hand(alone, n_outputs, weighted, settings):
    X, y, weight = data(n_outputs)
    weight = weight if weighted else None
    est = MLPRegularizedRegressor(**{**QUICK, **settings}, standardize=alone)
    est.fit(X, y, sample_weight=weight)
    by_hand = MLPRegularizedRegressor(**{**QUICK, **settings}, standardize=False)
    mean, std = moments(X if alone == "X" else y, weight)
    if alone == "X":
        expected = by_hand.fit((X - mean) / std, y, weight).predict((X - mean) / std)
    else:
        expected = by_hand.fit(X, (y - mean) / std, weight).predict(X) * std + mean
    np.testing.assert_allclose(est.predict(X), expected, rtol=1e-6, atol=1e-8)


@ALONE
def test_weights_are_exported_for_the_units_of_the_data(alone):
    X, y, _ = data()
    est = MLPRegularizedRegressor(**{**QUICK, "hidden_layer_sizes": ()}, standardize=alone)
    est.fit(X, y)
    np.testing.assert_allclose(
        est.predict(X), (X @ est.coefs_[0] + est.intercepts_[0])[:, 0], rtol=1e-12
    )


def test_counts_are_divided_by_their_mean_alone():
    rng = np.random.default_rng(0)
    X = 5 + rng.normal(size=(80, 2))
    y = rng.poisson(30 * np.exp(0.3 * (X[:, 0] - 5)))
    settings = {**QUICK, "loss": "poisson"}
    est = MLPRegularizedRegressor(**settings, standardize="y").fit(X, y)
    by_hand = MLPRegularizedRegressor(**settings, standardize=False).fit(X, y / y.mean())
    np.testing.assert_allclose(est.predict(X), by_hand.predict(X) * y.mean(), rtol=1e-8)


def test_targets_far_from_zero_are_learned_from_inputs_as_they_are():
    X = np.random.default_rng(0).normal(size=(200, 1))
    y = 1000 + 100 * X[:, 0]
    error = {}
    for given in ("y", False):
        est = MLPRegularizedRegressor(
            (20,), standardize=given, max_iter=100, n_iter_no_change=None, random_state=0
        ).fit(X, y)
        error[given] = np.sqrt(np.mean(np.square(est.predict(X) - y))) / y.std()
    assert error["y"] < 0.1
    assert error[False] > 1


@pytest.mark.parametrize("number", [0, 1])
def test_true_and_false_are_both_or_none(number):
    X, y, _ = data()
    plan = training_plan(MLPRegularizedRegressor(standardize=np.bool_(number)), X, y).prepared
    for each in (plan.inputs, plan.targets.standardization):
        assert (each.scale is None) is (number == 0)


class TestClassifier:
    def test_inputs_are_all_there_is(self, assert_same_training, assert_same_weights):
        X, y, _ = data()
        both, alone = (
            MLPRegularizedClassifier(**QUICK, standardize=given).fit(X, y > y.mean())
            for given in (True, "X")
        )
        assert_same_training(both, alone)
        assert_same_weights(both, alone)

    def test_classes_have_no_scale(self):
        X, y, _ = data()
        est = MLPRegularizedClassifier(standardize="y")
        with pytest.raises(ValueError, match=r"standardize='y'.*Use standardize=False.*or True"):
            est.fit(X, y > y.mean())


@ALONE
class TestWhereElseItIsRead:
    def test_an_augmentation_sees_raw_rows(self, alone):
        X, y, _ = data()
        seen = []

        def augmentation(x, labels, rng):
            seen.append((x.copy(), labels.copy()))
            return x, labels

        settings = {**QUICK, "shuffle": False, "max_iter": 2, "standardize": alone}
        est = MLPRegularizedRegressor(**settings, augmentation=augmentation).fit(X, y)
        for x, labels in seen:
            np.testing.assert_allclose(x, X)
            np.testing.assert_allclose(labels, y)
        plain = MLPRegularizedRegressor(**settings).fit(X, y)
        np.testing.assert_allclose(est.predict(X), plain.predict(X), rtol=1e-10)

    def test_going_on_keeps_the_scales_of_the_first_call(self, alone):
        X, y, _ = data()
        half = MLPRegularizedRegressor(**{**QUICK, "max_iter": 7}, standardize=alone)
        half.set_params(warm_start=True).fit(X, y).set_params(max_iter=8, standardize=True)
        whole = MLPRegularizedRegressor(**QUICK, standardize=alone).fit(X, y)
        np.testing.assert_array_equal(half.fit(X, y).predict(X), whole.predict(X))
        pieces = MLPRegularizedRegressor(**QUICK, standardize=alone)
        for _ in range(15):
            pieces.partial_fit(X, y)
        np.testing.assert_array_equal(pieces.predict(X), whole.predict(X))
        before = pieces._continuation
        after = pieces.partial_fit(10 * X, 10 * y)._continuation
        assert after.inputs == before.inputs
        assert after.targets.standardization == before.targets.standardization

    @pytest.mark.parametrize("refit", [None, "scratch", "continue"])
    def test_validation_rows_have_the_same_scales(self, alone, refit):
        X, y, _ = data()
        settings = {**QUICK, "early_stopping": True, "early_stopping_refit": refit}
        est = MLPRegularizedRegressor(**settings, standardize=alone).fit(X, y)
        rows = slice(None)
        plan = training_plan(MLPRegularizedRegressor(**settings, standardize=alone), X, y)
        train, held_out = plan.prepared.train, plan.prepared.validation
        values = (held_out.x, held_out.y)[alone == "y"]
        standardized = values.read(rows, np.empty((len(values), values.width)))
        mean, std = moments((X, y[:, None])[alone == "y"][_kept(train)], None)
        raw = (X, y[:, None])[alone == "y"][_kept(held_out)]
        np.testing.assert_allclose(standardized, (raw - mean) / std, rtol=1e-10)
        assert np.isfinite(est.predict(X)).all()

    def test_sparse_inputs_and_mapped_ones(self, alone, tmp_path):
        X, y, _ = data()
        X[X < 0] = 0
        mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=X.shape)
        mapped[...] = X
        est = MLPRegularizedRegressor(**QUICK, standardize=alone)
        expected = est.fit(X, y).predict(X)
        np.testing.assert_allclose(est.fit(mapped, y).predict(mapped), expected, rtol=1e-12)
        plan = training_plan(est, sparse.csr_array(X), y).prepared
        assert (plan.inputs.scale is None) is (alone == "y")
        assert plan.inputs.offset is None
        found = est.fit(sparse.csr_array(X), y).predict(sparse.csr_array(X))
        if alone == "y":
            np.testing.assert_allclose(found, expected, rtol=1e-9)


def _kept(data_set):
    """The numbers of its rows."""
    return np.asarray(data_set.x.index, int)


@pytest.mark.parametrize(("name", "way_out"), [("X", "standardize=False, or 'y'"),
                                               ("y", "standardize='X'")])  # fmt: skip
def test_numbers_that_cannot_be_standardized_name_the_way_out(name, way_out):
    X, y, _ = data()
    X, y = (1e300 * X, y) if name == "X" else (X, 1e300 * y)
    with pytest.raises(ValueError, match=rf"column 0 of {name} is too large.*{re.escape(way_out)}"):
        MLPRegularizedRegressor(**QUICK).fit(X, y)
    other = {"X": "y", "y": "X"}[name]
    assert training_plan(MLPRegularizedRegressor(**QUICK, standardize=other), X, y)


@BOTH
@pytest.mark.parametrize("given", [True, "X", "y", False])
def test_a_divergence_tells_of_what_is_not_standardized(Estimator, given):
    X, y, _ = data()
    classifies = Estimator is MLPRegularizedClassifier
    if classifies and given == "y":
        return
    est = Estimator((5,), solver="sgd", learning_rate_init=1e250, standardize=given)
    with pytest.raises(ValueError, match="diverged") as caught:
        est.fit(X, (y > y.mean()) if classifies else y)
    everything = given is True or (classifies and given == "X")
    assert ("standardize=True" in str(caught.value)) is not everything
