"""Files that run code where they are unpickled, and the refusal of whatever is malformed."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from click.testing import CliRunner

from pxgen.cli.app import pxgen

SAMPLE = ("sample", "-m", "run", "--steps", "1", "-o", "out/", "--force")


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return (Path("trapped").write_text, ("ran",))


def pickled() -> bytes:
    return pickle.dumps(Trap())


def torch_saved() -> bytes:
    file = io.BytesIO()
    torch.save({"weights.position": Trap()}, file)
    return file.getvalue()


def object_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Trap()], object), allow_pickle=True)
    return file.getvalue()


def refused(*arguments: str, lines: int = 1) -> str:
    """Run a command that must refuse its input, and return what it says."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = CliRunner().invoke(pxgen, arguments)
    told = [line for line in result.stderr.splitlines() if not line.startswith("resuming ")]
    assert (result.exit_code, result.stdout) == (3, ""), (arguments, result.stderr)
    assert len(told) == lines, told
    assert told[-1].startswith("pxgen: ")
    assert "Traceback" not in result.stderr
    assert "unexpected" not in result.stderr
    assert not Path("trapped").exists(), "a file was executed"
    after = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    # The table of a run is rewritten when it is resumed; nothing else may change.
    changed = {path for path in after if after[path] != before.get(path)}
    assert {path.name for path in changed} <= {"project.toml"}, changed
    return "\n".join(told)
