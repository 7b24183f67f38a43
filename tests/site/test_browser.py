"""The site in a browser: desktop and phone, light and dark, with a screenshot of each.

Needs Playwright and a Chromium (`playwright install chromium`, or one that is installed); skipped
without them. The screenshots are in docs/_build/screenshots.
"""

import shutil

import pytest

from tests.site.pages import SITE

sync_api = pytest.importorskip("playwright.sync_api")

SIZES = {"desktop": (1400, 1000), "phone": (390, 844)}
# What must be seen on each page.
PAGES = {
    "index.html": [".sd-card", "table", ".navbar-brand, .navbar-header-items__start"],
    "auto_examples/index.html": [".sphx-glr-thumbcontainer img"],
    "auto_examples/claims/index.html": ["table.claims .sd-badge", ".sphx-glr-thumbcontainer img"],
    "auto_examples/claims/plot_12_batch_normalization.html": [
        ".sphx-glr-single-img",
        "div.highlight",
    ],
    "guide/regularizers.html": ["mjx-container", "table"],
    "guide/place_2_signal.html": ["mjx-container", "div.highlight"],
    "guide/which_regularizer.html": ["table", "article img"],
    "glossary.html": ["dl.glossary dt"],
    "benchmarks/README.html": ["table", "article img"],
    "generated/sknnreg.MLPRegularizedClassifier.html": ["dt.sig", ".sphx-glr-thumbcontainer img"],
}


@pytest.fixture(scope="session")
def browser(pages):
    with sync_api.sync_playwright() as playwright:
        installed = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            browser = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no Chromium: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", PAGES)
def test_page_is_seen(browser, path, size, scheme):
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.set_default_timeout(10_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((SITE / path).as_uri())
    page.wait_for_load_state("load")
    if page.locator(".math").count():
        page.wait_for_selector("mjx-container", state="attached")
    for element in PAGES[path]:
        found = page.locator(element).first
        found.scroll_into_view_if_needed()
        box = found.bounding_box()
        assert box is not None, element
        assert min(box["width"], box["height"]) > 5, element
    wait_for_pictures(page)
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    folder = SITE.parent / "screenshots"
    folder.mkdir(exist_ok=True)
    name = path.removesuffix(".html").replace("/", "_")
    page.screenshot(path=folder / f"{name}_{size}_{scheme}.png", full_page=True)
    assert not errors
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "wider than the screen"
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("mjx-container").count() == page.locator(".math").count()
    page.close()


def test_every_page_fits_a_phone(browser, pages):
    width, height = SIZES["phone"]
    page = browser.new_page(viewport={"width": width, "height": height})
    too_wide, unrendered = [], []
    for path in pages:
        page.goto(path.as_uri())
        name = str(path.relative_to(SITE))
        if page.locator(".math").count():
            page.wait_for_selector("mjx-container", state="attached")
            unrendered += [name] * page.locator("mjx-merror").count()
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(name)
    page.close()
    assert not too_wide
    assert not unrendered


def wait_for_pictures(page):
    """Pictures are read when they come into sight; each must be one."""
    page.evaluate("document.querySelectorAll('img').forEach(img => { img.loading = 'eager' })")
    page.wait_for_function("Array.from(document.images).every(img => img.complete)")
    empty = "Array.from(document.images).filter(img => !img.naturalWidth).map(img => img.src)"
    assert page.evaluate(empty) == []
