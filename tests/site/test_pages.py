"""What the built pages hold: links that lead somewhere, formulas, pictures, verdicts."""

import re
from urllib.parse import unquote, urlsplit

import pytest

from tests.site.pages import EXAMPLES, ROOT, SITE

GALLERY = SITE / "auto_examples"


def name_of(example):
    return f"{example.parent.name}/{example.stem}"


def test_internal_links_lead_somewhere(pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            found = target.exists()
            if found and parts.fragment and target in pages:
                found = unquote(parts.fragment) in pages[target].ids
            if not found:
                broken.append(f"{path.relative_to(SITE)}: {link}")
    assert not broken, "\n".join(broken)


def test_formulas_are_formulas(pages):
    """No formula stands among the words as its source."""
    source = re.compile(r"\\\(|\\\[|\$\$|\\(?:frac|sum|lVert|mathrm|sigma|text)\b|:math:")
    raw = [
        f"{path.relative_to(SITE)}: {words.strip()[:80]}"
        for path, page in pages.items()
        for words in page.words
        if source.search(words)
    ]
    assert not raw, "\n".join(raw)
    assert sum(len(page.formulas) for page in pages.values()) > 50


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_every_example_has_a_page_and_a_picture(pages, example):
    page = pages[GALLERY / example.parent.name / f"{example.stem}.html"]
    assert page.has("sphx-glr-single-img") + page.has("sphx-glr-multi-img") >= 1
    thumbnail = f"sphx_glr_{example.stem}_thumb"
    assert any(thumbnail in link for link in pages[GALLERY / "index.html"].links)
    names = {link.rsplit("/", 1)[-1] for link in page.links}
    assert {f"{example.stem}.py", f"{example.stem}.ipynb"} <= names


def test_every_folder_of_examples_is_a_section(pages):
    for folder in {example.parent.name for example in EXAMPLES}:
        assert (GALLERY / folder / "index.html") in pages


def test_every_claim_has_a_verdict(pages):
    claims = [example for example in EXAMPLES if example.parent.name == "claims"]
    page = pages[GALLERY / "claims" / "index.html"]
    assert page.has("sd-badge") == len(claims) >= 22
    assert [int(example.stem.split("_")[1]) for example in claims] == list(
        range(1, len(claims) + 1)
    )
    for example in claims:
        assert f"{example.stem}.html" in page.links


@pytest.mark.parametrize(
    "name",
    [
        "sknnreg.MLPRegularizedClassifier",
        "sknnreg.MLPRegularizedRegressor",
        "sknnreg.fit_together",
        "sknnreg.ensemble.CrossFittedClassifier",
        "sknnreg.tabular.tabular_classifier",
        "sknnreg.callback.Checkpoint",
    ],
)
def test_reference_pages_show_the_examples_that_use_them(pages, name):
    page = pages[SITE / "generated" / f"{name}.html"]
    assert page.has("sphx-glr-thumbcontainer") >= 1
    assert any("Examples using" in words for words in page.words)


def test_code_links_to_other_projects(pages):
    links = [link for page in pages.values() for link in page.links]
    for project in ("scikit-learn.org/stable/modules", "numpy.org/doc", "joblib.readthedocs.io"):
        assert any(project in link for link in links), project


def test_front_page(pages):
    page = pages[SITE / "index.html"]
    assert page.has("sd-card") >= 10
    for link in ("guide/index.html", "auto_examples/index.html", "api.html"):
        assert link in page.links


def test_every_page_of_the_guide_is_there(pages):
    for source in (ROOT / "docs" / "guide").glob("*.md"):
        assert (SITE / "guide" / f"{source.stem}.html") in pages
