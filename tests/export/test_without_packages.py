"""Errors that say what to install; and the package does without all of it."""

import subprocess
import sys

import pytest

from sknnreg import MLPRegularizedRegressor
from sknnreg.export import register_skl2onnx, to_onnx


def test_to_onnx_says_what_to_install(monkeypatch, quick, make_rows):
    monkeypatch.setitem(sys.modules, "onnx", None)
    est = MLPRegularizedRegressor(**quick).fit(make_rows(), make_rows()[:, 0])
    with pytest.raises(ImportError, match=r"to_onnx needs onnx.*pip install 'sknnreg\[onnx\]'"):
        to_onnx(est)


def test_register_skl2onnx_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"register_skl2onnx needs skl2onnx.*pip install"):
        register_skl2onnx()


def test_nothing_of_it_is_imported_before_it_is_asked_for():
    script = (
        "import sys, sknnreg.export; "
        "sys.exit(any(name in sys.modules for name in ('onnx', 'skl2onnx', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
