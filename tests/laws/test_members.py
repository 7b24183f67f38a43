"""The tables are complete, and every member is documented, frozen and final."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import numpy as np

import sknnreg.engine
from sknnreg.engine.arrays.stack import structure
from sknnreg.engine.places.signal.activation import Activation

for _, name, _ in pkgutil.walk_packages(sknnreg.engine.__path__, "sknnreg.engine."):
    importlib.import_module(name)


def descendants(cls):
    """All classes of the package below ``cls``."""
    found = []
    for child in cls.__subclasses__():
        found += [child, *descendants(child)]
    return [each for each in found if each.__module__.startswith("sknnreg.")]


def concrete(cls):
    return [each for each in descendants(cls) if not inspect.isabstract(each)]


def test_every_member_is_in_its_table(noun, members):
    base, cases = members[noun]
    expected = set(concrete(base))
    if noun == "layer":  # the activations have a table of their own
        expected -= set(concrete(Activation))
    assert expected, f"no concrete {base.__name__} found"
    assert {each.cls for each in cases} == expected


def test_every_abstract_class_has_a_table(members):
    """A noun is an abstract class that is the root of members; none may go untested."""
    bases = {base for base, _ in members.values()}
    roots = set()
    for _, name, _ in pkgutil.walk_packages(sknnreg.engine.__path__, "sknnreg.engine."):
        for cls in vars(importlib.import_module(name)).values():
            if inspect.isclass(cls) and inspect.isabstract(cls) and dataclasses.is_dataclass(cls):
                roots.add(cls)
    covered = bases | {child for base in bases for child in descendants(base)}
    assert {each.__name__ for each in roots - covered} == {"Rows"}  # see tests/engine/test_rows.py


def test_docstrings(noun, members):
    """A dataclass without a docstring gets its signature for one: that does not count."""
    base, _ = members[noun]
    for cls in (base, *descendants(base)):
        doc = cls.__dict__.get("__doc__")
        assert doc, f"{cls.__name__} lacks a docstring"
        assert not doc.startswith(f"{cls.__name__}("), f"{cls.__name__} lacks a docstring"


def test_classes_are_abstract_or_final(noun, members):
    for cls in concrete(members[noun][0]):
        assert not descendants(cls), f"{cls.__name__} is concrete and has subclasses"


def test_members_are_frozen_and_hashable(noun, members):
    for each in members[noun][1]:
        assert each.cls.__dataclass_params__.frozen
        assert hash(structure(each.stacked)) == hash(structure(each.configs[0]))


def test_numbers_alone_tell_the_cases_apart(noun, members):
    """The three configurations of a case can train in one stack."""
    for each in members[noun][1]:
        assert len({structure(config) for config in each.configs}) == 1


def test_members_that_can_be_off_are_tried_switched_off(noun, members):
    """And a member is only off or on by its numbers, network by network."""
    can_be_off = {
        each.cls
        for each in members[noun][1]
        if isinstance(getattr(each.stacked, "active", True), np.ndarray)
    }
    for each in members[noun][1]:
        for config, on in zip(each.configs, each.active, strict=True):
            assert np.all(getattr(config, "active", True)) == on
    tried = {each.cls for each in members[noun][1] if not each.active.all()}
    assert tried == can_be_off


def test_monitors_name_distinct_reasons(members):
    reasons = [cls.reason for cls in concrete(members["monitor"][0])]
    assert len(set(reasons)) == len(reasons)


# Where the docs' word for a member is not its name.
WORDS = {
    "InverseScaling": "invscaling",
    "AdaptiveRate": "adaptive",
    "TimeLimit": "max_time",
    "LossReached": "early_stopping_refit",
    "RMSprop": "rmsprop",
    "AMSGrad": "amsgrad",
    "Custom": "callable",
    "WarmUp": "learning_rate_warmup",
    "ExponentialAverage": "ema",
    "EpochAverage": "swa",
    "Divergence": "diverge",
    "Plateau": "n_iter_no_change",
    "ClipNorm": "clip_norm",
    "Dense": "coefs_",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "SiLU": "silu",
    "BinaryCrossEntropy": "cross-entropy",
}


def test_every_member_has_a_line_in_the_guide(noun, members):
    """By its name in words, or by the parameter that turns it on."""
    guide = Path(__file__).parents[2] / "docs" / "guide"
    text = " ".join(page.read_text(encoding="utf-8") for page in sorted(guide.glob("*.md"))).lower()
    text = re.sub(r"[\s`_-]+", " ", text)
    for cls in concrete(members[noun][0]):
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__)
        word = re.sub(r"[\s_-]+", " ", WORDS.get(cls.__name__, spaced).lower()).strip()
        assert word in text, f"docs/guide says nothing of {cls.__name__}"
