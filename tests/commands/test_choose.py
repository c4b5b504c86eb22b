"""``-o x.html`` of ``sample`` and ``animate``: what stands on a page to choose from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pxgen.canvas import Canvas
from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation import judge
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.palette.library import names
from pxgen.render.png import encode_png
from tests.support.checkpoints import CARD
from tests.support.pages import colors_of, data_of, line_of, sprites_of
from tests.support.sampled import contents, run
from tests.support.tiny import PALETTE, domain, tiny_dataset, tiny_model

FRAMES = 4


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judge.train_judges.__kwdefaults__, "steps", 5)


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A run folder with a tiny model of clips."""
    model = tiny_model("masked", domain(frames=FRAMES))
    card = replace(CARD, canvas=Canvas(FRAMES, 6, 8))
    weights = prefixed(model.module.state_dict(), "weights")
    save_checkpoint(tmp_path / "clips" / "checkpoint.safetensors", card, weights)
    return tmp_path / "clips"


def shown(data: dict[str, Any], name: str, sprite: int) -> np.ndarray:
    (number,) = [k for k, each in enumerate(data["colorings"]) if each["name"] == name]
    return colors_of(data, number, sprite)


def test_a_page_says_how_each_sprite_is_drawn_again(model: Path, tmp_path: Path) -> None:
    init, page = tmp_path / "init.png", tmp_path / "p.html"
    init.write_bytes(encode_png(np.eye(6, 8, dtype=np.uint8), PALETTE))
    asked = ("-n", 4, "--seed", 9, "--label", "left", "--init", init, "--scale", 2)
    ways = ("--strength", 0.3, "--strength", 0.9)
    result = run(model, *asked, *ways, "-o", page)
    assert (result.exit_code, result.stdout) == (0, f"{page}\n")
    run(model, *asked, *ways, "-o", tmp_path / "all")
    data, pictures = data_of(page), contents(tmp_path / "all")
    assert data["command"] == f"pxgen sample -m {model} --repeat kept.jsonl -o kept/"
    text = "\n".join(line_of(data, sprite) for sprite in (0, 1, 3))
    result = run(model, "--repeat", "-", "-o", tmp_path / "kept", text=text)
    assert result.exit_code == 0, result.stderr
    del pictures["left-9-0002.png"]
    assert contents(tmp_path / "kept") == pictures


@pytest.mark.parametrize("local", [False, True])
def test_every_palette_shows_what_its_option_draws(tmp_path: Path, local: bool) -> None:
    weights = prefixed(tiny_model().module.state_dict(), "weights")
    if local:
        rows = np.random.default_rng(0).integers(0, 256, (3, len(PALETTE), 4), np.uint8)
        rows[..., 3], rows[:, 0], rows[1, 3:] = 255, 0, 0
        marks = torch.tensor([[1, 0], [0, 1], [1, 1]], dtype=torch.uint8)
        weights |= {"palettes.rows": torch.from_numpy(rows), "palettes.labels": marks}
    save_checkpoint(tmp_path / "m" / "checkpoint.safetensors", CARD, weights)
    page = tmp_path / "p.html"
    assert run(tmp_path / "m", "-n", 5, "-o", page).exit_code == 0
    data = data_of(page)
    assert [each["name"] for each in data["colorings"]] == ["the model's own", *names()]
    assert data["shown"] == 0
    for name in ("the model's own", "game-boy", "pico-8"):
        palette = () if name.startswith("the") else ("--palette", name)
        for path in run(tmp_path / "m", "-n", 5, *palette, "-o", tmp_path / name).stdout.split(
            "\n"
        ):
            if path:
                number = int(path.split("-")[-1][:4])
                assert np.array_equal(read_image(Path(path)).rgba, shown(data, name, number))


def test_the_palette_asked_for_is_shown_first(model: Path, tmp_path: Path) -> None:
    run(model, "-n", 2, "--palette", "PICO 8", "-o", tmp_path / "p.html")
    data = data_of(tmp_path / "p.html")
    assert data["colorings"][data["shown"]]["name"] == "pico-8"
    own = tmp_path / "own.hex"
    own.write_text("102030\nfedcba\n")
    run(model, "-n", 2, "--palette", own, "-o", tmp_path / "p.html")
    data = data_of(tmp_path / "p.html")
    run(model, "-n", 2, "--palette", own, "-o", tmp_path / "a")
    text = line_of(data, 1, data["shown"])
    assert run(model, "--repeat", "-", "-o", tmp_path / "b", text=text).exit_code == 0
    assert contents(tmp_path / "b").items() <= contents(tmp_path / "a").items()
    own.write_text("102030\nfedcbb\n")
    result = run(model, "--repeat", "-", "-o", tmp_path / "c", text=text)
    assert (result.exit_code, "has changed since" in result.stderr) == (3, True)


def test_novelty_and_doubts_are_those_of_the_project(here: Path) -> None:
    command = ["sample", "-m", "run", "-n", "6", "--label", "left", "-o", "p.html"]
    result = CliRunner().invoke(pxgen, command)
    assert result.exit_code == 0, result.stderr
    data, dataset = data_of(here / "p.html"), open_dataset(here / "dataset")
    drawn, real = sprites_of(data)
    gaps = SpriteIndex(dataset, dataset.train).distances(drawn)
    assert data["novelty"] == gaps.tolist()
    beside = real[data["nearest"]]
    assert (drawn != beside).sum((1, 2, 3)).tolist() == gaps.tolist()
    assert all(0 <= doubt <= 1 for doubt in data["doubts"])
    left = data["vocabulary"].index("left")
    assert all(left in labels for labels in data["labels"])
    (here / "other").mkdir()
    tiny_dataset(here / "other", 12)
    result = CliRunner().invoke(pxgen, [*command, "--dataset", "other"])
    assert (result.exit_code, "is not what" in result.stderr) == (3, True)


def test_what_is_not_known_is_said(model: Path, work: Path) -> None:
    run(model, "-n", 2, "-o", "p.html")
    data = data_of(work / "p.html")
    assert (data["novelty"], data["doubts"]) == (None, None)
    for line, what in zip(data["notes"], ("Novelty", "Doubts"), strict=True):
        assert line.startswith(f"{what}")
        assert "unknown: the sprites that the model was trained on are not" in line
    command = ["sample", "-n", "2", "--steps", "4", "--label", "ape", "-o", "s.html"]
    assert CliRunner().invoke(pxgen, command).exit_code == 0
    data = data_of(work / "s.html")
    assert data["novelty"] is None
    assert len(data["doubts"]) == 2
    assert data["command"] == "pxgen sample --repeat kept.jsonl -o kept/"
    assert CliRunner().invoke(pxgen, [*command, "--trace"]).exit_code == 0
    data = data_of(work / "s.html")
    assert data["shape"][1] > 1
    assert (data["doubts"], "no whole sprites" in data["notes"][1]) == (None, True)


def test_clips_are_chosen_and_drawn_again(clips: Path, tmp_path: Path) -> None:
    ways = ("-n", 3, "--durations", "40,80,120,200", "--loop", "pingpong", "--palette", "pico-8")
    page, manifest = tmp_path / "p.html", tmp_path / "m.jsonl"
    result = run(clips, *ways, "-o", page, "--manifest", manifest, command="animate")
    assert result.stdout.split() == [str(page), str(manifest)]
    data = data_of(page)
    assert (data["shape"][:2], data["delays"]) == ([3, 6], [40, 80, 120, 200, 120, 80])
    run(clips, *ways, "-o", tmp_path / "all", command="animate")
    pictures = contents(tmp_path / "all")
    result = run(clips, "--repeat", manifest, "-o", tmp_path / "again")
    assert result.exit_code == 0, result.stderr
    assert contents(tmp_path / "again") == pictures
    text = line_of(data, 1, data["shown"])
    assert run(clips, "--repeat", "-", "-o", tmp_path / "one", text=text).exit_code == 0
    assert contents(tmp_path / "one").items() <= pictures.items()
    assert contents(tmp_path / "one")


def test_clips_are_compared_with_a_dataset_that_is_named(clips: Path, work: Path) -> None:
    command = ("-n", 2, "-o", "p.html", "--dataset", "elsewhere/set")
    (work / "elsewhere" / "set").mkdir(parents=True)
    dataset = tiny_dataset(work / "elsewhere" / "set", 12, frames=FRAMES)
    result = run(clips, *command, command="animate")
    assert (result.exit_code, "is not what" in result.stderr) == (3, True)
    card = replace(CARD, canvas=dataset.canvas, fingerprint=dataset.fingerprint)
    weights = prefixed(tiny_model("masked", dataset.domain).module.state_dict(), "weights")
    save_checkpoint(clips / "checkpoint.safetensors", card, weights)
    result = run(clips, *command, command="animate")
    assert result.exit_code == 0, result.stderr
    assert len(data_of(work / "p.html")["novelty"]) == 2


def test_a_title_tells_what_drew_how_much_of_what(model: Path, clips: Path, work: Path) -> None:
    run(model, "-n", 2, "--label", "left", "--seed", 7, "-o", "p.html")
    assert f"<h1>{model.name}: 2 sprites, left, seed 7</h1>" in Path("p.html").read_text()
    run(clips, "-n", 1, "-o", "p.html", command="animate")
    assert "<h1>clips: 1 clip, seed 0</h1>" in Path("p.html").read_text()


def test_other_commands_make_no_page(model: Path, work: Path) -> None:
    sprite = work / "s.png"
    sprite.write_bytes(encode_png(np.eye(6, 8, dtype=np.uint8), PALETTE))
    for command in (("reconstruct", sprite), ("interpolate", "--from", 1, "--to", 2)):
        name, *rest = command
        result = run_command(name, "-m", model, *rest, "-o", "x.html")
        assert (result.exit_code, "make pages" in result.stderr) == (2, True)
    assert not (work / "x.html").exists()


def run_command(*arguments: object) -> Any:
    return CliRunner().invoke(pxgen, [*map(str, arguments)])


def test_clips_in_the_colours_of_given_frames_keep_them(clips: Path, tmp_path: Path) -> None:
    given, page, manifest = tmp_path / "g.png", tmp_path / "p.html", tmp_path / "m.jsonl"
    other = PALETTE.rgba.copy()
    other[1:, :3] = 255 - other[1:, :3]
    pixels = np.arange(48, dtype=np.uint8).reshape(6, 8) % len(PALETTE)
    given.write_bytes(encode_png(pixels, Palette(other)))
    ways = ("-n", 2, "--given", f"0={given}", "--palette", "given")
    result = run(clips, *ways, "-o", page, "--manifest", manifest, command="animate")
    assert result.exit_code == 0, result.stderr
    data = data_of(page)
    assert [each["name"] for each in data["colorings"]] == ["given"]
    assert np.array_equal(colors_of(data, 0, 1)[0], other[pixels])
    run(clips, *ways, "-o", tmp_path / "all", command="animate")
    for text in (manifest.read_text("utf-8"), line_of(data, 0) + "\n" + line_of(data, 1)):
        assert list(json.loads(text.split("\n")[0])["inputs"]) == [str(given)]
        result = run(clips, "--repeat", "-", "-o", tmp_path / "again", "--force", text=text)
        assert result.exit_code == 0, result.stderr
        assert contents(tmp_path / "again") == contents(tmp_path / "all")
    given.write_bytes(encode_png(pixels, PALETTE))
    result = run(clips, "--repeat", manifest, "-o", tmp_path / "no")
    assert (result.exit_code, "has changed since" in result.stderr) == (3, True)
