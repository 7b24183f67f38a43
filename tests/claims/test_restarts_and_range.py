"""The range test, warm restarts, and the ensemble of the networks at the ends of cycles.

Range test: step sizes that grow exponentially, one batch each; the loss falls, flattens, explodes.
Warm restarts: a = a_min + (a_max - a_min) (1 + cos(pi t / T)) / 2, t and T counted in epochs since
the last restart, where T may grow by a factor each time. Snapshots: their predictions' mean.
"""

import itertools
from functools import cache

import numpy as np
import pytest
from scipy import sparse, special
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

N = 60
QUIET = {"n_iter_no_change": None, "random_state": 0}


def orthonormal():
    """X'X = n I, columns of mean 0: curvature 1 in every direction, the bias's too."""
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(N, 5))
    X = np.sqrt(N) * np.linalg.qr(raw - raw.mean(axis=0))[0]
    return X, X @ [2.0, -1.0, 0.5, 0.0, 3.0]


def range_test(lowest, highest, n_steps):
    """A linear network after one step of each size, and the sizes."""
    X, y = orthonormal()
    network = MLPRegularizedRegressor(
        (), solver="sgd", momentum=0.0, batch_size=N, standardize=False, dtype="float64",
        learning_rate=lambda t: (highest / lowest) ** (t / (n_steps - 1)),
        learning_rate_init=lowest, max_iter=n_steps, **QUIET,
    )  # fmt: skip
    return network.fit(X, y), np.geomspace(lowest, highest, n_steps)


def test_step_sizes_of_a_range_test_grow_exponentially():
    network, sizes = range_test(1e-3, 3.0, 60)
    np.testing.assert_allclose(network.learning_rate_curve_, sizes, rtol=1e-12)


def test_the_loss_falls_until_the_step_size_is_twice_the_inverse_curvature():
    """Each step multiplies the distance from the minimum by 1 - size, the loss by its square.

    At first hardly by anything; by least near 1; and by more than 1 from 2 on. The loss that a
    curve notes is that before the step of the same place.
    """
    network, sizes = range_test(1e-3, 4.0, 60)
    loss = np.array(network.loss_curve_)
    factors = loss[1:] / loss[:-1]
    np.testing.assert_allclose(factors, (1 - sizes[:-1]) ** 2, rtol=1e-8)
    assert factors[0] > 0.99
    assert np.argmin(factors) == np.argmin(np.abs(sizes - 1))
    np.testing.assert_array_equal(factors < 1, sizes[:-1] < 2)
    assert np.argmin(loss) == np.argmax(sizes >= 2)


def restarts(period, mult, warm_up=0):
    """The epochs before each cycle: sums of period x mult^i, rounded to whole epochs."""
    sums = np.cumsum([0.0, *(period * mult ** np.arange(40))])
    return warm_up + np.floor(sums + 0.5)


def last_updates(period, mult, warm_up, n_epochs, n_updates):
    """Of each epoch behind the warm-up its cycle, and the part over before its last update."""
    starts = restarts(period, mult, warm_up)
    time = np.arange(warm_up, n_epochs) + (n_updates - 1) / n_updates
    cycle = np.searchsorted(starts, time, side="right") - 1
    return cycle, (time - starts[cycle]) / (starts[cycle + 1] - starts[cycle])


CYCLES = pytest.mark.parametrize(
    ("period", "mult"), [(1, 2.0), (4, 1.0), (4, 1.5), (3, 1.5), (7, 1.1), (40, 1.0)]
)
BATCHES = pytest.mark.parametrize("batch_size", [N, 15], ids=["1 update", "4 updates"])


def step_sizes(**parameters):
    """A fit's step size at the last update of each epoch."""
    X, y = orthonormal()
    settings = {"learning_rate_init": 0.01, "max_iter": 30, **QUIET, **parameters}
    return MLPRegularizedRegressor((), **settings).fit(X, y).learning_rate_curve_


@CYCLES
@BATCHES
@pytest.mark.parametrize("warm_up", [0, 2])
@pytest.mark.parametrize("least", [0.0, 0.003])
def test_step_sizes_of_warm_restarts(least, warm_up, batch_size, period, mult):
    """a_min + (a_max - a_min) (1 + cos(pi t / T)) / 2, with T = period, period x mult, ..."""
    found = step_sizes(
        learning_rate="cosine_restarts", learning_rate_min=least, learning_rate_period=period,
        learning_rate_period_mult=mult, learning_rate_warmup=warm_up, batch_size=batch_size,
    )  # fmt: skip
    _, part = last_updates(period, mult, warm_up, 30, N // batch_size)
    expected = least + (0.01 - least) * (1 + np.cos(np.pi * part)) / 2
    np.testing.assert_allclose(found[warm_up:], expected, rtol=1e-9, atol=1e-15)


@CYCLES
@BATCHES
@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_the_ends_of_a_range_bound_a_cyclical_schedule(decay, batch_size, period, mult):
    """Triangles between the two, whose height falls by a factor from cycle to cycle."""
    found = step_sizes(
        learning_rate="cyclic", learning_rate_min=0.002, learning_rate_period=period,
        learning_rate_period_mult=mult, learning_rate_decay=decay, batch_size=batch_size,
    )  # fmt: skip
    cycle, part = last_updates(period, mult, 0, 30, N // batch_size)
    expected = 0.002 + 0.008 * decay**cycle * (1 - np.abs(2 * part - 1))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def multiclass():
    X, y = make_classification(
        n_samples=N, n_features=6, n_informative=4, n_classes=3, random_state=1
    )
    return MLPRegularizedClassifier, X, np.array(["a", "b", "c"])[y]


def binary():
    X, y = make_classification(n_samples=N, n_features=6, random_state=2)
    return MLPRegularizedClassifier, X, y


@cache  # scikit-learn draws each row until it fits: slowly
def multilabel():
    X, y = make_multilabel_classification(n_samples=N, n_features=6, n_classes=3, random_state=3)
    return MLPRegularizedClassifier, X / X.std(), y


def response():
    X, y = make_regression(n_samples=N, n_features=6, noise=1.0, random_state=4)
    return MLPRegularizedRegressor, X, y


def responses():
    X, y = make_regression(n_samples=N, n_features=6, n_targets=3, noise=1.0, random_state=5)
    return MLPRegularizedRegressor, X, y


def counts():
    X, _ = make_regression(n_samples=N, n_features=6, random_state=6)
    y = np.random.default_rng(7).poisson(np.exp(0.5 * X[:, 0]))
    return lambda *args, **p: MLPRegularizedRegressor(*args, loss="poisson", **p), X, y


TASKS = [multiclass, binary, multilabel, response, responses, counts]
EACH_TASK = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
SETTINGS = {
    "plain": {},
    "sgd": {"solver": "sgd", "learning_rate_min": 0.001},
    "cyclic": {"learning_rate": "cyclic", "learning_rate_min": 0.001},
    "warm-up": {"learning_rate_warmup": 2},
    "as given": {"standardize": False},
    "two layers": {"hidden_layer_sizes": (6, 4)},
    "linear": {"hidden_layer_sizes": ()},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "layer norm": {"normalization": "layer"},
    "group norm": {"normalization": "group", "normalization_groups": 2,
                   "normalization_position": "after"},
    "batch norm": {"normalization": "batch"},
    "batch norm, population": {"normalization": "batch", "batch_statistics": "population"},
    "weight norm": {"weight_norm": True},
    "drop connect": {"drop_connect": 0.3, "drop_connect_inference": "gaussian"},
    "drop connect, layer norm": {"drop_connect": 0.3, "drop_connect_inference": "gaussian",
                                 "normalization": "layer"},
}  # fmt: skip
EACH_SETTING = pytest.mark.parametrize("name", SETTINGS)
PERIOD, MULT, MAX_ITER = 2, 2.0, 17


def fit(task, name, X, **parameters):
    make, _, y = task()
    settings = {
        "hidden_layer_sizes": (6,),
        "activation": "tanh",
        "batch_size": 16,
        "learning_rate": "cosine_restarts",
        "learning_rate_init": 0.05,
        "learning_rate_period": PERIOD,
        "learning_rate_period_mult": MULT,
        "max_iter": MAX_ITER,
        **QUIET,
    }
    return make(**{**settings, **SETTINGS[name], **parameters}).fit(X, y)


def outputs(network, X):
    """Probabilities of classes, predictions of responses."""
    return getattr(network, "predict_proba", network.predict)(X)


@pytest.mark.slow
@pytest.mark.parametrize("n_snapshots", [2, 3])
@pytest.mark.parametrize("task", [multiclass, responses], ids=lambda task: task.__name__)
@EACH_SETTING
def test_snapshots_are_the_networks_at_the_ends_of_the_last_cycles(name, task, n_snapshots):
    """Bit for bit those of trainings that end there; epochs behind the last end are not kept."""
    _, X, _ = task()
    ensemble = fit(task, name, X, n_snapshots=n_snapshots)
    ends = restarts(PERIOD, MULT, SETTINGS[name].get("learning_rate_warmup", 0))
    ends = [int(end) for end in ends[1:] if end <= MAX_ITER][-n_snapshots:]
    assert len(ensemble.snapshots_) == len(ends) == n_snapshots
    assert ensemble.n_iter_ == MAX_ITER > ends[-1]
    for snapshot, end in zip(ensemble.snapshots_, ends, strict=True):
        alone = fit(task, name, X, max_iter=end)
        assert alone.snapshots_ is None
        pairs = [(snapshot, alone)] + ([(ensemble, alone)] if end == ends[-1] else [])
        for one, other in pairs:
            for a, b in zip(
                [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
            ):
                np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(outputs(snapshot, X), outputs(alone, X))


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(np.asarray, id="dense"),
        pytest.param(sparse.csr_array, id="sparse", marks=pytest.mark.slow),
    ],
)
@EACH_TASK
@EACH_SETTING
def test_an_ensemble_predicts_the_mean_of_its_snapshots(name, task, form):
    """Of probabilities and of responses, not of weights or raw outputs; labels follow from it."""
    X = form(task()[1])
    ensemble = fit(task, name, X, n_snapshots=3)
    single = [outputs(snapshot, X) for snapshot in ensemble.snapshots_]
    mean = np.mean(single, axis=0)
    np.testing.assert_allclose(outputs(ensemble, X), mean, rtol=1e-10, atol=1e-12)
    apart = [np.abs(one - other).max() for one, other in itertools.combinations(single, 2)]
    assert min(apart) > 1e-3 * np.abs(mean).max()
    if task in (multiclass, binary):
        np.testing.assert_array_equal(ensemble.predict(X), ensemble.classes_[mean.argmax(axis=1)])
    elif task is multilabel:
        np.testing.assert_array_equal(ensemble.predict(X), mean > 0.5)
    if task in (multiclass, binary, multilabel):
        np.testing.assert_allclose(ensemble.predict_log_proba(X), np.log(mean), rtol=1e-9)


LINKS = {
    "softmax": lambda raw: special.softmax(raw, axis=-1),
    "logistic": special.expit,
    "identity": np.asarray,
    "exp": np.exp,
}


@EACH_TASK
def test_links_come_before_the_mean(task):
    """By a forward pass written out; neither raw outputs nor weights are averaged."""
    _, X, _ = task()
    ensemble = fit(task, "plain", X, n_snapshots=3)
    link = LINKS[ensemble.out_activation_]

    def raw(coefs, intercepts):
        hidden = np.tanh(X @ coefs[0] + intercepts[0])
        return hidden @ coefs[1] + intercepts[1]

    found = outputs(ensemble, X)
    found = found[:, 1:] if task is binary else found.reshape(N, -1)
    single = np.array([raw(each.coefs_, each.intercepts_) for each in ensemble.snapshots_])
    np.testing.assert_allclose(found, link(single).mean(axis=0), rtol=1e-10, atol=1e-12)
    if ensemble.out_activation_ != "identity":
        assert np.abs(found - link(single.mean(axis=0))).max() > 1e-3
    by_layer = [(each.coefs_, each.intercepts_) for each in ensemble.snapshots_]
    coefs, intercepts = (
        [np.mean(arrays, axis=0) for arrays in zip(*part, strict=True)]
        for part in zip(*by_layer, strict=True)
    )
    assert np.abs(found - link(raw(coefs, intercepts))).max() > 1e-3
