"""The examples that need further packages run where these are."""

import doctest
import re
import warnings
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPRegularizedClassifier, export

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "export.md"
NEEDED = ("onnx", "onnxruntime", "skl2onnx", "skops", "pandas")


@pytest.fixture(autouse=True)
def packages():
    for each in NEEDED:
        pytest.importorskip(each)


def test_all_blocks_of_the_guide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    with warnings.catch_warnings():
        exec("\n".join(blocks), {"__name__": "export_guide"})
    assert {each.name for each in tmp_path.iterdir()} == {
        "model.onnx", "model.joblib", "model.skops"}  # fmt: skip


@pytest.mark.parametrize("name", export.__all__)
def test_all_lines_of_the_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = load_iris(return_X_y=True)
    model = MLPRegularizedClassifier((5,), max_iter=2, n_iter_no_change=None).fit(X, y)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    given = {
        "X": X,
        "model": model,
        "pipeline": pipeline,
        "skl2onnx": pytest.importorskip("skl2onnx"),
    }
    shown = getattr(export, name).__doc__.replace("# doctest: +SKIP", "")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    example = doctest.DocTestParser().get_doctest(shown, given, name, None, 0)
    found = []
    doctest.DocTestRunner(optionflags=flags).run(example, out=found.append)
    assert example.examples
    assert not found, "".join(found)
