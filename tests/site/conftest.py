"""The site as it was built: `sphinx-build -W docs docs/_build/html`, then `pytest -m site`."""

from pathlib import Path

import pytest

from tests.site.pages import SITE, Page


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.site)


@pytest.fixture(scope="session")
def pages() -> dict[Path, Page]:
    """Every page of the site, read."""
    if not (SITE / "index.html").exists():
        pytest.fail(f"no site in {SITE}; build it by: sphinx-build -W docs docs/_build/html")
    paths = (path for path in sorted(SITE.rglob("*.html")) if "_static" not in path.parts)
    return {path: Page.read(path) for path in paths}
