"""``pxgen inspect``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import save_file

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card, checkpoint_file
from pxgen.cli.app import pxgen
from pxgen.data.dataset import DatasetWriter
from pxgen.palette import Palette
from pxgen.render.png import decode_png

PALETTE = Palette.of([(255, 0, 0), (0, 255, 0), (0, 0, 255)])


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["inspect", *map(str, arguments)])


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 3, (30, 1, 4, 5), dtype=np.uint8)
    labels = np.zeros((30, 3), np.uint8)
    labels[:, 0], labels[:4, 1], labels[4:20, 2] = 1, 1, 1
    writer = DatasetWriter(
        tmp_path / "d" / "dataset.safetensors",
        palette=PALETTE,
        label_names=["all", "rare[x]", "common"],
        canvas=(1, 4, 5),
        info={"sources": ["art"]},
    )
    with writer:
        writer.append(pixels, labels, [f"{i}.png" for i in range(30)])
        writer.finish((np.arange(30) % 10 == 0).astype(np.uint8), np.arange(30, dtype=np.int32))
    return tmp_path / "d"


def test_a_dataset_as_one_json_document(dataset: Path) -> None:
    facts = json.loads(run(dataset, "--json").stdout)
    assert facts["kind"] == "dataset"
    assert (facts["sprites"], facts["train"], facts["held_out"]) == (30, 27, 3)
    assert (facts["width"], facts["height"], facts["frames"]) == (5, 4, 1)
    assert facts["palette"] == ["00000000", "ff0000ff", "00ff00ff", "0000ffff"]
    assert facts["labels"]["rare[x]"] == {"sprites": 4, "held_out": 1}


def test_suspicious_things_are_told(dataset: Path) -> None:
    told = "\n".join(json.loads(run(dataset, "--json").stdout)["suspicious"])
    assert "'all': borne by every sprite" in told
    assert "'rare[x]': only 4 sprites" in told
    assert "'common'" not in told
    assert "1 palette colours are never used" in told


def test_a_dataset_as_text_with_a_sheet(dataset: Path, tmp_path: Path) -> None:
    result = run(dataset / "dataset.safetensors", "-o", tmp_path / "new" / "sheet.png")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "sprites: 30" in lines
    assert any("rare[x]" in line and " 4 " in line for line in lines)
    assert lines[-1] == str(tmp_path / "new" / "sheet.png")
    indices, palette = decode_png(tmp_path / "new" / "sheet.png")
    assert palette == PALETTE
    assert set(np.unique(indices)) == {0, 1, 2}


def test_a_model_in_the_package_by_its_name() -> None:
    result = run("starter-clips", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["kind"] == "checkpoint"


def test_an_image(tmp_path: Path) -> None:
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[0, 0], rgba[0, 1], rgba[1, 2] = (9, 9, 9, 255), (7, 7, 7, 128), (50, 50, 50, 0)
    Image.fromarray(rgba.repeat(4, 0).repeat(4, 1)).save(tmp_path / "a.png")
    facts = json.loads(run(tmp_path / "a.png", "--json").stdout)
    assert (facts["kind"], facts["width"], facts["height"]) == ("image", 12, 8)
    assert facts["colors"] == 2
    assert facts["semi_transparent_pixels"] == 16
    assert facts["transparent_pixels"] == 64
    assert sorted(facts["palette"]) == ["07070780", "090909ff"]
    assert facts["suspicious"] == ["enlarged 4 times"]


def test_a_smooth_image_has_no_palette_but_a_picture(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    facts = json.loads(run(tmp_path / "a.png", "--json", "-o", tmp_path / "b.png").stdout)
    assert facts["palette"] is None
    assert "not pixel art" in facts["suspicious"][0]
    assert len(decode_png(tmp_path / "b.png")[1]) == 256


def test_a_checkpoint_by_its_card_alone(tmp_path: Path) -> None:
    card = Card(
        model={"family": "masked"},
        canvas=Canvas(1, 4, 5),
        palette=PALETTE,
        label_names=("elf", "orc"),
        fingerprint="f" * 64,
        training={"step": 7},
    )
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    weights = {"model.w": np.zeros((3, 2), np.float16)}
    save_file(weights, checkpoint_file(run_folder), metadata=card.dump())
    facts = json.loads(run(run_folder, "--json", "-o", tmp_path / "p.png").stdout)
    assert (facts["kind"], facts["width"], facts["height"]) == ("checkpoint", 5, 4)
    assert (facts["tensors"], facts["bytes"]) == (1, 12)
    assert facts["label_names"] == ["elf", "orc"]
    assert facts["training"] == {"step": 7}
    assert decode_png(tmp_path / "p.png")[1] == PALETTE
    assert "model: family masked" in run(run_folder).stdout.splitlines()
    card_file = tmp_path / "card.md"
    assert run(run_folder, "-o", card_file).stdout == f"{card_file}\n"


def test_what_is_nothing_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x80\x04\x95 a pickle, perhaps")
    (tmp_path / "b.safetensors").write_bytes(b"\x80\x04\x95 a pickle, perhaps")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "a.png", tmp_path / "b.safetensors"):
        result = run(path)
        assert result.exit_code == 3
        assert len(result.stderr.splitlines()) == 1
        assert str(path) in result.stderr


def test_pixels_outside_the_palette_are_damage(dataset: Path) -> None:
    file = dataset / "dataset.safetensors"
    content = bytearray(file.read_bytes())
    header = 8 + int.from_bytes(content[:8], "little")
    content[header] = 99
    file.write_bytes(content)
    result = run(dataset)
    assert result.exit_code == 3
    assert "outside its palette" in result.stderr


def test_names_of_strangers_do_not_steer_the_terminal(tmp_path: Path) -> None:
    writer = DatasetWriter(
        tmp_path / "d" / "dataset.safetensors",
        palette=PALETTE,
        label_names=["\x1b[31mred\x07"],
        canvas=(1, 2, 2),
        info={"sources": ["\x1b]0;title"]},
    )
    with writer:
        writer.append(np.ones((2, 1, 2, 2), np.uint8), np.ones((2, 1), np.uint8), ["a", "b"])
        writer.finish(np.zeros(2, np.uint8), np.arange(2, dtype=np.int32))
    out = run(tmp_path / "d").stdout
    assert "[31mred" in out
    assert not {"\x1b", "\x07"} & set(out)


def test_named_frames_and_what_lacks_some(tmp_path: Path) -> None:
    frames = ("down/0", "down/1", "up")
    writer = DatasetWriter(
        tmp_path / "dataset.safetensors",
        palette=PALETTE,
        label_names=[],
        canvas=(3, 4, 5),
        info={},
        frame_names=frames,
    )
    present = np.ones((4, 3), bool)
    present[1, 2] = present[2, 1] = present[2, 2] = False
    with writer:
        writer.append(np.ones((4, 3, 4, 5), np.uint8), np.zeros((4, 0), np.uint8), list("abcd"))
        writer.finish(np.zeros(4, np.uint8), np.arange(4, dtype=np.int32), present=present)
    facts = json.loads(run(tmp_path, "--json").stdout)
    assert facts["frame_names"] == list(frames)
    assert facts["views"] == {"down": 2, "up": 1}
    assert (facts["incomplete"], facts["missing"]) == (2, {"down/1": 1, "up": 2})
    assert "frame names: down/0, down/1, up" in run(tmp_path).stdout
    card = Card({"family": "masked"}, Canvas(3, 4, 5), PALETTE, (), "f", frame_names=frames)
    save_file({}, tmp_path / "m.safetensors", metadata=card.dump())
    facts = json.loads(run(tmp_path / "m.safetensors", "--json").stdout)
    assert facts["views"] == {"down": 2, "up": 1}


@pytest.mark.parametrize(
    ("name", "steps", "bits"),
    [
        ("starter", 15_000, 0.09307),
        ("starter-clips", 6000, 0.3046),
        ("starter-figures", 62_000, 0.4359),
    ],
)
def test_the_card_of_a_starter_tells_of_its_training(
    name: str, steps: int, bits: float, tmp_path: Path
) -> None:
    run(name, "-o", tmp_path / "card.md")
    text = (tmp_path / "card.md").read_text("utf-8")
    assert f"- {steps} steps of the last stage, finished\n" in text
    assert f"- bits: {bits:.4g} (bits to code" in text
    assert "does not tell" not in text
    assert "None are stored" not in text


@pytest.mark.parametrize("name", ["starter", "starter-clips"])
def test_the_card_of_a_starter_says_that_no_artists_work_was_used(
    name: str, tmp_path: Path
) -> None:
    result = run(name, "-o", tmp_path / "card.md")
    assert result.stdout.endswith(f"{tmp_path / 'card.md'}\n")
    text = (tmp_path / "card.md").read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    assert "no artist's work was used" in text
    assert "License: MIT" in text


def test_only_models_have_a_card(dataset: Path, tmp_path: Path) -> None:
    result = run(dataset, "-o", tmp_path / "card.md")
    assert result.exit_code == 2
    assert "only models have a card" in result.stderr
    assert not (tmp_path / "card.md").exists()


@pytest.mark.parametrize("name", ["heroes.npy", "heroes.npz", "heroes.zip"])
def test_files_of_many_sprites_are_for_another_verb(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\5\6" + bytes(18))
    result = run(tmp_path / name)
    assert (result.exit_code, "`pxgen prepare` makes a dataset" in result.stderr) == (3, True)
