"""The three decompositions: against their definitions over all samples there are, row by row."""

import itertools

import numpy as np
import pytest
from scipy.stats import entropy

from sknnreg.model_selection.bias_and_variance.losses import (
    log_terms,
    squared_terms,
    zero_one_terms,
)

ROWS = [(0, 0), (0, 1), (1, 2), (1, 1)]
SAMPLES = list(itertools.product(range(4), repeat=4))
# Measurements of y at x = 0, 1 and 2.
TARGETS = np.array([[1, 0, 1, 1], [2, 1, 2, 0], [1, 1, 1, 2]])


def smoothed_shares(sample):
    """P(y | x) of x = 0, 1, 2 and y = 0, 1, 2, counted in a sample."""
    counts = np.full((3, 3), 0.5) + np.array([0.1, 0.0, 0.05])
    for place in sample:
        counts[ROWS[place]] += 1
    return counts / counts.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def shares():
    """The estimates from every bootstrap sample of four rows: all 256 are equally likely."""
    return np.array([smoothed_shares(sample) for sample in SAMPLES])


def adds_up(terms):
    total = terms.bias + terms.variance + (0 if terms.noise is None else terms.noise)
    np.testing.assert_allclose(total, terms.loss, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n_times", [1, 4])
def test_zero_one_loss_by_domingos_definitions(shares, n_times):
    predictions, targets = shares.argmax(axis=2), TARGETS[:, :n_times]
    terms = zero_one_terms(predictions, targets, None)
    adds_up(terms)
    for x in range(3):
        own, measured = list(predictions[:, x]), list(targets[x])
        main, best = (max(set(each), key=each.count) for each in (own, measured))
        bias = float(main != best)
        variance = sum(each != main for each in own) / len(own)
        if main == best:
            factor = 1.0
        else:
            others = [each for each in own if each != main]
            factor = -sum(each == best for each in others) / max(1, len(others))
        noise = sum(each != best for each in measured) / n_times
        right = sum(each == best for each in own) / len(own)
        strange = [each for each in measured if each != best]
        hit = sum(p == t for p in own for t in strange if p != best)
        pairs = sum(p != best for p in own) * len(strange)
        noise_factor = right - (1 - right) * (hit / pairs if pairs else 0.0)
        loss = sum(p != t for p in own for t in measured) / (len(own) * n_times)
        np.testing.assert_allclose(terms.main[x], main)
        np.testing.assert_allclose(terms.bias[x], bias)
        np.testing.assert_allclose(terms.variance[x], factor * variance)
        np.testing.assert_allclose(terms.loss[x], loss)
        np.testing.assert_allclose(
            terms.unbiased_variance[x] - terms.biased_variance[x], factor * variance
        )
        if n_times > 1:
            np.testing.assert_allclose(terms.noise[x], noise_factor * noise, atol=1e-14)
    assert {0.0, 1.0} == set(terms.bias)
    assert (terms.biased_variance > 0).any()
    assert (terms.noise is None) == (n_times == 1)


def test_log_loss_by_heskes_definitions(shares):
    terms = log_terms(np.log(shares), TARGETS, None)
    adds_up(terms)
    for x in range(3):
        main = np.exp(np.mean([np.log(each[x]) for each in shares], axis=0))
        main /= main.sum()
        truth = np.bincount(TARGETS[x], minlength=3) / 4
        np.testing.assert_allclose(terms.main[x], main)
        np.testing.assert_allclose(terms.bias[x], entropy(truth, main), atol=1e-12)
        np.testing.assert_allclose(
            terms.variance[x], np.mean([entropy(main, each[x]) for each in shares]), atol=1e-12
        )
        np.testing.assert_allclose(terms.noise[x], entropy(truth), atol=1e-12)
        loss = np.mean([-np.log(each[x, t]) for each in shares for t in TARGETS[x]])
        np.testing.assert_allclose(terms.loss[x], loss)


def test_log_loss_against_known_probabilities(shares):
    known = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])
    against = log_terms(np.log(shares), None, known)
    adds_up(against)
    np.testing.assert_allclose(against.noise, entropy(known, axis=1), atol=1e-12)
    np.testing.assert_allclose(against.bias, entropy(known, against.main, axis=1), atol=1e-12)
    measured = log_terms(np.log(shares), TARGETS, known)
    adds_up(measured)
    np.testing.assert_array_equal(measured.bias, against.bias)
    loss = [np.mean(-np.log(shares[:, x])[:, TARGETS[x]]) for x in range(3)]
    np.testing.assert_allclose(measured.loss, loss)


def test_zero_one_loss_against_known_labels(shares):
    predictions, known = shares.argmax(axis=2), np.array([2, 1, 0])
    terms = zero_one_terms(predictions, None, known)
    adds_up(terms)
    np.testing.assert_allclose(terms.loss, (predictions != known).mean(axis=0))
    measured = zero_one_terms(predictions, TARGETS, known)
    adds_up(measured)
    np.testing.assert_array_equal(measured.bias, terms.bias)
    np.testing.assert_allclose(
        measured.loss, [np.mean(predictions[:, x, None] != TARGETS[x]) for x in range(3)]
    )


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
@pytest.mark.parametrize("n_times", [1, 3])
@pytest.mark.parametrize("is_known", [False, True])
def test_squared_loss_adds_up(shape, n_times, is_known):
    random = np.random.default_rng(0)
    predictions = random.normal(size=(6, *shape))
    targets = random.normal(size=(*shape, n_times))
    known = random.normal(size=shape) if is_known else None
    terms = squared_terms(predictions, targets, known)
    adds_up(terms)
    loss = np.mean((predictions[..., None] - targets) ** 2, axis=(0, -1))
    loss = loss if len(shape) == 1 else loss.mean(axis=1)
    np.testing.assert_allclose(terms.loss, loss)
    assert (terms.noise is None) == (n_times == 1 and not is_known)
    if is_known:
        against = squared_terms(predictions, None, known)
        adds_up(against)
        np.testing.assert_array_equal(against.bias, terms.bias)


def test_squared_terms_are_unbiased():
    """Over all draws of R predictions and m measurements from small populations."""
    values, measures = np.array([0.0, 1.0, 5.0]), np.array([1.0, 4.0])
    pairs = itertools.product(
        itertools.product(values, repeat=3), itertools.product(measures, repeat=2)
    )
    found = [squared_terms(np.array(p)[:, None], np.array(t)[None], None) for p, t in pairs]
    means = {name: np.mean([getattr(each, name) for each in found])
             for name in ("bias", "variance", "noise")}  # fmt: skip
    np.testing.assert_allclose(means["bias"], (values.mean() - measures.mean()) ** 2)
    np.testing.assert_allclose(means["variance"], values.var())
    np.testing.assert_allclose(means["noise"], measures.var())
