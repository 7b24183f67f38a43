"""A recipe: what it refuses, and what of it is the objective."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.engine.places.objective.penalties import L2
from sknnreg.engine.places.time.averaging import ExponentialAverage
from sknnreg.engine.places.time.monitors import TimeLimit
from sknnreg.engine.places.update import Transform
from sknnreg.engine.places.update.gradients import ClipNorm
from sknnreg.engine.places.update.weight_decay import WeightDecay
from sknnreg.engine.problem import BESIDE_THE_OBJECTIVE
from sknnreg.estimators.base import training_plan


@pytest.fixture
def recipe():
    X = np.random.default_rng(0).normal(size=(20, 3))
    return training_plan(MLPRegularizedRegressor((4,), random_state=0), X, X[:, 0]).recipe


@pytest.mark.parametrize(
    ("room", "member"),
    [
        ("transforms", WeightDecay(0.1)),
        ("transforms", ClipNorm(1.0)),
        ("monitors", TimeLimit(5.0)),
    ],
    ids=str,
)
def test_two_members_of_one_kind_would_share_a_state(recipe, room, member):
    """Even if they differ in their numbers."""
    with pytest.raises(ValueError, match=rf"{room} has two .*{type(member).__name__}.*one entry"):
        replace(recipe, **{room: (*getattr(recipe, room), member)})


def test_two_averages_too(recipe):
    with pytest.raises(ValueError, match=r"averaging has two .*ExponentialAverage"):
        replace(recipe, averaging=(ExponentialAverage(0.9), ExponentialAverage(0.99)))


def test_other_classes_of_the_same_name_too(recipe):
    @dataclass(frozen=True)
    class Adam(Transform):
        """Another one."""

    with pytest.raises(ValueError, match=r"transforms has two .*Adam"):
        replace(recipe, transforms=(*recipe.transforms, Adam()))


def test_the_objective_is_every_field_but_those_that_are_named(recipe):
    """Each of these is a field: a name that is not would let its field change the objective."""
    names = {f.name for f in fields(recipe)}
    assert names > BESIDE_THE_OBJECTIVE
    assert len(recipe.objective) == len(names - BESIDE_THE_OBJECTIVE)
    other = replace(recipe, learning_rate=9.0, max_iter=1.0, dtype="float64", transforms=())
    assert other.objective == recipe.objective
    assert replace(recipe, penalties=()).objective == recipe.objective  # they are off
    assert replace(recipe, penalties=(L2(0.1),)).objective != recipe.objective
