"""A page of the site, as far as the tests ask for it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "_build" / "html"
EXAMPLES = sorted((ROOT / "examples").glob("*/plot_*.py"))
CODE = {"pre", "code", "script", "style"}
NEVER_CLOSED = {"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Page(HTMLParser):
    """Its links, places to link to, words outside code, formulas, and classes of elements."""

    links: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    formulas: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._open: list[tuple[str, bool]] = []

    @classmethod
    def read(cls, path: Path) -> "Page":
        page = cls()
        page.feed(path.read_text(encoding="utf-8"))
        return page

    def handle_starttag(self, tag, attrs):
        told = {name: value or "" for name, value in attrs}
        self.links += [told[name] for name in ("href", "src") if told.get(name)]
        self.ids |= {told[name] for name in ("id", "name") if told.get(name)}
        classes = told.get("class", "").split()
        self.classes += classes
        if tag not in NEVER_CLOSED:
            self._open.append((tag, "math" in classes))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if any(is_formula for _, is_formula in self._open):
            self.formulas.append(data)
        elif not any(tag in CODE for tag, _ in self._open):
            self.words.append(data)

    def has(self, name: str) -> int:
        """How many elements are of a class."""
        return self.classes.count(name)
