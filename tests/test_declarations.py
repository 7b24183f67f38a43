"""Hyperparameters are declared once: constructors, docstrings and the maps say the same."""

import ast
import inspect
import re
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

import pytest

from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor
from sknnreg.engine.places.signal.activations import ACTIVATIONS, ActivationName
from sknnreg.estimators import choices
from sknnreg.estimators.hyperparameters import Hyperparameters, NotWithLBFGS, Place, from_zero

ROOT = Path(__file__).resolve().parents[1]
ESTIMATORS = [MLPRegularizedClassifier, MLPRegularizedRegressor]
BOTH = pytest.mark.parametrize("Estimator", ESTIMATORS)
OWN = {
    MLPRegularizedClassifier: ["label_smoothing", "class_weight", "temperature"],
    MLPRegularizedRegressor: ["loss", "huber_delta", "clip_predictions"],
}
TABLES = {
    "activation": (ACTIVATIONS, ActivationName),
    "dropout_kind": (choices.DROPOUTS, choices.DropoutKind),
    "normalization": (choices.NORMALIZATIONS, choices.NormalizationName),
    "loss": (choices.LOSSES, choices.LossName),
    "solver": ({**choices.OPTIMIZERS, "lbfgs": None}, choices.SolverName),
    "learning_rate": (choices.SCHEDULES, choices.ScheduleName),
    "weight_averaging": (choices.AVERAGINGS, choices.AveragingName),
}


def parameters(Estimator):
    return inspect.signature(Estimator).parameters


def declared(Estimator):
    return Estimator._declarations


def at_places(names, Estimator):
    """The names by the title of the place where they are declared."""
    by_place = {place.value: set() for place in Place}
    for name in names:
        by_place[declared(Estimator)[name].place.value].add(name)
    return by_place


def section(Estimator, title):
    """The text of one section of a class docstring."""
    doc = inspect.cleandoc(Estimator.__doc__)
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", doc, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def entries(Estimator, title):
    """Each entry of a section: its name or names, its type and its text."""
    parts = re.split(r"^(\w[\w, ]*) : (.+)$", section(Estimator, title), flags=re.MULTILINE)
    names, kinds, texts = parts[1::3], parts[2::3], parts[3::3]
    return {
        name: (kind, " ".join(text.split()))
        for name, kind, text in zip(names, kinds, texts, strict=True)
    }


def words_in(text):
    return set(re.findall(r"`(\w+)`", text))


@BOTH
def test_declared_are_the_parameters_in_the_order_of_the_places(Estimator):
    names = list(parameters(Estimator))
    assert set(declared(Estimator)) == set(names)
    order = [list(Place).index(declared(Estimator)[name].place) for name in names]
    assert order == sorted(order)
    shared = [name for name in names if name not in OWN[Estimator]]
    assert list(declared(Estimator)) == shared + OWN[Estimator]


@BOTH
def test_constructors_have_the_declared_types(Estimator):
    types = get_type_hints(Estimator.__init__)
    said = {
        name: hint
        for cls in (Hyperparameters, Estimator)
        for name, hint in get_type_hints(cls).items()
    }
    for name in parameters(Estimator):
        assert types[name] == said[name], name


@BOTH
def test_defaults_are_allowed(Estimator):
    Estimator()._validate_params()


@BOTH
def test_constraints_are_those_declared(Estimator):
    table = Estimator._parameter_constraints
    assert {name: tuple(allowed) for name, allowed in table.items()} == {
        name: each.allowed for name, each in declared(Estimator).items()
    }


def test_a_subclass_declares_in_the_same_way():
    class Child(MLPRegularizedRegressor):
        l3: Annotated[float | None, Place.OBJECTIVE, from_zero, None, NotWithLBFGS.DRAWS]

    added = set(Child._declarations) - set(MLPRegularizedRegressor._declarations)
    assert added == {"l3"}
    assert Child._declarations["l3"] == (Place.OBJECTIVE, (from_zero, None), NotWithLBFGS.DRAWS)
    assert Child._parameter_constraints["l3"] == [from_zero, None]
    assert "l3" not in Hyperparameters._declarations


@pytest.mark.parametrize("name", TABLES)
def test_names_of_choices_are_the_keys_of_their_table_in_order(name):
    """For the type, which editors show, for validation and in the docstrings."""
    table, names = TABLES[name]
    assert get_args(names) == tuple(table)
    for Estimator in ESTIMATORS:
        if name in parameters(Estimator):
            options = Estimator._parameter_constraints[name][0].options
            assert [each for each in options if each != choices.INSTANCE] == list(table)
            kind, text = entries(Estimator, "Parameters")[name]
            for each in table:
                assert f'"{each}"' in kind + text
            if kind.startswith("{"):
                assert re.findall(r'"(\w+)"', kind.split("}")[0]) == list(table)


def test_messages_tell_choices_in_the_order_of_the_table():
    with pytest.raises(ValueError, match="'adam', 'sgd', 'rmsprop', 'amsgrad', 'lbfgs'"):
        MLPRegularizedRegressor(solver="newton").fit([[0.0], [1.0]], [0.0, 1.0])


@BOTH
def test_parameters_are_documented_in_the_order_of_the_signature_with_their_defaults(Estimator):
    told = entries(Estimator, "Parameters")
    assert list(told) == list(parameters(Estimator))
    for name, (kind, _) in told.items():
        default = re.search(r"default=(.+)$", kind)[1]
        assert ast.literal_eval(default) == parameters(Estimator)[name].default, name


@BOTH
def test_a_parameters_text_begins_with_its_place(Estimator):
    for name, (_, text) in entries(Estimator, "Parameters").items():
        number = declared(Estimator)[name].place.value[0]
        told = re.match(r"Place (\d)\.", text)
        assert (told and told[1]) == (number if number.isdigit() else None), name


@BOTH
def test_fitted_attributes_are_documented_and_typed(Estimator):
    """All that a type checker knows of stand in the docstring, and no others."""
    told = {name for names in entries(Estimator, "Attributes") for name in names.split(", ")}
    typed = {
        name
        for cls in Estimator.__mro__
        for name in inspect.get_annotations(cls)
        if name.endswith("_") and not name.startswith("_")
    }
    assert told == typed | {"n_features_in_", "feature_names_in_"}


@pytest.mark.parametrize("title", ["Parameters", "Attributes"])
def test_what_both_share_reads_alike(title):
    one, other = (entries(Estimator, title) for Estimator in ESTIMATORS)
    shared = set(one) & set(other)
    assert len(shared) > 20
    differ = {name for name in shared if one[name] != other[name]}
    assert differ <= {"out_activation_"}


@pytest.mark.parametrize("title", ["Raises", "Notes"])
def test_sections_that_both_share_read_alike(title):
    one, other = (section(Estimator, title).split() for Estimator in ESTIMATORS)
    assert one == other


def test_references_differ_in_one_each():
    one, other = (
        {" ".join(each.split()) for each in section(Estimator, "References").split("\n* ")}
        for Estimator in ESTIMATORS
    )
    assert (len(one - other), len(other - one)) == (1, 1)


@BOTH
def test_what_lbfgs_refuses_is_told_with_the_solver(Estimator):
    _, text = entries(Estimator, "Parameters")["solver"]
    refused = {name for name, each in declared(Estimator).items() if each.not_with_lbfgs}
    # With schedules, warm-ups are off.
    told = words_in(text[text.index("deterministic objective") :])
    assert told == refused - {"learning_rate_warmup"}
    assert {each.not_with_lbfgs for each in declared(Estimator).values()} == {None, *NotWithLBFGS}


def everything():
    """The places of all parameters of both estimators."""
    by_place = {place.value: set() for place in Place}
    for Estimator in ESTIMATORS:
        for title, names in at_places(parameters(Estimator), Estimator).items():
            by_place[title] |= names
    return by_place


@BOTH
def test_the_map_in_the_docstring(Estimator):
    table = Estimator.__doc__.split("Parameters\n", 1)[0]
    (body,) = re.findall(r"^ *=+  =+\n *place .*\n *=+  =+\n((?:.*\n)+?) *=+  =+$", table, re.M)
    rows = re.split(r"^    (?=\S)", body, flags=re.MULTILINE)[1:]
    told = {re.split(r"\s{2,}", row, maxsplit=1)[0]: words_in(row) for row in rows}
    assert told == everything()


@BOTH
def test_the_objective_in_the_docstring_has_every_penalty(Estimator):
    (formula,) = re.findall(r"^        J = (?:.+\n)+", Estimator.__doc__, re.MULTILINE)
    defaults = {name: each.default for name, each in parameters(Estimator).items()}
    strengths = {
        name
        for name, each in declared(Estimator).items()
        if each.place is Place.OBJECTIVE and defaults[name] == 0.0
    }
    assert strengths >= {"l1", "l2"}
    assert strengths <= set(re.findall(r"\w+", formula))


def rows_of_places(text):
    """A Markdown table of the places: what stands as code in each row's last cell."""
    rows = re.findall(r"^\| \[?(\d [a-z ]+)\S* \|.*\| (.+) \|$", text, re.MULTILINE)
    return {title.strip(): words_in(cell) for title, cell in rows}


def test_the_map_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = everything()
    elsewhere = places.pop(Place.NETWORK.value) | places.pop(Place.OTHER.value)
    assert rows_of_places(text) == places
    (sentence,) = re.findall(r"^The network itself is given by (?:.*\n)+?\n", text, re.MULTILINE)
    assert words_in(sentence.split("(")[0]) == elsewhere


@pytest.mark.parametrize("page", ["docs/index.md", "docs/guide/regularizers.md"])
def test_shorter_maps_have_each_parameter_at_its_place(page):
    told = rows_of_places((ROOT / page).read_text(encoding="utf-8"))
    places = everything()
    assert list(told) == [place.value for place in Place if place.value[0].isdigit()]
    for title, names in told.items():
        assert names, title
        assert names <= places[title], title


def test_the_rooms_of_the_engine_are_the_places():
    import sknnreg.engine.places as places

    rooms = re.findall(r"^(\d)\. ``(\w+)``", places.__doc__, re.MULTILINE)
    titles = [f"{number} {room.replace('_', ' ')}" for number, room in rooms]
    assert titles == [place.value for place in Place if place.value[0].isdigit()]
