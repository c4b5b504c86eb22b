"""The card of a checkpoint: its round trip, and damage in one clear line."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import KEY, read_card
from pxgen.checkpoint.runs import STARTERS
from pxgen.checkpoint.store import load_model, load_tensors, save_checkpoint
from pxgen.config.schema import Table, Where
from pxgen.errors import InputError
from pxgen.models.registry import read_spec
from tests.support.checkpoints import CARD, save


def damaged(about: dict[str, object], **changes: object) -> dict[str, str]:
    return {KEY: json.dumps(about | changes)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "upgrade"),
        ({"canvas": [1, 0, 8]}, "canvas"),
        ({"canvas": [1, 2**20, 2**20]}, "canvas"),
        ({"canvas": [1, 6, 9]}, r"weight '.*' is \[.*\], the model it declares needs \["),
        ({"canvas": "big"}, "description is damaged"),
        ({"palette": ["zz"]}, "palette"),
        ({"model": {"family": "mask"}}, "masked"),
        ({"model": {"family": "masked", "widht": 8}}, "width"),
        ({"model": {"family": "masked", "width": 10**9}}, "width"),
        ({"label_names": ["one"]}, r"weight '.*' is \[.*\], the model it declares needs \["),
    ],
)
def test_a_tampered_card_is_one_clear_line(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = save(tmp_path)
    _, header = read_card(path)
    about = json.loads(header.metadata[KEY])
    save_file(load_file(path), path, metadata=damaged(about, **changes))
    with pytest.raises(InputError, match=message):
        load_model(path)


def test_a_card_nested_without_end_is_one_clear_line(tmp_path: Path) -> None:
    path = save(tmp_path)
    save_file(load_file(path), path, metadata={KEY: "[" * 100_000})
    with pytest.raises(InputError, match="description is damaged"):
        load_model(path)


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
def test_the_card_of_a_starter_is_what_make_starter_writes_now(
    starter: Path, tmp_path: Path
) -> None:
    """A setting that has come since it was trained stands in it, too; old names are read as new."""
    card, _ = read_card(starter)
    assert card.model == asdict(read_spec(Table(dict(card.model), Where("starter"))))
    tensors = load_tensors(starter)
    again = save_checkpoint(tmp_path / "again.safetensors", card, tensors)
    assert read_card(again)[0] == card
    assert load_file(again).keys() == tensors.keys()


def test_a_card_is_read_without_weights(tmp_path: Path) -> None:
    about = replace(CARD, training={"stage": 1, "step": 7, "finished": False}, anchor="center")
    path = tmp_path / "checkpoint.safetensors"
    save_file({}, path, metadata=about.dump())
    assert read_card(path)[0] == read_card(tmp_path)[0] == about
    assert about.domain.colors == len(about.palette)


def test_a_card_of_a_newer_format_asks_for_a_newer_program(tmp_path: Path) -> None:
    about = json.loads(CARD.dump()[KEY])
    save_file({}, tmp_path / "x", metadata={KEY: json.dumps(about | {"format": 99})})
    with pytest.raises(InputError, match=r"has format 99, this pxgen reads .*: upgrade pxgen"):
        read_card(tmp_path / "x")


def test_a_card_tells_the_names_of_frames_if_there_are_any(tmp_path: Path) -> None:
    assert "frame_names" not in json.loads(CARD.dump()[KEY])
    about = replace(CARD, canvas=Canvas(2, 6, 8), frame_names=("front", "down/0"))
    save_file({}, tmp_path / "x", metadata=about.dump())
    assert read_card(tmp_path / "x")[0] == about
    save_file({}, tmp_path / "x", metadata=replace(about, frame_names=("front",)).dump())
    with pytest.raises(InputError, match="description is damaged"):
        read_card(tmp_path / "x")
