"""A release's description on PyPI: no link in it is relative to the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """README and project as a release builds them."""
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    line = [sys.executable, ROOT / ".ci" / "link_package.py", "owner/name", "v1.2.3"]
    subprocess.run(line, cwd=tmp_path, check=True)
    return tmp_path


def test_links_and_pictures_are_those_of_the_tag(linked: Path) -> None:
    before, after = (
        re.findall(r"(!?)\[[^]]*\]\(([^)]*)\)", (folder / "README.md").read_text("utf-8"))
        for folder in (ROOT, linked)
    )
    assert len(before) == len(after)
    for (picture, old), (_, new) in zip(before, after, strict=True):
        if old.startswith("https://"):
            assert new == old
        elif picture:
            assert new == f"https://raw.githubusercontent.com/owner/name/v1.2.3/{old}"
        else:
            assert new == f"https://github.com/owner/name/blob/v1.2.3/{old}"


def test_the_project_names_its_pages(linked: Path) -> None:
    before, after = (
        tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in (ROOT, linked)
    )
    urls = after["project"].pop("urls")
    assert urls["Homepage"] == "https://github.com/owner/name"
    assert urls["Changelog"].endswith("/name/blob/v1.2.3/CHANGELOG.md")
    assert after == before


def test_the_release_is_linked_before_it_is_built() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert text.index(".ci/link_package.py") < text.index("make package")
