"""Shell completion: words offered."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pxgen.builtin import HEADS
from pxgen.config.recipe import recipe_names
from pxgen.palette import library
from tests.support.checkpoints import save


def completions(*words: str, folder: Path) -> list[str]:
    """What bash is offered for the last of the words."""
    environment = {
        **os.environ,
        "_PXGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["pxgen", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "pxgen"]
    told = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    assert told.stderr == ""
    return [line.split(",", 1)[1] for line in told.stdout.splitlines() if line]


def test_commands_recipes_and_palettes_are_completed(tmp_path: Path) -> None:
    assert completions("in", folder=tmp_path) == ["init", "interpolate", "inspect"]
    found = completions("train", "--recipe", "vq", folder=tmp_path)
    assert found == [name for name in recipe_names() if name.startswith("vq")]
    found = completions("sample", "--palette", "game", folder=tmp_path)
    # Nothing but them: of a file beside names bash would show neither.
    assert found == [name for name in library.names() if name.startswith("game")]
    assert completions("palette", "show", "game", folder=tmp_path) == found


def test_what_the_shell_knows_better_is_left_to_it(tmp_path: Path) -> None:
    for words in (("sample", "--palette", "./g"), ("prepare", "g"), ("sample", "-o", "g")):
        assert completions(*words, folder=tmp_path) == [words[-1]]


def test_labels_are_those_of_the_model_that_would_be_taken(tmp_path: Path) -> None:
    starter = completions("sample", "--label", "a", folder=tmp_path)
    assert starter == [name for name in HEADS.labels if name.startswith("a")]
    save(tmp_path / "runs" / "mine-1")
    assert completions("sample", "--label", "", folder=tmp_path) == ["left", "right"]
    assert completions("animate", "--label", "le", folder=tmp_path) == ["left"]
    named = completions("sample", "-m", "starter", "--label", "a", folder=tmp_path)
    assert named == starter
    assert completions("sample", "-m", "none", "--label", "a", folder=tmp_path) == []
