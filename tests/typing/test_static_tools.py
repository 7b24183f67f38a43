"""What type checkers and editors know of the estimators, without running anything."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import sknnreg

SOURCE = Path(__file__).with_name("user_script.py")
PACKAGES = Path(sknnreg.__file__).parents[1]
NAMES = ["MLPRegularizedClassifier", "MLPRegularizedRegressor"]


@pytest.fixture
def script(tmp_path):
    """The user's script, in a folder of its own."""
    return Path(shutil.copy(SOURCE, tmp_path))


def slips():
    lines = SOURCE.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# slip")}


def run(*command, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_there_are_slips():
    assert len(slips()) > 10


@pytest.mark.slow
def test_mypy_finds_the_slips_and_nothing_else(script, pytestconfig):
    pytest.importorskip("mypy")
    # sknnreg as installed: what mypy finds within it is not the user's concern.
    options = ("--strict", "--ignore-missing-imports", "--follow-imports=silent", "--config-file=")
    # What it knows of NumPy takes it longest, and stays the same from run to run.
    kept = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("mypy") if kept else script.parent / "cache"
    found = run(
        "mypy", *options, "--cache-dir", cache, script.name,
        cwd=script.parent, MYPYPATH=str(PACKAGES),
    )  # fmt: skip
    lines = re.findall(r"^user_script\.py:(\d+): error", found.stdout, re.MULTILINE)
    assert set(map(int, lines)) == slips(), found.stdout + found.stderr


@pytest.mark.slow
def test_basedpyright_finds_the_slips_and_nothing_else(script):
    if find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed")
    settings = {"typeCheckingMode": "standard", "extraPaths": [str(PACKAGES)]}
    script.with_name("pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    options = ("--outputjson", "--pythonpath", sys.executable, script.name)
    found = run("basedpyright", *options, cwd=script.parent)
    diagnostics = json.loads(found.stdout)["generalDiagnostics"]
    lines = {each["range"]["start"]["line"] + 1 for each in diagnostics}
    assert lines == slips(), [each["message"] for each in diagnostics]


@pytest.fixture
def interpret(tmp_path_factory, monkeypatch):
    """What an editor makes of some code."""
    jedi = pytest.importorskip("jedi")
    # Of its own: where two processes fill one folder, a file may be read half written.
    folder = tmp_path_factory.getbasetemp() / "jedi"
    monkeypatch.setattr(jedi.settings, "cache_directory", str(folder))
    project = jedi.Project(PACKAGES, added_sys_path=[str(PACKAGES)])
    return lambda code: jedi.Script(code, project=project)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_editors_help_names_all_parameters(name, interpret):
    found = interpret(f"from sknnreg import {name}\n{name}")
    (definition,) = found.infer(2, 1)
    told = definition.docstring()
    for parameter in inspect.signature(getattr(sknnreg, name)).parameters:
        assert re.search(rf"^{parameter} : .*default=", told, re.MULTILINE), parameter
    assert "{parameters" not in told


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_an_editor_completes_hyperparameters_fitted_attributes_and_arguments(name, interpret):
    code = f"from sknnreg import {name}\nest = {name}((5,))\n"
    for begun, expected in {
        "est.dropo": {"dropout", "dropout_kind", "dropout_scaling", "dropout_rates_"},
        "est.loss_c": {"loss_curve_"},
        "est.pred": {"predict"},
        f"{name}(drop_": {"drop_connect=", "drop_connect_inference="},
    }.items():
        completions = {each.name for each in interpret(code + begun).complete()}
        assert expected <= completions, begun
