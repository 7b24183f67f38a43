"""The tables of a Markdown page, by section, and the numbers in their cells."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")


class Table(NamedTuple):
    header: list[str]
    rows: list[list[str]]

    def place(self, column: str | int) -> int:
        """By name the first of it; by number as it is."""
        return column if isinstance(column, int) else self.header.index(column)

    def texts(self, column: str | int = 0) -> list[str]:
        return [row[self.place(column)] for row in self.rows]

    def numbers(self, column: str | int) -> list[float]:
        """The first number in each cell: what stands before a unit or a ±."""
        return [numbers_in(text)[0] for text in self.texts(column)]

    def errors(self, column: str | int) -> list[float]:
        """What stands behind the ±."""
        return [numbers_in(text)[1] for text in self.texts(column)]

    def of(self, ending: str) -> "Table":
        """The rows whose name ends so, without that ending."""
        rows = [[row[0].removesuffix(ending), *row[1:]] for row in self.rows]
        chosen = [row for row, old in zip(rows, self.rows, strict=True) if row[0] != old[0]]
        return Table(self.header, chosen)


def numbers_in(text: str) -> list[float]:
    return [float(each.replace(",", "")) for each in NUMBER.findall(text)]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables_in(page: Path) -> dict[str, list[Table]]:
    """Those of each section that a ## begins."""
    found: dict[str, list[Table]] = {}
    for section in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        blocks = re.findall(r"(?:^\|.*\n?)+", body, flags=re.MULTILINE)
        found[name.strip()] = [_table(block.splitlines()) for block in blocks]
    return found


def _table(lines: Sequence[str]) -> Table:
    return Table(_cells(lines[0]), [_cells(line) for line in lines[2:]])
