"""Random damage of every kind of file: read, or refused in one line; never anything else."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from tests.fuzz.material import good_files, inside
from tests.fuzz.trial import cases, tried

ROUNDS = 5
OFTEN = 60
"""Damages of a dataset and of a checkpoint, which anyone may hand on."""


@pytest.fixture(autouse=True, scope="module")
def few_objects() -> Iterator[None]:
    """imageio collects garbage at each end of a video, which takes a while beside torch."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_every_kind_of_file_is_read_where_it_is_good(tmp_path: Path) -> None:
    for name, kind in good_files(tmp_path).items():
        (tmp_path / kind.file).parent.mkdir(exist_ok=True)
        (tmp_path / kind.file).write_bytes(kind.good)
        with inside(tmp_path):
            for command in kind.commands:
                result = CliRunner().invoke(pxgen, ["-q", *command])
                # `lint` says with 1 that it found something, such as half-transparency.
                good = {0, 1} if command[0] == "lint" and not result.stderr else {0}
                assert result.exit_code in good, (name, command, result.stderr)


def test_any_damage_is_harmless_or_one_line(tmp_path: Path) -> None:
    kinds = good_files(tmp_path)
    for name, content in islice(cases(kinds, 0), ROUNDS * len(kinds)):
        assert not [*tried(kinds[name], content, tmp_path)]


@pytest.mark.parametrize("file", ["dataset/dataset.safetensors", "run/checkpoint.safetensors"])
def test_any_damage_of_what_is_handed_on(file: str, tmp_path: Path) -> None:
    kind = good_files(tmp_path)[file]
    for _, content in islice(cases({file: kind}, 0), OFTEN):
        assert not [*tried(kind, content, tmp_path)]
