"""Fail if a page loads anything from elsewhere: ``python .ci/check_site.py build/site``.

Links may lead anywhere; what a browser fetches by itself, scripts, styles, fonts and pictures,
must lie in the site.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {"src", "srcset", "poster", "data"}
STYLES = re.compile(r"""(?:url\(|@import)\s*["']?([^"')]+)""")


class Loads(HTMLParser):
    """The addresses that a page has a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what this element loads."""
        values = {name: value for name, value in attrs if value}
        self.found += [value for name, value in values.items() if name in LOADING]
        if tag == "link" and values.get("rel") not in ("next", "prev", "canonical"):
            self.found.append(values.get("href", ""))


def loads(file: Path) -> list[str]:
    """What a page or a style sheet loads."""
    text = file.read_text("utf-8")
    if file.suffix == ".css":
        return STYLES.findall(text)
    page = Loads()
    page.feed(text)
    return page.found


def is_here(address: str, file: Path) -> bool:
    """Whether an address is a file of the site."""
    parts = urlsplit(address)
    if parts.scheme == "data":
        return True
    return not (parts.scheme or parts.netloc) and (file.parent / unquote(parts.path)).exists()


def main() -> None:
    """Look at every page and style sheet."""
    site = Path(sys.argv[1])
    files = [file for kind in ("*.html", "*.css") for file in sorted(site.rglob(kind))]
    strange = [
        f"{file}: {each}" for file in files for each in loads(file) if not is_here(each, file)
    ]
    if strange or not files:
        sys.exit("\n".join(["loaded from elsewhere, or missing:", *strange]))
    print(f"{site}: {len(files)} pages and styles load nothing from elsewhere")


if __name__ == "__main__":
    main()
