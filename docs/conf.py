"""Sphinx configuration; build with `sphinx-build -W docs docs/_build/html`."""

import hashlib
import sys
import warnings
from pathlib import Path

import joblib
from sphinx_gallery.sorting import ExplicitOrder

import sknnreg

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
sys.path.insert(0, str(HERE / "_extensions"))

from other_projects import write_inventories  # noqa: E402

project = "sknnreg"
author = "The sknnreg developers"
copyright = "2026, The sknnreg developers"
version = release = sknnreg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas without a network
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "claims",
    "example_links",
    "other_projects",
]
templates_path = ["_templates"]
# Of the benchmarks, only the README is a page.
exclude_patterns = ["_build"] + [
    path.relative_to(HERE).as_posix()
    for path in (HERE / "benchmarks").rglob("*")
    if path.is_file() and path != HERE / "benchmarks" / "README.md"
]

# ---------------------------------------------------------------- pages

html_theme = "pydata_sphinx_theme"
html_title = f"sknnreg {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "github_url": "https://github.com/sknnreg/sknnreg",
    "logo": {"text": "sknnreg"},
    "navbar_end": ["version", "theme-switcher", "navbar-icon-links"],
    "navbar_persistent": ["search-button-field"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc", "sg_download_links"], "index": []},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_sidebars = {"index": [], "changelog": [], "glossary": [], "benchmarks/README": []}

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# ---------------------------------------------------------------- reference

toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # numpydoc's parameter sections give the types
autosummary_generate = True
numpydoc_show_class_members = False  # the class template lists the members
intersphinx_mapping = write_inventories(HERE / "_build" / "inventories")
intersphinx_timeout = 5
# Other projects' pages are looked at where there is a network: `-D linkcheck_ignore=`.
linkcheck_ignore = [r"https?://"]

# ---------------------------------------------------------------- gallery


GALLERY = HERE / "auto_examples"


def forget_pages_of_another_package() -> None:
    """Have every example run again if the package has changed since the gallery was made.

    The gallery runs an example again when its own text has changed; a claim must be found again
    when the package has.
    """
    digest = hashlib.sha256()
    for file in sorted((HERE.parent / "sknnreg").rglob("*.py")):
        digest.update(file.read_bytes())
    GALLERY.mkdir(exist_ok=True)
    kept = GALLERY / "package.sha256"
    if not kept.exists() or kept.read_text() != digest.hexdigest():
        for mark in GALLERY.rglob("*.md5"):
            mark.unlink()
        kept.write_text(digest.hexdigest())


def forget_pages_without_example() -> None:
    """Remove what the gallery made of examples that have gone or moved."""
    for file in GALLERY.rglob("plot_*"):
        script = file.with_name(file.name.partition(".")[0] + ".py")
        if not (EXAMPLES / script.relative_to(GALLERY)).exists():
            file.unlink()


forget_pages_of_another_package()
forget_pages_without_example()
SECTIONS = [
    "getting_started",
    "places",
    "generalization",
    "searches",
    "tables",
    "world",
    "claims",
    "example_links",
]
sphinx_gallery_conf = {
    "examples_dirs": str(EXAMPLES),
    "gallery_dirs": "auto_examples",
    "subsection_order": ExplicitOrder([str(Path("../examples") / name) for name in SECTIONS]),
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": r"[\\/]plot_",
    "doc_module": ("sknnreg",),
    "backreferences_dir": "generated/backreferences",
    "reference_url": {"sknnreg": None},
    "image_srcset": ["2x"],
    "min_reported_time": 1,
    "show_signature": False,
    "remove_config_comments": True,
    "parallel": joblib.cpu_count(),
}
# A build has no window for `plt.show()`.
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
