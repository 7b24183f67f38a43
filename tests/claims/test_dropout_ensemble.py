"""Dropout predicts the normalized weighted geometric mean of all sub-networks, in one pass.

For a logistic or softmax unit, weights times p, it is exact over all 2^n masks; for a hidden layer
that is dropped in front of a softmax too; behind a further nonlinearity it is an approximation.
"""

from itertools import product

import numpy as np
import pytest
from scipy import special
from sklearn.datasets import make_classification

from sknnreg import MLPRegularizedClassifier
from sknnreg.engine.places.objective.losses import CrossEntropy
from sknnreg.engine.places.signal.activations import Logistic, Tanh
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import Dropout

KEEP = [0.25, 0.5, 0.75]  # exact in the 16 bits that a rate is rounded to
BY_KEEP = pytest.mark.parametrize("keep", KEEP)
BY_SCALING = pytest.mark.parametrize("inverted", [True, False], ids=["inverted", "unscaled"])
EXACT = {"rtol": 1e-12, "atol": 1e-15}


def masks(n, keep):
    """All 2^n masks and their probabilities."""
    every = np.array(list(product([0.0, 1.0], repeat=n)))
    return every, np.prod(np.where(every > 0, keep, 1 - keep), axis=1)


def geometric_mean(outputs, probabilities):
    """Of distributions ``(2^n, B, K)``, weighted and normalized."""
    means = np.exp(np.tensordot(probabilities, np.log(outputs), axes=1))
    return means / means.sum(axis=-1, keepdims=True)


def distribution(p):
    """Both outcomes of a logistic unit."""
    return np.concatenate([1 - p, p], axis=-1)


@BY_KEEP
@BY_SCALING
def test_a_logistic_unit(bench, rng, keep, inverted):
    """Its inputs are dropped; each sub-network is the unit with some of its inputs at 0."""
    x = rng.normal(size=(7, 6))
    model = bench(Dropout("in", 6, 1 - keep, inverted), Dense("0", 6, 1), Logistic())
    unit = bench(Dense("0", 6, 1), Logistic())
    unit.values[...] = model.values
    every, probabilities = masks(6, keep)
    scale = 1 / keep if inverted else 1.0
    outputs = np.array([distribution(unit.infer(x * mask * scale)) for mask in every])
    predicted = distribution(model.infer(x))
    np.testing.assert_allclose(geometric_mean(outputs, probabilities), predicted, **EXACT)
    # "Weights times p": the same pass through the plain unit.
    unit.p[0].weight *= keep * scale
    np.testing.assert_allclose(distribution(unit.infer(x)), predicted, **EXACT)
    # The mean itself is something else.
    mean = np.tensordot(probabilities, outputs, axes=1)
    assert np.abs(mean - predicted).max() > 1e-3


@BY_KEEP
@BY_SCALING
@pytest.mark.parametrize("hidden", [False, True], ids=["softmax", "hidden layer"])
def test_a_softmax(bench, rng, keep, inverted, hidden):
    """What is dropped stands directly in front of it: the inputs, or a layer of tanh units.

    The sub-networks are plain networks, whose outgoing weights of units left out are 0.
    """
    n, x = 6, rng.normal(size=(7, 6))
    front = (Dense("0", 6, n), Tanh()) if hidden else ()
    model = bench(*front, Dropout("drop", n, 1 - keep, inverted), Dense("1", n, 3))
    plain = bench(*front, Dense("1", n, 3))
    plain.values[...] = model.values
    whole = model.p[-1].weight[0]
    every, probabilities = masks(n, keep)
    outputs = []
    for mask in every:
        plain.p[-1].weight[0] = mask[:, None] * whole / (keep if inverted else 1.0)
        outputs.append(CrossEntropy.link.inverse(plain.infer(x)))
    predicted = CrossEntropy.link.inverse(model.infer(x))
    mean = geometric_mean(np.array(outputs), probabilities)
    np.testing.assert_allclose(mean, predicted, **EXACT)
    assert np.abs(np.tensordot(probabilities, outputs, axes=1) - predicted).max() > 1e-3


@BY_KEEP
def test_behind_a_further_nonlinearity_it_is_an_approximation(bench, rng, keep):
    """Inputs dropped in front of tanh units: near the geometric mean, nearer than chance is."""
    x = rng.normal(size=(7, 6))
    layers = (Dense("0", 6, 5), Tanh(), Dense("1", 5, 3))
    model = bench(Dropout("in", 6, 1 - keep), *layers)
    plain = bench(*layers)
    plain.values[...] = model.values
    every, probabilities = masks(6, keep)
    outputs = [CrossEntropy.link.inverse(plain.infer(x * mask / keep)) for mask in every]
    distance = np.abs(
        geometric_mean(np.array(outputs), probabilities) - CrossEntropy.link.inverse(model.infer(x))
    ).max()
    between = np.abs(np.array(outputs) - CrossEntropy.link.inverse(model.infer(x))).max()
    assert 1e-4 < distance < between / 3


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("scaling", ["train", "predict"])
def test_a_trained_classifiers_probabilities(n_classes, scaling):
    """``predict_proba`` against all 2^7 sub-networks of its hidden layer, by NumPy alone."""
    keep = 0.75
    X, y = make_classification(
        60, 5, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=0
    )
    model = MLPRegularizedClassifier(
        (7,), activation="tanh", dropout=1 - keep, dropout_scaling=scaling, max_iter=60,
        learning_rate_init=0.02, n_iter_no_change=None, dtype="float64", random_state=0,
    ).fit(X, y)  # fmt: skip
    (first, last), (offset, final) = model.coefs_, model.intercepts_
    hidden = np.tanh(X @ first + offset)
    every, probabilities = masks(7, keep)
    # coefs_ are those of the mean network: a sub-network's survivors are larger by 1 / keep.
    raw = [hidden * mask / keep @ last + final for mask in every]
    if n_classes == 2:
        outputs = np.array([distribution(special.expit(each)) for each in raw])
    else:
        outputs = special.softmax(raw, axis=-1)
    mean = geometric_mean(outputs, probabilities)
    np.testing.assert_allclose(mean, model.predict_proba(X), rtol=1e-11)
    assert np.abs(np.tensordot(probabilities, outputs, axes=1) - mean).max() > 1e-3
