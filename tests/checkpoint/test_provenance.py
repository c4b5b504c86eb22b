"""Where a model comes from: its round trip through a checkpoint, old and damaged ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import save_file

from pxgen.checkpoint.card import KEY, read_card
from pxgen.checkpoint.provenance import Provenance
from pxgen.errors import InputError
from tests.support.checkpoints import CARD

TOLD = Provenance(
    license="CC0-1.0",
    author="Ada",
    origin="https://example.org",
    sources=("sprites",),
    sprites=20,
    held_out=3,
    rare={"crown": 2},
    figures={"bits": 9.5},
)


def test_a_checkpoint_tells_it(tmp_path: Path) -> None:
    about = replace(CARD, provenance=TOLD)
    save_file({}, tmp_path / "x", metadata=about.dump())
    assert read_card(tmp_path / "x")[0].provenance == TOLD


def test_older_checkpoints_tell_nothing_and_load(tmp_path: Path) -> None:
    about = json.loads(CARD.dump()[KEY])
    del about["provenance"]
    save_file({}, tmp_path / "x", metadata={KEY: json.dumps(about)})
    assert read_card(tmp_path / "x")[0] == CARD


@pytest.mark.parametrize(
    "damage",
    [
        ["CC0-1.0"],
        {"sprites": "many"},
        {"figures": {"bits": "NaN"}},
        {"figures": [1]},
        {"rare": {"crown": None}},
        {"sources": 3},
    ],
    ids=str,
)
def test_damage_is_one_clear_line(tmp_path: Path, damage: object) -> None:
    about = json.loads(CARD.dump()[KEY]) | {"provenance": damage}
    save_file({}, tmp_path / "x", metadata={KEY: json.dumps(about)})
    with pytest.raises(InputError, match="description is damaged"):
        read_card(tmp_path / "x")
