"""``train`` on a stack equals ``train`` on each problem alone, bit for bit.

Eight networks differ in all their numbers and stop at different epochs, so rows leave the arrays
while others go on.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.arrays import batches, rows
from sknnreg.engine.arrays.stack import structure
from sknnreg.engine.loop import evaluation, update_step
from sknnreg.engine.loop.bound_network import BoundNetwork
from sknnreg.engine.loop.training import train

N, N_VALIDATION, N_FEATURES = 45, 17, 5
ROWS = range(8)
LAST_EPOCHS = (13, 13, 9, 13, 13, 7, 13, 11)
# One value for each network: zeros and infinities stand among others.
NUMBERS = {
    "learning_rate_init": (0.03, 0.01, 0.05, 0.02, 0.1, 0.003, 0.03, 0.02),
    "l1": (0.0, 0.01, 0.0, 0.001, 0.0, 0.05, 0.0, 0.0),
    "l2": (0.0, 0.0, 0.1, 0.01, 0.0, 0.3, 1.0, 0.0),
    "dropout": (0.0, 0.2, 0.0, 0.5, 0.1, 0.0, 0.9, 0.0),
    "input_dropout": (0.0, 0.0, 0.3, 0.1, 0.0, 0.0, 0.1, 0.0),
    "input_noise": (0.0, 0.1, 0.0, 0.0, 0.5, 0.0, 0.1, 0.0),
    "weight_noise": (0.0, 0.0, 0.05, 0.0, 0.1, 0.3, 0.0, 0.0),
    "drop_connect": (0.0, 0.3, 0.0, 0.1, 0.0, 0.0, 0.5, 0.0),
    "mixup": (0.0, 0.0, 0.2, 0.0, 1.0, 0.0, 0.4, 0.0),
    "clip_norm": (None, 1.0, None, 0.1, 5.0, None, 0.5, None),
    "max_norm": (None, None, 1.0, 0.3, None, 2.0, None, None),
    "max_weight_norm": (None, 3.0, None, None, 1.0, None, 2.0, None),
    "weight_decay": (0.0, 0.1, 0.0, 0.0, 0.5, 0.01, 0.0, 0.0),
    "gradient_noise": (0.0, 0.0, 0.1, 0.0, 0.01, 0.0, 0.3, 0.0),
    "gradient_noise_decay": (0.55, 0.0, 2.0, 0.1, 0.0, 0.2, 1.0, 0.3),
    "tol": (0.0, 0.05, 1e-4, 0.0, 0.3, 0.01, 0.0, 0.1),
    "n_iter_no_change": (np.inf, 1, 3, 2, 1, 2, np.inf, 4),
    "normalization_momentum": (0.9, 0.5, 0.0, 0.99, 0.9, 0.7, 0.9, 0.1),
    "learning_rate_min": (0.0, 0.001, 0.0, 0.002, 0.0, 0.003, 0.01, 0.0),
    "learning_rate_period": (2, 3, 1, 4, 5, 3, 2, 6),
    "learning_rate_period_mult": (1.0, 2.0, 1.5, 1.0, 1.0, 1.3, 1.0, 1.1),
    "learning_rate_decay": (0.95, 0.5, 1.0, 0.9, 0.1, 0.8, 0.99, 0.7),
    "learning_rate_warmup": (0, 1, 0, 2, 0, 0, 3, 0),
    "averaging_decay": (0.9, 0.0, 0.99, 0.5, 0.999, 0.8, 0.9, 0.7),
    "averaging_start": (0.0, 0.01, 0.02, 0.03, 0.01, 0.04, 0.05, 0.9),
}
ADAM = {
    "beta_1": (0.9, 0.0, 0.5, 0.9, 0.99, 0.8, 0.9, 0.7),
    "beta_2": (0.999, 0.9, 0.99, 0.5, 0.999, 0.9, 0.0, 0.8),
    "epsilon": (1e-8, 1e-3, 1e-8, 1e-1, 1e-8, 1e-5, 1e-8, 1.0),
}
SGD = {"momentum": (0.9, 0.0, 0.5, 0.99, 0.1, 0.9, 1.0, 0.3), "power_t": np.linspace(0, 1, 8)}
SOLVERS = {
    "adam": ({"solver": "adam"}, ADAM),
    "amsgrad": ({"solver": "amsgrad"}, ADAM),
    "rmsprop": ({"solver": "rmsprop"}, {name: ADAM[name] for name in ("beta_2", "epsilon")}),
    "momentum": ({"solver": "sgd", "nesterovs_momentum": False}, SGD),
    "nesterov": ({"solver": "sgd", "nesterovs_momentum": True}, SGD),
}
LOSSES = {
    "CrossEntropy": (MLPRegularizedClassifier, {}),
    "BinaryCrossEntropy": (MLPRegularizedClassifier, {}),
    "SquaredError": (MLPRegularizedRegressor, {}),
    "AbsoluteError": (MLPRegularizedRegressor, {"loss": "absolute_error"}),
    "Huber": (MLPRegularizedRegressor, {"loss": "huber"}),
    "Poisson": (MLPRegularizedRegressor, {"loss": "poisson"}),
}


def halving(update):
    return 0.5 ** (update / 10)


def targets(loss, x, rng):
    score = x[:, 0] - x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=len(x))
    if loss == "CrossEntropy":
        return np.digitize(score, (-0.7, 0.7))
    if loss == "BinaryCrossEntropy":
        return (score > 0).astype(int)
    return rng.poisson(np.exp(0.5 * score)) if loss == "Poisson" else score


def problems(loss="CrossEntropy", solver="adam", *, weighted=False, change=(), **settings):
    """A problem for each network, with its own numbers, seed and data."""
    cls, of_loss = LOSSES[loss]
    fixed, numbers = SOLVERS[solver]
    numbers = {**NUMBERS, **numbers, **dict(change)}
    if loss == "Huber":
        numbers["huber_delta"] = (1.0, 0.5, 0.1, 2.0, 1.0, 0.7, 3.0, 0.3)
    settings = {
        "hidden_layer_sizes": (6, 4),
        "batch_size": 16,
        "early_stopping": True,
        "normalization": "batch",
        "dtype": "float32",
        **of_loss,
        **fixed,
        **settings,
    }
    made = []
    for row in ROWS:
        rng = np.random.default_rng(row)
        x = rng.normal(size=(N, N_FEATURES))
        x_val = rng.normal(size=(N_VALIDATION, N_FEATURES))
        weights = [rng.uniform(0.1, 3.0, n) if weighted else None for n in (N, N_VALIDATION)]
        own = {name: values[row] for name, values in numbers.items()}
        model = cls(random_state=row, **own, **settings)
        plan = model._plan(
            (x, targets(loss, x, rng), weights[0]),
            (x_val, targets(loss, x_val, rng), weights[1]),
            max_iter=LAST_EPOCHS[row],
        )
        made.append(plan.prepared.problem(plan.recipe))
    return made


def assert_equal(together, alone):
    for stacked, single in zip(together, alone, strict=True):
        assert stacked.error is single.error is None
        assert stacked.values.dtype == single.values.dtype
        assert np.array_equal(stacked.values, single.values)
        assert_same_trees(vars(stacked.history), vars(single.history))
        assert_same_trees(vars(stacked.state), vars(single.state))


def assert_same_trees(ours, theirs):
    """The same numbers bit for bit, nan included.

    A member that is off in one network and on in another has a place in the stack's state alone.
    """
    for name in ours.keys() & theirs.keys():
        one, other = ours[name], theirs[name]
        if isinstance(one, dict):
            assert_same_trees(one, other)
        elif isinstance(one, (list, np.ndarray)):
            assert np.array_equal(one, other, equal_nan=True), name
        elif name != "streams":
            assert one == other, name


def assert_stack_equals_singles(make):
    """``make()`` gives the same problems, with fresh states, at every call."""
    together = train(make())
    alone = [train([problem])[0] for problem in make()]
    assert_equal(together, alone)
    return together


PRECISION_AND_WEIGHTS = list(product(("float32", "float64"), (False, True)))


# Each solver with each loss; precisions and weights take turns, so that every solver and every loss
# meets all four of their pairs.
@pytest.mark.parametrize(
    ("solver", "kind", "dtype", "weighted"),
    [
        pytest.param(
            *(solver, kind, *PRECISION_AND_WEIGHTS[(row + column) % 4]),
            marks=[pytest.mark.slow] * ((row + column) % 2),  # every solver, every loss by default
        )
        for row, solver in enumerate(SOLVERS)
        for column, kind in enumerate(LOSSES)
    ],
)
def test_solvers_and_losses(solver, kind, dtype, weighted):
    results = assert_stack_equals_singles(
        lambda: problems(kind, solver, weighted=weighted, dtype=dtype)
    )
    lengths = {len(result.history.loss) for result in results}
    assert len(lengths) > 2, "rows should leave at different epochs"
    reasons = {result.history.stop_reason for result in results}
    assert reasons >= {"no_improvement", "max_iter"}


@pytest.mark.parametrize(
    "settings",
    [
        {"normalization": None},
        {"normalization": None, "dropout_scaling": "predict"},
        {"normalization": "mean_only_batch", "weight_norm": True, "weighted": True},
        {"input_scale": 6.0, "weighted": True},
        {"normalization": "layer", "dropout_kind": "gaussian"},
        {"normalization": "group", "normalization_groups": 2, "dropout_kind": "alpha"},
        {
            "dropout_kind": "variational",
            "change": {"dropout": np.linspace(0.05, 0.6, 8), "input_dropout": [0.1] * 8},
        },
        {"change": {"adversarial": (0.0, 0.1, 0.0, 0.3, 0.0, 0.01, 0.0, 0.05)}},
        {"change": {"label_smoothing": (0.0, 0.1, 0.0, 0.3, 0.0, 0.0, 0.05, 0.5)}},
        {"normalization_position": "after", "batch_statistics": "population"},
        {"batch_statistics": "population", "weighted": True},
        {"early_stopping": False},
        {"shuffle": False},
        {"batch_sampling": "weighted", "weighted": True},
        {"batch_sampling": "weighted", "weighted": True, "batch_statistics": "population"},
        {"batch_sampling": "weighted", "weighted": True, "weight_averaging": "swa"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3, 1, 7), "activation": ("gelu", "tanh", "elu")},
        {"batch_size": 11},  # leaves one row over, which joins the batch before
        {"batch_size": N},
        {"batch_size": 5},
        {"batch_size": 1, "normalization": None},
        {"solver": "momentum", "learning_rate": "invscaling"},
        {"learning_rate": "exponential"},
        {"learning_rate": "step"},
        {"learning_rate": "cosine"},
        {"learning_rate": "cosine_restarts", "solver": "rmsprop"},
        {"learning_rate": "cyclic", "solver": "amsgrad"},
        {"learning_rate": "flat_cosine"},
        {"learning_rate": "one_cycle"},
        {"learning_rate": halving},
        {"weight_averaging": "ema"},
        {"weight_averaging": "ema", "change": {"l1": (0.0, 0.1, 0.0, 0.03, 0.0, 0.01, 0.0, 0.2)}},
        {"weight_averaging": "swa", "normalization": None},
        {"weight_averaging": "swa", "early_stopping": False},
        {"weight_averaging": "ema", "early_stopping": False, "batch_statistics": "population"},
        {"learning_rate": "cyclic", "n_snapshots": 3, "early_stopping": False},
        {"learning_rate": "cyclic", "n_snapshots": 2},
        {"learning_rate": "cyclic", "n_snapshots": 3, "weight_averaging": "swa"},
        {
            "learning_rate": "cosine_restarts",
            "n_snapshots": 2,
            "weight_averaging": "ema",
            "early_stopping": False,
        },
        {
            "learning_rate": "cosine_restarts",
            "n_snapshots": 2,
            "early_stopping": False,
            "batch_statistics": "population",
        },
        {"solver": "nesterov", "learning_rate": "adaptive"},
    ],
    ids=lambda settings: "+".join(f"{k}={getattr(v, '__name__', v)}" for k, v in settings.items()),
)
def test_settings(settings):
    assert_stack_equals_singles(lambda: problems(**settings))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
def test_wherever_memory_is_bounded(monkeypatch, weighted, dtype):
    """Where blocks, chunks and copies end changes nothing, in a stack or alone."""

    def make():
        return problems(weighted=weighted, dtype=dtype)

    def refuse(self, dtype):
        raise AssertionError("copied although it is large")

    expected = train(make())
    monkeypatch.setattr(update_step, "BLOCK", 37)
    monkeypatch.setattr(rows, "GATHER", 1)
    monkeypatch.setattr(batches, "CACHE_BYTES", 0)
    monkeypatch.setattr(batches.DataSet, "cached", refuse)
    assert_equal(assert_stack_equals_singles(make), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_validation_rows_judged_in_parts(monkeypatch, dtype):
    """How many validation rows are judged at a time must not depend on who else is there."""
    monkeypatch.setattr(evaluation, "MAX_SIGNAL", 6 * 5)  # 5 rows: no layer has more than 6 units
    heights, infer = set(), BoundNetwork.infer

    def measured(self, x):
        heights.add(x.shape[1])
        return infer(self, x)

    monkeypatch.setattr(BoundNetwork, "infer", measured)
    assert_stack_equals_singles(lambda: problems(dtype=dtype))
    assert heights == {5, N_VALIDATION % 5}


def test_going_on():
    """Continued networks, each from an epoch of its own, in a stack and alone."""

    def make():
        first = [train([problem])[0] for problem in problems(early_stopping=False)]
        return [
            replace(problem, state=result.state)
            for problem, result in zip(problems(early_stopping=False), first, strict=True)
        ]

    assert_stack_equals_singles(make)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["first", "last"])
def test_fresh_and_continued_networks(order):
    """Whoever starts trains beside who goes on, wherever each stands in the stack."""

    def make():
        made = problems(early_stopping=False)
        state = train([problems(early_stopping=False)[2]])[0].state
        return [made[0], replace(made[2], state=state)][order]

    assert_stack_equals_singles(make)


def test_numbers_off_in_all_networks_leave_no_trace():
    """A network with everything off trains like one whose recipe has nothing that could be on."""
    off = {name: [row[0]] * 8 for name, row in NUMBERS.items() if row[0] in (0.0, None)}

    def make(change):
        return problems(change={**change, "tol": [0.0] * 8, "n_iter_no_change": [np.inf] * 8})

    plain, among = train(make(off)), train(make({}))
    assert plain[7].values.shape == among[7].values.shape
    assert np.array_equal(plain[7].values, among[7].values)
    assert_same_trees(vars(plain[7].history), vars(among[7].history))
    bare = make(off)[7]
    recipe = replace(
        bare.recipe,
        network=replace(
            bare.recipe.network,
            layers=tuple(
                replace(layer, reparametrizations=()) if hasattr(layer, "reparametrizations")
                else layer
                for layer in bare.recipe.network.layers
                if type(layer).__name__ != "Dropout"
            ),
        ),
        augmentations=(),
        penalties=(),
        constraints=(),
        transforms=tuple(t for t in bare.recipe.transforms if type(t).__name__ == "Adam"),
    )  # fmt: skip
    assert structure(recipe) != structure(bare.recipe)
    assert np.array_equal(train([replace(bare, recipe=recipe)])[0].values, plain[7].values)


def assert_refused(make, order):
    """Each problem can be trained alone; in one stack they are refused, whichever comes first."""
    assert [train([problem])[0].error for problem in make()] == [None, None]
    with pytest.raises(ValueError, match=r"numbers of their.*rows, and whether these have weights"):
        train(make()[order])


def test_unequal_structure_is_refused():
    with pytest.raises(ValueError, match="structure"):
        train([problems()[0], problems(hidden_layer_sizes=(6, 5))[1]])


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["first", "last"])
class TestUnequalDataAreRefused:
    @pytest.mark.parametrize("part", ["train", "validation"])
    def test_weights_in_some(self, order, part):
        def make():
            first, second = problems()[:2]
            weighted = getattr(problems(weighted=True)[0], part)
            return [replace(first, **{part: weighted}), second]

        assert_refused(make, order)

    def test_validation_in_some(self, order):
        def make():
            bare, other = problems(early_stopping=False)[:2]
            return [replace(bare, validation=None), other]

        assert_refused(make, order)

    def test_an_augmentation_in_some(self, order):
        def make():
            first, second = problems()[:2]
            return [replace(first, raw=first.train, augment=lambda x, y, rng: (x, y)), second]

        assert_refused(make, order)

    @pytest.mark.parametrize("part", ["train", "validation"])
    def test_numbers_of_rows(self, order, part):
        def make():
            first, second = problems()[:2]
            data = getattr(first, part)
            fewer = replace(data, x=data.x.take(np.arange(10)), y=data.y.take(np.arange(10)))
            return [replace(first, **{part: fewer}), second]

        assert_refused(make, order)
