"""What holds for every file: sizes, names, docstrings; and every parameter is in the guide."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import sknnreg
from sknnreg import MLPRegularizedClassifier, MLPRegularizedRegressor

ROOT = Path(sknnreg.__file__).parent
DOCS = Path(__file__).resolve().parents[1] / "docs"
FILES = sorted(ROOT.rglob("*.py"))
NAMES = [path.relative_to(ROOT.parent).as_posix() for path in FILES]
EACH_FILE = pytest.mark.parametrize("path", FILES, ids=NAMES)
ENGINE = [path for path in FILES if path.is_relative_to(ROOT / "engine")]
BOTH = pytest.mark.parametrize("Estimator", [MLPRegularizedClassifier, MLPRegularizedRegressor])

LINES_PER_FILE, LINES_PER_FUNCTION = 300, 40
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | Function


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def docstring_lines(tree):
    """The numbers of all lines that docstrings take."""
    numbers = set()
    for node in ast.walk(tree):
        if isinstance(node, Documented) and ast.get_docstring(node) is not None:
            numbers |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return numbers


def first_line(function):
    return function.body[0].lineno if function.name == "__init__" else function.lineno


def function_sizes(tree):
    """Lines of each function without docstrings, those of functions inside it included.

    A constructor's begin at its body: an estimator's has to name every hyperparameter.
    """
    skipped = docstring_lines(tree)
    return {
        f"{node.name} (line {node.lineno})": len(
            set(range(first_line(node), node.end_lineno + 1)) - skipped
        )
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }


def undocumented(body, where=""):
    """Public classes, functions and methods that lack a docstring of their own."""
    for node in body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            name = f"{where}{node.name}"
            if ast.get_docstring(node) is None:
                yield name
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node.body, f"{name}.")


class TestTheMeasures:
    """The rules below can be broken."""

    SOURCE = '''
"""A room.

With a long story.
"""

class Layer:
    """A layer."""

    def __init__(
        self,
        size,
    ):
        self.size = size

    def bind(self):
        """Bind."""
        def forward(x):
            return x

        return forward

    def affine(self):
        return None

    def _bind(self):
        return None

class Loss: pass

async def fetch():
    """Fetch.

    Slowly.
    """
    return 1
'''

    def test_sizes(self):
        tree = ast.parse(self.SOURCE)
        assert len(docstring_lines(tree)) == 4 + 1 + 1 + 4
        sizes = {name.split()[0]: size for name, size in function_sizes(tree).items()}
        assert sizes == {
            "__init__": 1,
            "bind": 5,
            "forward": 2,
            "affine": 2,
            "_bind": 2,
            "fetch": 2,
        }

    def test_docstrings(self):
        assert list(undocumented(ast.parse(self.SOURCE).body)) == ["Layer.affine", "Loss"]

    def test_there_are_files_to_look_at(self):
        assert len(FILES) > 40
        assert len(ENGINE) > 30


@EACH_FILE
def test_no_file_is_too_large(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) - len(docstring_lines(parse(path))) < LINES_PER_FILE


@EACH_FILE
def test_no_function_is_too_long(path):
    long = {name: n for name, n in function_sizes(parse(path)).items() if n >= LINES_PER_FUNCTION}
    assert not long


@EACH_FILE
def test_no_catch_all_names(path):
    """A helper lives with the noun it helps."""
    for part in path.relative_to(ROOT).with_suffix("").parts:
        assert part not in {"util", "utils", "helper", "helpers", "common", "misc", "tools"}


@EACH_FILE
def test_every_module_has_a_docstring(path):
    assert ast.get_docstring(parse(path))


@EACH_FILE
def test_every_public_class_and_function_has_a_docstring(path):
    """In the engine a member's methods are told of once, on the class it is a member of."""
    found = list(undocumented(parse(path).body))
    if path in ENGINE:
        found = [name for name in found if "." not in name]
    assert not found


@pytest.mark.parametrize(
    "name",
    [
        "sknnreg",
        "sknnreg.augmentation",
        "sknnreg.callback",
        "sknnreg.ensemble",
        "sknnreg.estimators",
        "sknnreg.export",
        "sknnreg.inspection",
        "sknnreg.preprocessing",
        "sknnreg.tabular",
    ],
)
def test_all_is_what_is_exported(name):
    module = importlib.import_module(name)
    public = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType)
    }
    assert set(module.__all__) == public
    assert module.__all__ == sorted(module.__all__)


def test_every_module_can_be_imported_and_what_it_promises_is_there():
    for _, name, _ in pkgutil.walk_packages(sknnreg.__path__, "sknnreg."):
        module = importlib.import_module(name)
        for each in getattr(module, "__all__", ()):
            assert hasattr(module, each), f"{name}.{each}"


def parameters(Estimator):
    return list(inspect.signature(Estimator).parameters)


@BOTH
def test_every_parameter_is_in_the_guide(Estimator):
    """As code, alone or with a value."""
    guide = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "guide").glob("*.md"))
    prose = re.sub(r"^```.*?^```$", "", guide, flags=re.MULTILINE | re.DOTALL)
    spans = "\n".join(re.findall(r"`([^`\n]+)`", prose))
    missing = [name for name in parameters(Estimator) if not re.search(rf"\b{name}\b", spans)]
    assert not missing
