"""Wheel and sdist hold what is in the repository, nothing else, and are small.

``python .ci/check_dist.py dist``
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

MAX_BYTES = 20 * 10**6
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
SDIST = (
    *("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *("palettes/", "pxgen/", "pyproject.toml"),
)
"""What an sdist is of."""
ADDED = {"PKG-INFO", ".gitignore"}
"""By the build."""


def tracked() -> set[str]:
    """Files of the repository, as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
    return set(listed.stdout.split("\0")) - {""}


def in_wheel(files: set[str]) -> set[str]:
    """Their names in a wheel, which has the palettes inside of the package."""
    palettes = {f"pxgen/{name}" for name in files if name.startswith("palettes/")}
    return {name for name in files if name.startswith("pxgen/")} | palettes


def in_sdist(files: set[str]) -> set[str]:
    """Their names in an sdist."""
    return {name for name in files if name.startswith(SDIST)} | ADDED


def wheel_names(path: Path) -> set[str]:
    """The files of a wheel; its metadata by their own names."""
    names = zipfile.ZipFile(path).namelist()
    own = {name.partition(".dist-info/")[2] for name in names if ".dist-info/" in name}
    if own != METADATA:
        sys.exit(f"{path}: metadata {sorted(own ^ METADATA)}")
    return {name for name in names if ".dist-info/" not in name}


def sdist_names(path: Path) -> set[str]:
    """The files of an sdist, without its folder."""
    with tarfile.open(path) as archive:
        return {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}


def check(path: Path, found: set[str], wanted: set[str]) -> None:
    """End with what is missing or too many, or that the file is too large."""
    size = path.stat().st_size
    if found != wanted:
        sys.exit(f"{path}: missing {sorted(wanted - found)}, too many {sorted(found - wanted)}")
    if size > MAX_BYTES:
        sys.exit(f"{path}: {size} bytes, at most {MAX_BYTES}")
    print(f"{path}: {len(found)} files, {size / 10**6:.1f} MB")


if __name__ == "__main__":
    (wheel,) = Path(sys.argv[1]).glob("*.whl")
    (sdist,) = Path(sys.argv[1]).glob("*.tar.gz")
    files = tracked()
    check(wheel, wheel_names(wheel), in_wheel(files))
    check(sdist, sdist_names(sdist), in_sdist(files))
