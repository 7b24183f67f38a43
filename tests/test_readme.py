"""The README's Python examples run, in order, as one program."""

import re
import sys
from pathlib import Path
from types import ModuleType

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- not run -->\s*)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    module = ModuleType("readme")  # registered, so that what the blocks define can be pickled
    monkeypatch.setitem(sys.modules, "readme", module)
    text = README.read_text(encoding="utf-8")
    blocks = [match for match in BLOCK.finditer(text) if not match[1]]
    assert blocks, "the README shows no Python"
    for match in blocks:
        padding = "\n" * text.count("\n", 0, match.start(2))  # tracebacks name README lines
        exec(compile(padding + match[2], str(README), "exec"), vars(module))
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
