"""Mixup and label smoothing: expected inputs and targets, and what they do to the loss.

Cross-entropy is linear in the targets: what is smoothed or mixed in y is mixed in the loss.
"""

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.streams import Streams
from sknnreg.engine.places.data import LabelSmoothing, Mixup
from sknnreg.engine.places.objective.losses import BinaryCrossEntropy, CrossEntropy

SIGMAS = 5
N_ROWS, N_DRAWS, N_COPIES = 6, 20_000, 200
BY_SHARE = pytest.mark.parametrize("share", [0.1, 0.5, 1.0])


def mixtures(concentration, x, y, weight=None):
    """What so many batches become, ``(N_DRAWS, B, F)`` and ``(N_DRAWS, B, K)``.

    Many copies of the rows are a batch, in which another row is any of them by the same share.
    """
    copies = (1, N_COPIES, 1)
    augment = Mixup(concentration).bind((1, N_COPIES * len(x), x.shape[1]), np.float64)
    streams, found = Streams([5]), []
    weight = None if weight is None else np.tile(weight[None, :, None], copies)
    for _ in range(N_DRAWS // N_COPIES):
        mixed = augment(np.tile(x[None], copies), np.tile(y[None], copies), streams, weight)
        found.append([each.reshape(N_COPIES, len(x), -1).copy() for each in mixed])
    return tuple(map(np.concatenate, zip(*found, strict=True)))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("concentration", [0.2, 1.0, 5.0])
def test_mixtures_are_on_average_half_the_row_and_half_the_batchs_mean(
    rng, concentration, weighted
):
    """E t = 1/2, and the other row is any by its weight: 20,000 draws, 5 standard errors.

    Their mean square has E t² = (a + 1) / (2 (2a + 1)), which is how a matters.
    """
    a = concentration
    x, y = rng.normal(size=(N_ROWS, 3)), rng.normal(size=(N_ROWS, 2))
    weight = rng.uniform(0.2, 3, N_ROWS) if weighted else np.ones(N_ROWS)
    weight /= weight.sum()
    both = np.hstack([x, y])
    mixed = np.concatenate(mixtures(a, x, y, weight if weighted else None), axis=2)
    error = mixed.std(axis=0, ddof=1) / np.sqrt(N_DRAWS)
    expected = both / 2 + weight @ both / 2
    assert np.all(np.abs(mixed.mean(axis=0) - expected) < SIGMAS * error)
    assert np.abs((both - expected) / error).max() > 4 * SIGMAS
    squares = mixed**2
    error = squares.std(axis=0, ddof=1) / np.sqrt(N_DRAWS)
    of_square = (a + 1) / (2 * (2 * a + 1))
    expected = of_square * (both**2 + weight @ both**2)
    expected += (1 - 2 * of_square) * both * (weight @ both)
    assert np.all(np.abs(squares.mean(axis=0) - expected) < SIGMAS * error)


def test_inputs_and_targets_are_mixed_alike(rng):
    """One t a row: what is linear in x stays so, and is a convex combination of two rows."""
    x, map_ = rng.normal(size=(N_ROWS, 3)), rng.normal(size=(3, 2))
    mixed_x, mixed_y = mixtures(0.5, x, x @ map_)
    np.testing.assert_allclose(mixed_y, mixed_x @ map_, rtol=0, atol=1e-13)
    # Barycentric: a row's own coordinate t, its partner's 1 - t, in a batch that is a simplex.
    shares, _ = mixtures(0.5, np.eye(N_ROWS), x)
    np.testing.assert_allclose(shares.sum(axis=2), 1, rtol=1e-14)
    assert shares.min() >= 0
    n_parts = np.count_nonzero(shares, axis=2)
    assert n_parts.max() == 2
    t = shares[:, 0, 0][n_parts[:, 0] == 2]  # a row may be its own partner
    # 2.74 is exceeded with the probability of 5 standard errors.
    assert np.sqrt(len(t)) * stats.kstest(t, stats.beta(0.5, 0.5).cdf).statistic < 2.74


def test_a_linear_model_has_the_same_solution_on_average():
    """Inputs, targets and so their covariances shrink alike: mean of 25 seeds, 5 standard errors.

    Steps are linear in the weights and their mixtures independent of them, so the mean is exact.
    """
    X, y = make_regression(n_samples=60, n_features=3, noise=5.0, random_state=0)
    X, y = X - X.mean(axis=0), (y - y.mean()) / y.std()

    def weights(seed):
        model = MLPRegularizedRegressor(
            (), solver="sgd", momentum=0.0, learning_rate_init=0.1, batch_size=60, mixup=1.0,
            standardize=False, max_iter=400, n_iter_no_change=None, random_state=seed,
        )  # fmt: skip
        return model.fit(X, y).coefs_[0][:, 0]

    found = np.array([weights(seed) for seed in range(25)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    expected = np.linalg.lstsq(X, y)[0]
    assert np.all(np.abs(found.mean(axis=0) - expected) < SIGMAS * error)
    assert np.abs(expected / error).max() > 20 * SIGMAS


@pytest.mark.parametrize("loss", [CrossEntropy(), BinaryCrossEntropy()], ids=lambda x: str(x)[:-2])
def test_the_loss_of_a_mixed_target_is_the_mixture_of_losses(rng, loss):
    """At any output, t of one target's loss and 1 - t of the other's; gradients too."""
    raw, y = rng.normal(size=(1, N_ROWS, 4)), np.eye(4)[None, rng.integers(0, 4, N_ROWS)]
    other, t = y[:, ::-1], rng.uniform(size=(1, N_ROWS, 1))
    rows_and_gradient = loss.bind_rows(raw.shape, np.float64)

    def evaluate(target):
        rows, gradient = rows_and_gradient(raw, target)
        return np.concatenate([rows, gradient], axis=-1)

    mixed = evaluate(t * y + (1 - t) * other)
    np.testing.assert_allclose(
        mixed, t * evaluate(y) + (1 - t) * evaluate(other), rtol=1e-12, atol=1e-14
    )


def smoothed(share, y, n_classes):
    augment = LabelSmoothing(share, n_classes).bind(y.shape, np.float64)
    return augment(np.zeros(y.shape), y, Streams([0]), None)[1]


def losses_of_smoothed(loss, share, n_classes, y, rng):
    """The loss and gradient with smoothed targets, with the labels, and with no idea of them."""
    raw = rng.normal(size=y.shape)
    uniform = np.full(y.shape, 1 / n_classes)
    for target in (smoothed(share, y, n_classes), y, uniform):
        value, gradient = loss.value_and_gradient(raw, target)
        yield np.append(value, gradient)


@BY_SHARE
@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_smoothing_mixes_the_loss_with_that_of_the_uniform_distribution(rng, share, n_classes):
    """(1 - e) CE(y) + e CE(uniform), and the gradients likewise."""
    y = np.eye(n_classes)[None, rng.integers(0, n_classes, 20)]
    np.testing.assert_allclose(smoothed(share, y, n_classes).sum(axis=-1), 1, rtol=1e-14)
    found, labels, uniform = losses_of_smoothed(CrossEntropy(), share, n_classes, y, rng)
    np.testing.assert_allclose(found, (1 - share) * labels + share * uniform, rtol=0, atol=1e-14)
    assert np.abs(found - labels).max() > 1e-3


@BY_SHARE
def test_smoothing_of_one_output(rng, share):
    """Two classes or a label: (1 - e) y + e / 2."""
    y = rng.integers(0, 2, (1, 20, 3)).astype(float)
    found, labels, uniform = losses_of_smoothed(BinaryCrossEntropy(), share, 2, y, rng)
    np.testing.assert_allclose(found, (1 - share) * labels + share * uniform, rtol=0, atol=1e-14)


def classes(n_classes):
    return make_classification(
        60, 5, n_informative=4, n_redundant=0, n_classes=n_classes, random_state=0
    )


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_a_smoothed_classifier_is_one_of_rows_that_have_every_label(n_classes, solver):
    """Each row once with each label, weighted 1 - e + e / K if it is its own, else e / K.

    The same gradients, so the same network after 20 steps, to rounding.
    """
    X, y = classes(n_classes)
    settings = {
        "hidden_layer_sizes": (6,), "activation": "tanh", "solver": solver, "max_iter": 20,
        "dtype": "float64", "tol": 1e-12, "n_iter_no_change": None, "random_state": 0,
        "learning_rate_init": 0.05,
    }  # fmt: skip
    share, labels = 0.2, np.tile(np.arange(n_classes), len(X))
    weight = np.where(labels == y.repeat(n_classes), 1 - share, 0.0) + share / n_classes
    smooth, plain = (
        MLPRegularizedClassifier(**settings, batch_size=size) for size in (60, 60 * n_classes)
    )
    smooth.set_params(label_smoothing=share).fit(X, y)
    plain.fit(X.repeat(n_classes, axis=0), labels, sample_weight=weight)
    for one, other in zip(
        [*smooth.coefs_, *smooth.intercepts_], [*plain.coefs_, *plain.intercepts_], strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-8)
    np.testing.assert_allclose(smooth.loss_curve_, plain.loss_curve_, rtol=1e-9)
    hard = MLPRegularizedClassifier(**settings, batch_size=60).fit(X, y)
    assert np.abs(hard.coefs_[0] - smooth.coefs_[0]).max() > 1e-3


@pytest.mark.parametrize("n_classes", [2, 4])
def test_with_nothing_to_go_by_it_predicts_the_smoothed_shares(n_classes):
    """Inputs of 0: the minimizer is the mean target, (1 - e) share + e / K."""
    _, y = classes(n_classes)
    y[:10] = 0
    model = MLPRegularizedClassifier(
        (), solver="lbfgs", label_smoothing=0.3, standardize=False, tol=1e-9, random_state=0
    ).fit(np.zeros((60, 2)), y)
    shares = np.bincount(y) / 60
    expected = np.tile(0.7 * shares + 0.3 / n_classes, (60, 1))
    np.testing.assert_allclose(model.predict_proba(np.zeros((60, 2))), expected, rtol=1e-7)


def test_several_labels_are_smoothed_one_by_one():
    """Each is a choice of two."""
    _, y = make_multilabel_classification(60, n_classes=3, random_state=0)
    model = MLPRegularizedClassifier(
        (), solver="lbfgs", label_smoothing=0.3, standardize=False, tol=1e-9, random_state=0
    ).fit(np.zeros((60, 2)), y)
    expected = np.tile(0.7 * y.mean(axis=0) + 0.15, (60, 1))
    np.testing.assert_allclose(model.predict_proba(np.zeros((60, 2))), expected, rtol=1e-7)
