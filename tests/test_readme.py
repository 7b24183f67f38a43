"""The Python examples of README, front page, glossary and guide run, each page as one program."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "index.md",
    ROOT / "docs" / "glossary.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
TAKE_SECONDS = {"clusters", "scikit_learn", "searches", "tables"}
BLOCK = re.compile(r"(<!-- not run -->\s*)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {
    page: [match for match in BLOCK.finditer(page.read_text(encoding="utf-8")) if not match[1]]
    for page in PAGES
}


def test_most_pages_show_python():
    assert SHOWN[ROOT / "README.md"]
    assert sum(map(bool, SHOWN.values())) > 10


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] * (page.stem in TAKE_SECONDS), id=page.stem)
        for page in PAGES
        if SHOWN[page]
    ],
)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    name = page.stem.lower()
    module = ModuleType(name)  # registered, so that what the blocks define can be pickled
    monkeypatch.setitem(sys.modules, name, module)
    text = page.read_text(encoding="utf-8")
    for match in SHOWN[page]:
        padding = "\n" * text.count("\n", 0, match.start(2))  # tracebacks name the page's lines
        exec(compile(padding + match[2], str(page), "exec"), vars(module))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
