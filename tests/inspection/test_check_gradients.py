"""``check_gradients`` finds errors of every kind, one at a time, and none where there is none."""

import inspect
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays.stack import simplify, stack
from sknnreg.engine.places.data import Adversarial, Augmentation
from sknnreg.engine.places.objective.losses import CrossEntropy, Loss
from sknnreg.engine.places.objective.penalties import L2, Penalty
from sknnreg.engine.places.signal.base import Layer
from sknnreg.engine.places.signal.batch_normalization import BatchNormalization
from sknnreg.engine.places.signal.dense import Dense
from sknnreg.engine.places.signal.dropout import Dropout
from sknnreg.engine.places.signal.gaussian_dropout import VariationalDropout
from sknnreg.engine.places.signal.group_normalization import GroupNormalization, LayerNormalization
from sknnreg.engine.places.weights_in_use import (
    BoundWeights,
    DropConnect,
    InputScale,
    Reparametrization,
    WeightNorm,
)
from sknnreg.estimators.base import training_plan
from sknnreg.inspection import check_gradients, comparison

N, RIGHT, FOUND = 24, 1e-7, 1e-4


def inputs():
    return np.random.default_rng(0).normal(size=(N, 4))


def classifier(**settings):
    """A network for three classes, and its data."""
    settings = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "l2": 0.1, **settings}
    return MLPRegularizedClassifier(random_state=0, **settings), inputs(), np.arange(N) % 3


def binary(**settings):
    model, X, y = classifier(**settings)
    return model, X, y % 2


def regressor(**settings):
    """A network for two outputs, counts, and its data."""
    settings = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "l2": 0.1, **settings}
    y = np.random.default_rng(1).poisson(3.0, (N, 2))
    return MLPRegularizedRegressor(random_state=0, **settings), inputs(), y


def backward_of(cls, wrong):
    """Plant an error at the end of the backward of layers of one kind."""

    def plant(monkeypatch):
        bind = cls.bind

        def spoiled(layer, site):
            forward, backward = bind(layer, site)
            return forward, lambda grad_y: wrong(layer, site, backward, grad_y)

        monkeypatch.setattr(cls, "bind", spoiled)

    return plant


def after_backward(change):
    """An error in the gradients of a layer's arrays alone."""

    def wrong(layer, site, backward, grad_y):
        grad_x = backward(grad_y)
        change(layer, site)
        return grad_x

    return wrong


def weights_in_use(cls, wrong):
    """Plant an error in the way back through a reparametrization."""

    def plant(monkeypatch):
        bind = cls.bind

        def spoiled(member, source, name, p, g, draws):
            forward, backward = bind(member, source, name, p, g, draws)
            return BoundWeights(forward, lambda: wrong(backward, p, g))

        monkeypatch.setattr(cls, "bind", spoiled)

    return plant


def without_gamma(layer, site, backward, grad_y):
    return backward(grad_y) / site.p.scale


def without_gamma_in_rows(layer, site, backward, grad_y):
    """What reaches the input is not multiplied by gamma; gamma's and beta's gradients are right."""
    grad_x = backward(grad_y / site.p.scale)
    site.g.scale[...] *= site.p.scale
    site.g.shift[...] *= site.p.scale
    return grad_x


def without_length(backward, p, g):
    backward()
    g.weight[...] /= p.length / np.linalg.norm(p.weight, axis=-2, keepdims=True)


def without_scale(backward, p, g):
    backward()
    g.weight[...] /= 1 + 2 * p.input_scale


def without_mask(backward, p, g):
    pass


def first_network_for_all(layer, site):
    if site.n_networks > 1:
        site.g.bias[...] = site.g.bias[:1]


def a_doubled_entry(layer, site):
    if layer.name == "1":
        site.g.weight[..., 17, 11] *= 2


def a_doubled_first_layer(layer, site):
    if layer.name == "0":
        site.g.weight[...] *= 2


def a_unit_without_bias(layer, site):
    if layer.name == "1":
        site.g.bias[..., 2] = 0


def the_factor_twice(layer, site, backward, grad_y):
    return backward(backward(grad_y))


def without_divergence(monkeypatch):
    monkeypatch.setattr(VariationalDropout, "_cost_gradient", lambda layer, log_alpha: 0.0)


def without_strength(monkeypatch):
    monkeypatch.setattr(L2, "add_gradient", lambda member, weights, grads, work: grads + weights)


def a_wrong_output(monkeypatch):
    bind_rows = CrossEntropy.bind_rows

    def spoiled(loss, shape, dtype):
        rows_and_gradient = bind_rows(loss, shape, dtype)

        def wrong(raw, y):
            rows, gradient = rows_and_gradient(raw, y)
            gradient[..., 1] *= 1.001
            return rows, gradient

        return wrong

    monkeypatch.setattr(CrossEntropy, "bind_rows", spoiled)


DEEP = {"hidden_layer_sizes": (5,) * 10, "activation": "logistic", "l2": 0.0}
PAIRS = {"hidden_layer_sizes": (6,), "normalization": "group", "normalization_groups": 3}
# What goes wrong, a network in which it matters, and an array whose gradient it spoils.
ERRORS = {
    "batch normalization forgets gamma": (
        backward_of(BatchNormalization, without_gamma),
        classifier(normalization="batch"),
        "Dense 0 weight",
    ),
    "layer normalization forgets gamma": (
        backward_of(LayerNormalization, without_gamma_in_rows),
        classifier(normalization="layer"),
        "Dense 1 bias",
    ),
    "group normalization forgets gamma": (
        backward_of(GroupNormalization, without_gamma_in_rows),
        classifier(**PAIRS),
        "Dense 0 weight",
    ),
    "weight normalization forgets g / ||v||": (
        weights_in_use(WeightNorm, without_length),
        classifier(weight_norm=True, l2=0.0),
        "Dense 2 weight",
    ),
    "an input's scale is left out": (
        weights_in_use(InputScale, without_scale),
        classifier(input_scale=2.0, l2=0.0),
        "Dense 0 weight",
    ),
    "a stack takes the first network's": (
        backward_of(Dense, after_backward(first_network_for_all)),
        classifier(),
        "Dense 1 bias",
    ),
    "one of 1500 entries is doubled": (
        backward_of(Dense, after_backward(a_doubled_entry)),
        classifier(hidden_layer_sizes=(50, 30)),
        "Dense 1 weight",
    ),
    "the first layer is doubled under ten logistic ones": (
        backward_of(Dense, after_backward(a_doubled_first_layer)),
        classifier(**DEEP),
        "Dense 0 weight",
    ),
    "a unit's bias has no gradient": (
        backward_of(Dense, after_backward(a_unit_without_bias)),
        classifier(),
        "Dense 1 bias",
    ),
    "L2 forgets its strength": (without_strength, classifier(), "Dense 1 weight"),
    "DropConnect forgets its mask": (
        weights_in_use(DropConnect, without_mask),
        classifier(drop_connect=0.3),
        "Dense 2 weight",
    ),
    "the loss is wrong in an output": (a_wrong_output, classifier(), "Dense 2 bias"),
    "dropout multiplies twice": (
        backward_of(Dropout, the_factor_twice),
        classifier(dropout=0.3),
        "Dense 0 weight",
    ),
    "variational dropout forgets its divergence": (
        without_divergence,
        classifier(dropout=0.3, dropout_kind="variational"),
        "VariationalDropout 0 log_alpha",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_is_found(name, monkeypatch):
    """And without it nothing is."""
    plant, network, array = ERRORS[name]
    assert max(check_gradients(*network).values()) < RIGHT
    plant(monkeypatch)
    assert check_gradients(*network)[array] > FOUND


ACTIVATIONS = ("identity", "relu", "leaky_relu", "logistic", "tanh", "elu")
MORE_ACTIVATIONS = ("selu", "gelu", "silu", "mish", "softplus")
SOUND = {
    "all kinds of activations": classifier(
        hidden_layer_sizes=(4,) * 6, activation=ACTIVATIONS, normalization="layer"
    ),
    "the other activations": classifier(
        hidden_layer_sizes=(4,) * 5, activation=MORE_ACTIVATIONS, normalization="mean_only_batch"
    ),
    "gaussian": classifier(dropout=0.3, dropout_kind="gaussian", mixup=0.5, label_smoothing=0.1),
    "alpha": binary(dropout=0.3, dropout_kind="alpha", input_noise=0.3, l1=0.1),
    "weights": classifier(weight_norm=True, drop_connect=0.3, weight_noise=0.2),
    "squared": regressor(dropout=0.3, dropout_scaling="predict", input_dropout=0.2),
    "absolute": regressor(loss="absolute_error", activation="relu", normalization="batch"),
    "huber": regressor(loss="huber", activation="relu", dropout_kind="variational", dropout=0.2),
    "poisson": regressor(loss="poisson", adversarial=0.1),
    "adversarial": classifier(activation="relu", adversarial=0.1, normalization="batch"),
    # Each group's outputs jump from (-1, 1) to (1, -1) where its two inputs change their order.
    "pairs": classifier(**PAIRS),
    "pairs behind": regressor(**PAIRS, normalization_position="after", activation="identity"),
    "pairs of rectifiers": classifier(**PAIRS, activation="relu"),
    # Units that a normalization moves as it likes: the gradient of their bias is 0.
    "no gradient": classifier(
        activation="identity", normalization="batch", normalization_position="after"
    ),
    "not standardized": regressor(standardize=False, normalization="batch"),
}


def slight_kinks():
    """Rectifiers in pairs: where one of them starts, the derivatives change by some millionths."""
    X = np.random.default_rng(2).normal(size=(N, 4))
    model = MLPRegularizedRegressor(
        (6, 6),
        activation="relu",
        loss="absolute_error",
        normalization="group",
        normalization_groups=3,
        normalization_position="after",
        l2=0.1,
        random_state=2,
    )
    return model, X, np.random.default_rng(102).normal(size=N)


SOUND["slight kinks"] = slight_kinks()


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_nothing_is_found_where_nothing_is_wrong(name, weighted):
    weight = np.random.default_rng(2).uniform(0.2, 3.0, N) if weighted else None
    errors = check_gradients(*SOUND[name], weight)
    assert max(errors.values()) < RIGHT, errors


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize("adversarial", [0.0, 0.1])
def test_how_many_directions_are_tried_side_by_side_changes_nothing(
    adversarial, wrong, monkeypatch
):
    """Copies draw what the network draws; some may be left over, and large ones have none."""
    model, X, y = classifier(dropout=0.3, weight_noise=0.2, mixup=0.5, adversarial=adversarial)
    if wrong:
        backward_of(Dense, after_backward(a_unit_without_bias))(monkeypatch)
    found = []
    for number in (1, 7, comparison.MOST_COPIES):
        monkeypatch.setattr(comparison, "MOST_COPIES", number)
        found.append(check_gradients(model, X, y))
    monkeypatch.setattr(comparison, "COPIED_NUMBERS", 1)
    found.append(check_gradients(model, X, y))
    for errors in found:
        assert errors == pytest.approx(found[0], rel=1e-4, abs=RIGHT)
        assert {name for name, error in errors.items() if error > RIGHT} == (
            {"Dense 1 bias"} if wrong else set()
        )


def members(tree):
    """The classes of all members of a configuration."""
    if isinstance(tree, tuple):
        return set().union(*map(members, tree))
    if not is_dataclass(tree):
        return set()
    return {type(tree)}.union(*(members(getattr(tree, field.name)) for field in fields(tree)))


def kinds(cls):
    """The class's concrete descendants."""
    below = set().union(*map(kinds, cls.__subclasses__()))
    return below if inspect.isabstract(cls) else {cls} | below


def test_every_member_that_gradients_pass_is_in_a_table():
    """Of the layers, losses, penalties, weights in use and what happens to a batch."""
    networks = [*SOUND.values(), *(network for _, network, _ in ERRORS.values())]
    recipes = [training_plan(*network, None).recipe for network in networks]
    met = members(tuple(simplify(stack([recipe])) for recipe in recipes))
    nouns = (Layer, Loss, Penalty, Reparametrization, Augmentation, Adversarial)
    # Other tests make members of their own.
    wanted = {
        each for each in set().union(*map(kinds, nouns)) if each.__module__.startswith("sknnreg")
    }
    assert {each.__name__ for each in wanted - met} == set()


def test_a_gradient_that_is_no_number_is_found(monkeypatch):
    """It compares as nothing else does."""

    def no_number(layer, site):
        site.g.bias[..., 1] = np.nan

    backward_of(Dense, after_backward(no_number))(monkeypatch)
    assert check_gradients(*classifier())["Dense 1 bias"] == np.inf


def test_an_objective_that_is_no_number_is_refused():
    """exp of a thousand is no count."""
    X = 1e6 * inputs()
    model = MLPRegularizedRegressor((), loss="poisson", standardize=False, random_state=0)
    with pytest.raises(ValueError, match=r"the objective is inf .* standardize"):
        check_gradients(model, X, np.arange(N))
