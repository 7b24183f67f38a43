"""References into other projects' documentation, where their inventories cannot be read too.

A machine without a network builds the same site: `write_inventories` lists the public names of the
installed packages, with the addresses that their documentation gives them.
"""

import inspect
import zlib
from pathlib import Path
from types import ModuleType

import joblib
import numpy
import scipy
from docutils import nodes
from sklearn.utils.discovery import all_displays, all_estimators, all_functions

SKLEARN = "https://scikit-learn.org/stable"
PYTHON = "https://docs.python.org/3"


def write_inventories(folder: Path) -> dict[str, tuple[str, tuple[str | None, str]]]:
    """intersphinx's mapping: each project's own inventory, or else the one written here."""
    folder.mkdir(parents=True, exist_ok=True)
    sklearn_names = [
        (f"{found.__module__.rsplit('._', 1)[0]}.{name}", found)
        for name, found in [*all_estimators(), *all_functions(), *all_displays()]
    ]
    projects = {
        "sklearn": (SKLEARN + "/", "modules/generated/$.html#$", sklearn_names),
        "numpy": (
            "https://numpy.org/doc/stable/",
            "reference/generated/$.html#$",
            [*public(numpy), *public(numpy.linalg)],
        ),
        "scipy": (
            "https://docs.scipy.org/doc/scipy/",
            "reference/generated/$.html#$",
            [*public(scipy.sparse), *public(scipy.special), *public(scipy.optimize)],
        ),
        "joblib": (
            "https://joblib.readthedocs.io/en/stable/",
            "generated/$.html#$",
            public(joblib),
        ),
    }
    return {
        project: (address, (None, write(folder / f"{project}.inv", project, where, names)))
        for project, (address, where, names) in projects.items()
    }


def public(module: ModuleType) -> list[tuple[str, object]]:
    """The classes and functions that a module has by their public names."""
    return [
        (f"{module.__name__}.{name}", found)
        for name, found in sorted(vars(module).items())
        if not name.startswith("_") and callable(found)
    ]


def write(file: Path, project: str, where: str, names: list[tuple[str, object]]) -> str:
    """An inventory in Sphinx's format, version 2."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    entries = (
        f"{name} py:{'class' if inspect.isclass(found) else 'function'} 1 {where} -\n"
        for name, found in names
    )
    text = zlib.compress("".join(entries).encode())
    note = "# The remainder of this file is compressed using zlib.\n"
    file.write_bytes(head.encode() + note.encode() + text)
    return str(file)


def link_to_sklearn(app, env, node, contnode) -> nodes.reference | None:
    """Resolve what inherited docstrings refer to in scikit-learn's glossary and guide."""
    kind, target = node.get("reftype"), node.get("reftarget", "")
    if kind == "term":
        uri = f"{SKLEARN}/glossary.html#term-{target.replace(' ', '-')}"
    elif kind == "ref" and node.get("refdoc", "").startswith("generated/"):
        uri = f"{SKLEARN}/search.html?q={target}"
    elif kind in ("class", "func", "obj") and target.startswith("sklearn."):
        uri = f"{SKLEARN}/modules/generated/{target}.html"
    else:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=uri)


def setup(app) -> dict[str, bool]:
    """For Sphinx; after intersphinx, which has the inventories' names."""
    app.connect("missing-reference", link_to_sklearn, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
