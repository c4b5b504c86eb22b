"""Make the README's links hold on PyPI, and name the project's pages, before a release is built.

``python .ci/link_package.py OWNER/NAME TAG``, in the repository's root: the address is known to the
workflow alone, and pictures and pages are those of the tag.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LINK = re.compile(r"(!?)(\[[^]]*\])\((?!\w+:|#)([^)\s]+)\)")
URLS = """\
[project.urls]
Homepage = "{home}"
Documentation = "{home}/blob/{tag}/docs/index.md"
Changelog = "{home}/blob/{tag}/CHANGELOG.md"
Issues = "{home}/issues"

"""
BEFORE = "[project.scripts]"


def absolute(text: str, repository: str, tag: str) -> str:
    """Markdown whose links into the repository name its files on GitHub."""
    pages = f"https://github.com/{repository}/blob/{tag}/"
    pictures = f"https://raw.githubusercontent.com/{repository}/{tag}/"
    return LINK.sub(lambda m: f"{m[1]}{m[2]}({pictures if m[1] else pages}{m[3]})", text)


def main(repository: str, tag: str) -> None:
    """Rewrite ``README.md`` and ``pyproject.toml``."""
    readme, project = Path("README.md"), Path("pyproject.toml")
    readme.write_text(absolute(readme.read_text("utf-8"), repository, tag), "utf-8")
    urls = URLS.format(home=f"https://github.com/{repository}", tag=tag)
    text = project.read_text("utf-8")
    if text.count(BEFORE) != 1 or "[project.urls]" in text:
        sys.exit(f"{project}: no place for [project.urls]")
    project.write_text(text.replace(BEFORE, urls + BEFORE), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
