"""`.. claims-table::` sums up what the examples of the claims printed in this build."""

import ast
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive, DirectiveError
from docutils.statemachine import StringList

VERDICTS = {
    "holds": "success",
    "holds in part": "warning",
    "does not show here": "secondary",
}
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "claims"
LINE = r"^ *{}: (.+)$"


class ClaimsTable(Directive):
    """A row for each example: its claim, what was measured, the verdict."""

    def run(self) -> list[nodes.Node]:
        """Rows from the pages that the gallery has just written, beside this one."""
        folder = Path(self.state.document.current_source).parent
        if folder.name != EXAMPLES.name:  # the gallery's main page, which repeats all headers
            return []
        lines = [
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 5 45 35 15",
            "   :class: claims",
            "",
            *row("", "claim", "measured in this build", "verdict"),
        ]
        for example in sorted(EXAMPLES.glob("plot_*.py")):
            lines += self.told(example, folder)
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source=str(folder)), self.content_offset, node)
        return node.children

    def told(self, example: Path, folder: Path) -> list[str]:
        """The row of one example; an error where it lacks a part or has a verdict of its own."""
        self.state.document.settings.env.note_dependency(str(folder / f"{example.stem}.rst"))
        words = ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or ""
        claim = re.search(r"\*\*Claim\.\*\* (.+?)(?:\n\n|$)", words, re.DOTALL)
        printed = (folder / f"{example.stem}.rst").read_text(encoding="utf-8")
        measured = re.findall(LINE.format("Measured"), printed, re.MULTILINE)
        verdict = re.findall(LINE.format("Verdict"), printed, re.MULTILINE)
        if claim is None or not measured or not verdict or verdict[-1] not in VERDICTS:
            raise DirectiveError(
                3,
                f"{example.name} must have a **Claim.** in its docstring and print "
                f"'Measured: ...' and 'Verdict: ...', one of {list(VERDICTS)}; found "
                f"{measured} and {verdict}. If it was not executed, remove its page and build "
                "again.",
            )
        number = example.stem.split("_")[1].lstrip("0")
        title = words.strip().splitlines()[0]
        statement = " ".join(claim[1].split())
        return row(
            number,
            f":doc:`{title} </{folder.parent.name}/{folder.name}/{example.stem}>`: {statement}",
            measured[-1],
            f":bdg-{VERDICTS[verdict[-1]]}:`{verdict[-1]}`",
        )


def row(*cells: str) -> list[str]:
    """A row of a list-table."""
    first, *others = cells
    return [f"   * - {first}", *(f"     - {cell}" for cell in others)]


def setup(app) -> dict[str, bool]:
    """For Sphinx."""
    app.add_directive("claims-table", ClaimsTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
