"""Draws of a fitted network against all masks there are, and against the closed form."""

import itertools

import numpy as np
import pytest
from scipy import sparse

from sknnreg.engine.places.signal.activations import SELU_ALPHA, SELU_SCALE
from sknnreg.estimators.fitted import samples

N = 5_000


def masks(n, keep):
    """All 2^n masks and their probabilities."""
    every = np.array(list(itertools.product([0.0, 1.0], repeat=n)))
    return every, np.prod(np.where(every > 0, keep, 1 - keep), axis=1)


def assert_moments(drawn, outcomes, shares):
    """Mean and variance of draws are those of all outcomes, within five standard errors."""
    mean = shares @ outcomes
    away = outcomes - mean
    variance, fourth = shares @ away**2, shares @ away**4
    error = 5 / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - mean) <= error * np.sqrt(variance)).all()
    spread = np.sqrt(np.maximum(fourth - variance**2, 0))
    assert (np.abs(drawn.var(axis=0) - variance) <= error * spread + 1e-12).all()


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("scaling", ["train", "predict"])
def test_all_masks_of_inputs_and_units(regressor, standardize, scaling):
    keep, X = 0.75, regressor.X
    est = regressor.fit(dropout=1 - keep, input_dropout=1 - keep, standardize=standardize,
                        dropout_scaling=scaling)  # fmt: skip
    some = X[:6]
    drawn = est.sample_predictions(some, N, random_state=0)
    # A dropped input is 0 where the network sees it: the mean, if inputs are standardized.
    zero = X.mean(axis=0) if standardize else np.zeros(3)
    # Where predictions multiply by 0.75, coefs_ hold that too.
    size = 1 / keep
    inputs, of_inputs = masks(3, keep)
    units, of_units = masks(4, keep)
    outcomes = []
    for mask in inputs:
        x = zero + size * mask * (some - zero)
        hidden = np.maximum(x @ est.coefs_[0] + est.intercepts_[0], 0)
        for kept in units:
            outcomes.append((hidden * kept * size) @ est.coefs_[1] + est.intercepts_[1])
    shares = np.outer(of_inputs, of_units).ravel()
    assert_moments(drawn, np.array(outcomes)[..., 0], shares)


def test_all_masks_of_weights(regressor):
    keep = 0.75
    est = regressor.fit(hidden_layer_sizes=(2,), drop_connect=1 - keep, standardize=False)
    some = regressor.X[:6]
    drawn = est.sample_predictions(some, N, random_state=0)
    every, shares = masks(8, keep)
    outcomes = []
    for mask in every / keep:
        first, last = mask[:6].reshape(3, 2), mask[6:].reshape(2, 1)
        hidden = np.maximum(some @ (est.coefs_[0] * first) + est.intercepts_[0], 0)
        outcomes.append(hidden @ (est.coefs_[1] * last) + est.intercepts_[1])
    assert_moments(drawn, np.array(outcomes)[..., 0], shares)


def test_all_masks_of_alpha_dropout(regressor):
    keep, some = 0.75, regressor.X[:6]
    est = regressor.fit(dropout=1 - keep, dropout_kind="alpha", activation="selu")
    drawn = est.sample_predictions(some, N, random_state=0)
    z = some @ est.coefs_[0] + est.intercepts_[0]
    hidden = SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))
    floor = -SELU_SCALE * SELU_ALPHA
    a = (keep + floor**2 * keep * (1 - keep)) ** -0.5
    b = -a * (1 - keep) * floor
    every, shares = masks(4, keep)
    outcomes = [
        (a * np.where(mask > 0, hidden, floor) + b) @ est.coefs_[1] + est.intercepts_[1]
        for mask in every
    ]
    assert_moments(drawn, np.array(outcomes)[..., 0], shares)


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_the_linear_model_in_closed_form(regressor, kind):
    """Var f = p / (1 - p) sum_i x_i^2 w_i^2, whatever the noise, and E f is what is predicted."""
    p, some = 0.25, regressor.X[:6]
    est = regressor.fit(hidden_layer_sizes=(), input_dropout=p, dropout_kind=kind,
                        standardize=False)  # fmt: skip
    drawn = est.sample_predictions(some, N, random_state=0)
    variance = p / (1 - p) * np.square(some) @ np.square(est.coefs_[0][:, 0])
    # Of a sum with weights of both signs the fourth moment is at most that of its heaviest term.
    heaviest = 3 + ((1 - p) ** 3 + p**3) / (p * (1 - p))
    tolerance = 5 * np.sqrt(heaviest / N)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=tolerance)
    error = 5 * np.sqrt(variance / N)
    assert (np.abs(drawn.mean(axis=0) - est.predict(some)) < error).all()


def test_learned_rates_are_those_drawn_with(regressor):
    """alpha = rate / (1 - rate) of each input is its variance."""
    est = regressor.fit(hidden_layer_sizes=(), input_dropout=0.25, dropout_kind="variational",
                        standardize=False, max_iter=100)  # fmt: skip
    (rates,) = est.dropout_rates_
    assert np.ptp(rates) > 0.01
    some = regressor.X[:6]
    drawn = est.sample_predictions(some, N, random_state=0)
    variance = (rates / (1 - rates) * np.square(some)) @ np.square(est.coefs_[0][:, 0])
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=5 * np.sqrt(2 / N))


@pytest.mark.parametrize("normalization", [None, "batch", "mean_only_batch"])
@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "variational"])
def test_where_all_is_linear_the_mean_is_what_is_predicted(
    regressor, normalization, position, kind
):
    est = regressor.fit(
        hidden_layer_sizes=(5, 4), activation="identity", dropout=0.25, input_dropout=0.25,
        drop_connect=0.25, dropout_kind=kind, normalization=normalization,
        normalization_position=position, input_scale=2.0, weight_norm=True,
    )  # fmt: skip
    drawn = est.sample_predictions(regressor.X[:6], 4_000, random_state=0)
    error = 5 * drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - est.predict(regressor.X[:6])) < error).all()
    assert (drawn.std(axis=0) > 0).all()


def test_a_stack_of_draws_equals_single_ones(case, noise, monkeypatch):
    est, X = case.fit(**noise), case.X
    together = est.sample_predictions(X, 7, random_state=3)
    monkeypatch.setattr(samples, "DRAWN_NUMBERS", 1)
    one_by_one = est.sample_predictions(X, 7, random_state=3)
    np.testing.assert_allclose(one_by_one, together, rtol=1e-9, atol=1e-12)


def test_rows_draws_and_seeds(case, noise):
    est, X = case.fit(**noise), case.X
    drawn = est.sample_predictions(X, 20, random_state=0)
    np.testing.assert_array_equal(est.sample_predictions(X, 20, random_state=0), drawn)
    same = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(est.sample_predictions(X, 5, random_state=0), drawn[:5], **same)
    np.testing.assert_allclose(
        est.sample_predictions(X[7:8], 20, random_state=0), drawn[:, 7:8], **same
    )
    assert np.abs(est.sample_predictions(X, 20, random_state=1) - drawn).max() > 1e-3
    assert np.abs(np.diff(drawn, axis=0)).max() > 1e-3
    sparse_rows = est.sample_predictions(sparse.csr_array(X), 20, random_state=0)
    np.testing.assert_allclose(sparse_rows, drawn, **same)
    np.testing.assert_allclose(est.sparsify().sample_predictions(X, 20, random_state=0), drawn)


def test_shapes(case):
    est = case.fit(dropout=0.25)
    width = () if case.regresses else (3,)
    assert est.sample_predictions(case.X[:1]).shape == (100, 1, *width)
    assert est.sample_predictions(case.X[:5], 1).shape == (1, 5, *width)


def test_several_outputs(regressor, classifier):
    Y = np.stack([regressor.y, -regressor.y], axis=1)
    drawn = regressor.fit(Y, dropout=0.25).sample_predictions(regressor.X, 4)
    assert drawn.shape == (4, 80, 2)
    labels = np.stack([classifier.y > 0, classifier.y > 1], axis=1).astype(int)
    drawn = classifier.fit(labels, dropout=0.25).sample_predictions(classifier.X, 4)
    assert drawn.shape == (4, 80, 2)
    assert np.ptp(drawn.sum(axis=2)) > 0.1


def test_probabilities_of_each_draw_sum_to_one(classifier, noise):
    drawn = classifier.fit(**noise).sample_predictions(classifier.X, 5)
    np.testing.assert_allclose(drawn.sum(axis=2), 1)


def test_draws_of_snapshots_are_the_snapshots_in_turn(case, snapshots):
    est = case.fit(**snapshots)
    method = "predict" if case.regresses else "predict_proba"
    each = [getattr(one, method)(case.X) for one in est.snapshots_]
    drawn = est.sample_predictions(case.X, 7)
    for number, draw in enumerate(drawn):
        np.testing.assert_allclose(draw, each[number % 3], rtol=1e-9, atol=1e-12)


def test_draws_of_snapshots_that_drop_units(case, snapshots):
    est = case.fit(**snapshots, dropout=0.25, hidden_layer_sizes=(20,))
    drawn = est.sample_predictions(case.X, 6, random_state=0)
    assert len(np.unique(drawn.reshape(6, -1), axis=0)) == 6
    seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max)
    for number, one in enumerate(est.snapshots_):
        for each in samples.drawn_outputs(one, case.X, 2, seed + number):
            own = est._as_given(est._of_draws(each.raw))
            np.testing.assert_allclose(drawn[number::3], own, rtol=1e-9)


def test_predicting_draws_nothing(case, noise):
    est = case.fit(**noise)
    np.random.seed(7)  # noqa: NPY002
    first = est.predict(case.X)
    np.testing.assert_array_equal(est.predict(case.X), first)
    noise_std = {"noise_std": 1.0} if case.regresses else {}
    totals = [est.uncertainty(case.X, **noise_std).total for _ in range(2)]
    np.testing.assert_array_equal(*totals)
    untouched = np.random.RandomState(7).get_state()[1]
    np.testing.assert_array_equal(np.random.get_state()[1], untouched)  # noqa: NPY002


@pytest.mark.parametrize("settings", [{}, {"weight_noise": 0.1}, {"dropout": 0.0}])
def test_nothing_to_draw_is_an_error_that_says_what_to_set(case, settings):
    est = case.fit(**settings)
    asked = [est.sample_predictions, est.uncertainty]
    if case.regresses:
        asked.append(lambda X: est.predict(X, return_std=True))
    for ask in asked:
        with pytest.raises(ValueError, match=r"Set dropout, input_dropout or drop_connect"):
            ask(case.X)


@pytest.mark.parametrize("n", [0, -1, 2.5, "all", None, True])
def test_a_number_of_draws_out_of_range(case, n):
    est = case.fit(dropout=0.25)
    with pytest.raises(ValueError, match=r"n_samples=.*an integer of at least 1"):
        est.sample_predictions(case.X, n)
    with pytest.raises(ValueError, match=r"n_samples=.*an integer of at least 1"):
        est.log_predictive_density(
            case.X, case.y, n_samples=n, **({"noise_std": 1.0} if case.regresses else {})
        )
