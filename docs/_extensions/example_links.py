"""A link to an example's script leads to its page of the gallery.

So the guide's links work where the repository is read, and on the site.
"""

import re

SCRIPT = re.compile(r"\]\((?:\.\./)+examples/(\w+/plot_\w+)\.py\)")


def lead_to_gallery(app, docname: str, source: list[str]) -> None:
    """Replace the addresses in the text of one page."""
    up = "../" * docname.count("/")
    source[0] = SCRIPT.sub(rf"]({up}auto_examples/\1.rst)", source[0])


def setup(app) -> dict[str, bool]:
    """For Sphinx."""
    app.connect("source-read", lead_to_gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
