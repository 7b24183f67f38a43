"""The contributing page's recipes for new members, followed to the letter in a copy.

Each of the first four applies by itself to the project as it is. All four together: the laws, the
house rules and the declarations hold, and both estimators train with the toys. And the laws would
not take just anything: each toy with a slip in it fails.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
COPIED = ("sknnreg", "tests", "docs", "README.md", "pyproject.toml")
# How many files of the package a recipe may take.
TARGETS = {
    "An activation": 3,
    "A schedule": 4,
    "A kind of dropout": 4,
    "A penalty with its hyperparameter": 5,
}
NUMBERS = {3: "Three", 4: "Four", 5: "Five"}

FILE = re.compile(r"`([\w./-]+\.(?:py|md))`")
CODE_OR_PARAGRAPH = re.compile(r"^```(\w+)\n((?:.*\n)*?)```$|^(\S.*(?:\n.+)*)", re.MULTILINE)
IN_PLACE = re.compile(r"^In .+, `([^`]+)` becomes `([^`]+)`\.$")


@dataclass(frozen=True)
class NewFile:
    """A file that was not there."""

    files: tuple[str, ...]
    source: str

    def edited(self, text):
        assert not text, f"{self.files} is there already"
        return self.source


@dataclass(frozen=True)
class Below:
    """A class below another one."""

    files: tuple[str, ...]
    neighbour: str
    source: str

    def edited(self, text):
        (above,) = (each for each in ast.parse(text).body if is_class(each, self.neighbour))
        lines = text.splitlines(keepends=True)
        return "".join(
            [*lines[: above.end_lineno], "\n\n", self.source, *lines[above.end_lineno :]]
        )


@dataclass(frozen=True)
class Replaced:
    """Text in place of other text, which each file has once."""

    files: tuple[str, ...]
    old: str
    new: str

    def edited(self, text):
        times = text.count(self.old)
        assert times == 1, f"{self.files}: found {times} times: {self.old}"
        return text.replace(self.old, self.new)


def is_class(node, name):
    return isinstance(node, ast.ClassDef) and node.name == name


def parts_of(diff, files):
    """Each part between ``@@``: all lines but those added, replaced by all but those removed."""
    for part in re.split(r"^@@\n", diff, flags=re.MULTILINE):
        lines = [line or " " for line in part.splitlines()]
        assert {line[0] for line in lines} <= set(" +-"), f"a line without a sign in\n{part}"
        old = "".join(f"\n{line[1:]}" for line in lines if line[0] != "+")
        new = "".join(f"\n{line[1:]}" for line in lines if line[0] != "-")
        assert old.strip(), f"nothing says where to add\n{part}"
        yield Replaced(files, f"{old}\n", f"{new}\n")


def block_steps(head, files, kind, block):
    """What to do with a block under a line that names its files."""
    if kind == "diff":
        return parts_of(block, files)
    if head.startswith("New file"):
        return [NewFile(files, block)]
    return [Below(files, re.search(r"below `class (\w+)`", head)[1], block)]


def steps_of(recipe):
    """A recipe's steps: blocks under lines that name files, and sentences, ``a`` becomes ``b``."""
    files, head = (), ""
    for kind, block, paragraph in CODE_OR_PARAGRAPH.findall(recipe):
        if kind:
            assert head, f"no line names the file for\n{block}"
            yield from block_steps(head, files, kind, block)
            head = ""
            continue
        assert not head, f"no block follows {head!r}"
        told = " ".join(paragraph.split())
        files = tuple(FILE.findall(told)) or files
        if told.startswith(("In ", "New file ")) and told.endswith(":"):
            head = told
        elif swap := IN_PLACE.match(told):
            yield Replaced(files, swap[1], swap[2])
        else:
            assert not told.startswith("In `"), f"a step that cannot be followed: {told}"
    assert not head, f"no block follows {head!r}"


def section():
    (found,) = re.findall(r"^## How to add a member\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE)
    return found


def recipes():
    parts = re.split(r"^### (.+)\n", section(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def files_of(recipe):
    return {name for step in steps_of(recipe) for name in step.files}


def in_package(names):
    return {name for name in names if name.startswith("sknnreg/")}


def follow(recipe, root):
    """Do what a recipe says in a copy of the project."""
    for step in steps_of(recipe):
        for name in step.files:
            path = root / name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            path.write_text(step.edited(text), encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    """A copy to work in."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "_build", "generated", "*.png")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def grown(project):
    """A copy with all four toys."""
    for title in TARGETS:
        follow(recipes()[title], project)
    return project


def run_pytest(project, *arguments):
    """In a process of its own, whatever runs this one."""
    ours = ("PYTEST_", "COV_")
    # Neither examples in docstrings nor rewritten asserts, which take longer than what is run.
    lean = ("-o", "addopts=--import-mode=importlib --strict-markers", "--assert=plain")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *lean, *arguments],
        cwd=project, env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("title", TARGETS)
def test_a_recipe_applies_by_itself_and_is_as_short_as_it_says(title, project):
    recipe = recipes()[title]
    follow(recipe, project)
    package = in_package(files_of(recipe))
    assert len(package) <= TARGETS[title]
    assert recipe.lstrip().startswith(f"{NUMBERS[len(package)]} files of the package.")
    for name in files_of(recipe) - package:
        assert name == "README.md" or name.startswith(("tests/", "docs/"))


def test_files_that_the_section_names_are_there():
    made = {name for title in TARGETS for s in steps_of(recipes()[title]) for name in s.files
            if isinstance(s, NewFile)}  # fmt: skip
    named = set(re.findall(r"`((?:sknnreg|tests|docs)/[\w./-]+)`", section()))
    assert len(named) > 20
    assert made < named
    assert {name for name in named if not (ROOT / name).exists()} == made


def test_names_in_the_table_of_other_kinds_stand_in_the_file_beside_them():
    rows = re.findall(r"^\|.+\|$", recipes()["The other kinds"], re.MULTILINE)
    tried = 0
    for cell in "".join(rows).split("|"):
        files = FILE.findall(cell)
        for name in re.findall(r"`(\w+)`", cell) if len(files) == 1 else ():
            assert re.search(rf"\b{name}\b", (ROOT / files[0]).read_text(encoding="utf-8")), name
            tried += 1
    assert tried > 10


# With the toys, in the copy.
TRIED = """
from pathlib import Path

import numpy as np
import pytest

import sknnreg
from sknnreg.inspection import check_gradients

SETTINGS = [
    {"activation": "bent_identity"},
    {"learning_rate": "halving", "learning_rate_period": 1},
    {"dropout": 0.3, "input_dropout": 0.2, "dropout_kind": "log_normal", "adversarial": 0.1},
    {"log_cosh": 0.3},
]


def test_the_copy_is_what_is_tried():
    assert Path(sknnreg.__file__).is_relative_to(Path.cwd())


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("name", sknnreg.estimators.__all__)
def test_networks_train_with_it(name, setting):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = (X[:, 0] > 0).astype(int)
    found = []
    for settings in ({}, setting):
        model = getattr(sknnreg, name)(
            (5,), max_iter=5, n_iter_no_change=np.inf, batch_size=8, random_state=0, **settings
        )
        found.append(model.fit(X, y).coefs_[0])
    assert np.isfinite(found[1]).all()
    assert not np.array_equal(*found)
    model.set_params(adversarial=0.0)
    assert max(check_gradients(model, X, y).values()) < 1e-7


@pytest.mark.parametrize(("name", "bad"), [("log_cosh", -1.0), ("activation", "bent")])
def test_what_is_not_allowed_is_refused(name, bad):
    with pytest.raises(ValueError, match=name):
        sknnreg.MLPRegularizedRegressor(**{name: bad}).fit(np.eye(4), np.arange(4.0))
"""
TOYS = ("BentIdentity", "Halving", "LogNormalDropout", "LogCosh")
ROOMS = ("tests/laws", "tests/estimators/learning_rates", "tests/estimators/test_criterion.py",
         "tests/estimators/test_random_configurations.py", "tests/estimators/test_errors.py",
         "tests/test_declarations.py", "tests/test_house_rules.py",
         "tests/test_tried.py")  # fmt: skip
# The toys' own tests, those that go through a whole table, and those of all hyperparameters.
CHOSEN = (*TOYS, "bent_identity", "log_cosh", "test_members", "has_a_", "every_kind", "affine",
          "OffIsTheIdentity", "one_of_the_tables", "drawn_or_fixed", "test_declarations",
          "in_the_guide", "test_tried")  # fmt: skip


@pytest.mark.slow
def test_what_the_recipes_make_is_a_member_like_any_other(grown):
    (grown / "tests" / "test_tried.py").write_text(TRIED, encoding="utf-8")
    touched = {name for title in TARGETS for name in in_package(files_of(recipes()[title]))}
    done = run_pytest(grown, *ROOMS, "-k", " or ".join((*CHOSEN, *sorted(touched))))
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    for toy in TOYS:
        assert len(re.findall(rf"^tests/laws/.*\[.*{toy}.* PASSED", done.stdout, re.M)) > 10, toy


# A slip in each toy, and the law that finds it.
SLIPS = [
    ("signal/activations.py", "np.divide(x, 2 * np", "np.divide(x, 3 * np",
     r"test_gradients\.py::test_layers\[.*BentIdentity"),
    ("update/schedules/decays.py", "power(0.5, ", "power(0.6, ",
     r"test_schedules\.py::test_formula\[.*Halving"),
    ("signal/log_normal_dropout.py", "np.multiply(grad_y, factor, out=grad_y)", "grad_y",
     r"test_gradients\.py::test_layers\[.*LogNormalDropout"),
    ("objective/penalties.py", "np.tanh(weights, out=work)", "np.sin(weights, out=work)",
     r"test_gradients\.py::test_penalties\[.*LogCosh"),
]  # fmt: skip
FORGOTTEN = '''

@dataclass(frozen=True)
class Forgotten(Schedule):
    """1, and in no table."""

    def factors(self, progress: Progress) -> Array:
        return progress.throughout(np.ones(progress.updates.shape))
'''


@pytest.mark.slow
def test_the_laws_find_a_slip_in_each_and_a_member_without_a_row(grown):
    places = grown / "sknnreg" / "engine" / "places"
    for name, right, wrong, _ in SLIPS:
        slip = Replaced((name,), right, wrong)
        text = slip.edited((places / name).read_text(encoding="utf-8"))
        (places / name).write_text(text, encoding="utf-8")
    with (places / "update" / "schedules" / "decays.py").open("a", encoding="utf-8") as file:
        file.write(FORGOTTEN)
    laws = [f"tests/laws/test_{name}.py" for name in ("gradients", "schedules", "members")]
    done = run_pytest(grown, *laws, "-k", " or ".join((*TOYS, "table")), "--tb=no")
    failed = re.findall(r"^FAILED (.+)$", done.stdout, re.MULTILINE)
    expected = [law for *_, law in SLIPS] + [r"test_every_member_is_in_its_table\[schedule\]"]
    for law in expected:
        assert any(re.search(law, each) for each in failed), done.stdout[-5000:] + done.stderr
    # And nothing else has been upset: other members' laws still hold.
    assert not [each for each in failed if not any(toy in each for toy in (*TOYS, "schedule]"))]
