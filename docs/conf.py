"""Sphinx configuration; build with `sphinx-build -W docs docs/_build`."""

from pathlib import Path

from docutils import nodes

import sknnreg

HERE = Path(__file__).parent

project = "sknnreg"
author = "The sknnreg developers"
copyright = "2026, The sknnreg developers"
version = release = sknnreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
templates_path = ["_templates"]
# Of the benchmarks, only the README is a page.
exclude_patterns = ["_build"] + [
    path.relative_to(HERE).as_posix()
    for path in (HERE / "benchmarks").rglob("*")
    if path.is_file() and path != HERE / "benchmarks" / "README.md"
]

html_theme = "furo"
html_title = f"sknnreg {release}"

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # numpydoc's parameter sections give the types
autosummary_generate = True
numpydoc_show_class_members = False  # the class template lists the members

SKLEARN = "https://scikit-learn.org/stable"


def link_to_sklearn(app, env, node, contnode):
    """Resolve what docstrings, inherited ones too, refer to in scikit-learn's documentation."""
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


def setup(app):
    app.connect("missing-reference", link_to_sklearn)
