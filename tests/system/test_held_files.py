"""Files that this process maps or holds open are never replaced or removed: Windows refuses it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.errors import PxgenError
from pxgen.files import write_bytes
from tests.support.preparing import heroes

TINY = "width = 8\ncoarse = 8\ndepth = 1\nhidden = 8\nrank = 4\nsteps = 2\n"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def held(path: str | os.PathLike[str]) -> bool:
    """True of a file, or a folder with one, that this process maps or has open."""
    own = Path(os.fsdecode(path)).resolve()
    maps = Path("/proc/self/maps").read_text("utf-8", "replace").splitlines()
    mapped = {line.split(None, 5)[-1] for line in maps}
    opened = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            opened.add(str(link.readlink()))
        except OSError:
            continue
    return any(Path(name) == own or own in Path(name).parents for name in mapped | opened)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing and removing what is held fails, as on Windows."""

    def guard(function, paths=1):  # type: ignore[no-untyped-def]
        def checked(*arguments, **options):  # type: ignore[no-untyped-def]
            for path in arguments[:paths]:
                if isinstance(path, str | os.PathLike) and held(path):
                    raise PermissionError(13, "Access is denied", os.fspath(path))
            return function(*arguments, **options)

        return checked

    monkeypatch.setattr(os, "replace", guard(os.replace, 2))
    for name in ("unlink", "remove"):
        monkeypatch.setattr(os, name, guard(getattr(os, name)))
    monkeypatch.setattr(shutil, "rmtree", guard(shutil.rmtree))


def pxgen_does(*arguments: str) -> None:
    done = CliRunner().invoke(pxgen, ["-q", *arguments])
    assert done.exit_code == 0, (arguments, done.stderr)


@pytest.mark.usefixtures("work", "windows")
def test_another_program_that_holds_a_file_is_told_of_in_a_line() -> None:
    write_bytes("a", b"before")
    mapped = np.memmap("a", np.uint8, "r")
    with pytest.raises(PxgenError, match="cannot write a: Access is denied"):
        write_bytes("a", b"after")
    assert bytes(mapped) == b"before"
    assert [path.name for path in Path().iterdir()] == ["a"]


@pytest.mark.usefixtures("work", "windows")
def test_nothing_that_is_held_is_replaced_or_removed() -> None:
    heroes("art", 24)
    Path("pxgen.toml").write_text(f'[model]\nfamily = "masked"\n{TINY}[train]\nsave_every = 1\n')
    pxgen_does("prepare", "art", "-o", "set")
    pxgen_does("prepare", "art", "-o", "set", "--force", "--audit")
    pxgen_does("train", "--dataset", "set", "-o", "run", "--steps", "3")
    pxgen_does("train", "--dataset", "set", "-o", "run", "--steps", "6")
    pxgen_does("train", "--dataset", "set", "-o", "other", "--steps", "2", "--from", "run")
    pxgen_does("train", "--dataset", "set", "-o", "run", "--steps", "2", "--from", "run", "--fresh")
    pxgen_does("sample", "-m", "run", "-n", "2", "-o", "out/")
    pxgen_does("sample", "-m", "run", "-n", "2", "-o", "out/", "--force")
    pxgen_does("export", "out", "-o", "a.gif")
    pxgen_does("export", "out", "-o", "a.gif")
