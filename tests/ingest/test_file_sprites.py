"""Clips of unequal length, rows of sheets, sheets with JSON, and tags as labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.atlas import Clip
from pxgen.palette import Palette
from tests.support.preparing import hero, prepared, run, save, shown, visible

LENGTHS = {"walk": 6, "idle": 4, "hurt": 3, "die": 8, "jump": 5}
"""The clips of the report that asked for it."""
FILLED = {
    "hold": lambda count, k: min(k, count - 1),
    "loop": lambda count, k: k % count,
    "resample": lambda count, k: k * count // 8,
}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def clip(name: str) -> list[np.ndarray]:
    first = 10 * list(LENGTHS).index(name)
    return [hero(first + k) for k in range(LENGTHS[name])]


def animations() -> None:
    Path("clips").mkdir()
    for name in LENGTHS:
        first, *later = [Image.fromarray(frame) for frame in clip(name)]
        first.save(f"clips/{name}.webp", save_all=True, append_images=later, lossless=True)


@pytest.mark.parametrize("fit", FILLED)
def test_clips_of_any_length_are_fitted(fit: str) -> None:
    animations()
    dataset = prepared("clips", "--fit", fit)
    assert (len(dataset), dataset.canvas.frames, dataset.present) == (5, 8, None)
    for name, count in LENGTHS.items():
        own = shown(dataset, f"{name}.webp")
        for k in range(8):
            np.testing.assert_array_equal(own[k], visible(clip(name)[FILLED[fit](count, k)]))


def test_without_fit_the_choice_is_named_and_longer_clips_are_resampled_alone() -> None:
    animations()
    refused = run("clips")
    assert refused.exit_code == 3
    assert "hurt.webp: 3 frames do not loop evenly" in refused.stderr
    assert "--fit hold, loop or resample" in " ".join(refused.stderr.split())
    short = run("clips", "--fit", "hold", "--frames", 4)
    assert (short.exit_code, "die.webp: 8 frames are more than" in short.stderr) == (3, True)
    dataset = prepared("clips", "--fit", "resample", "--frames", 4)
    for k in range(4):
        np.testing.assert_array_equal(shown(dataset, "die.webp")[k], visible(clip("die")[2 * k]))
    assert run("clips", "--fit", "hold", "--frames", 1).exit_code == 2


def test_numbered_files_are_fitted_too() -> None:
    for name in ("idle", "hurt"):
        for k, frame in enumerate(clip(name)):
            save(f"in/{name}_f{k}.png", frame)
    dataset = prepared("in", "--fit", "hold")
    assert (len(dataset), dataset.canvas.frames) == (2, 4)
    np.testing.assert_array_equal(shown(dataset, "hurt")[3], visible(clip("hurt")[2]))
    assert len(prepared("in", "--fit", "resample", "--frames", 2, "-o", "two")) == 2


def test_rows_of_different_length_are_clips() -> None:
    page = np.zeros((3 * 8, 6 * 8, 4), np.uint8)
    names = ("walk", "idle", "hurt")
    for row, name in enumerate(names):
        for k, frame in enumerate(clip(name)):
            page[8 * row : 8 * row + 8, 8 * k : 8 * k + 8] = frame
    save("s.png", page)
    told = run("s.png", "--cell", "8x8", "--frames", 6).stderr
    assert "2 clips hold blank cells" in told
    assert "--fit" in told
    dataset = prepared("s.png", "--cell", "8x8", "--fit", "hold", "--force")
    assert dataset.names == ("s.png#0,0", "s.png#1,0", "s.png#2,0")
    for row, name in enumerate(names):
        for k in range(6):
            np.testing.assert_array_equal(
                shown(dataset, f"s.png#{row},0")[k],
                visible(clip(name)[min(k, LENGTHS[name] - 1)]),
            )
    halves = prepared("s.png", "--cell", "8x8", "--fit", "hold", "--frames", 4, "-o", "halves")
    assert halves.names == ("s.png#0,0", "s.png#0,4", "s.png#1,0", "s.png#2,0")


def rect(x: int, y: int, **more: Any) -> dict[str, Any]:
    return {"frame": {"x": x, "y": y, "w": 8, "h": 8}, **more}


def described(tags: Any = None, animations: Any = None, **meta: Any) -> None:
    """``in/hero.png`` of six frames with JSON beside it."""
    tiles = [hero(k) for k in range(6)]
    rows = [np.concatenate(tiles[:3], 1), np.concatenate(tiles[3:], 1)]
    save("in/hero.png", np.concatenate(rows))
    frames = {f"hero {k}.ase": rect(k % 3 * 8, k // 3 * 8, duration=50 + k) for k in range(6)}
    about = {"image": "hero.png", **({"frameTags": tags} if tags else {}), **meta}
    more = {"animations": animations} if animations else {}
    Path("in/hero.json").write_text(json.dumps({"frames": frames, "meta": about, **more}))


TAGS = [{"name": "idle", "from": 0, "to": 1}, {"name": "walk", "from": 2, "to": 5}]
NAMES = {t["name"]: [f"hero {k}.ase" for k in range(t["from"], t["to"] + 1)] for t in TAGS}


@pytest.mark.parametrize("how", [{"tags": TAGS}, {"animations": NAMES}])
def test_tags_and_animations_of_json_are_clips_and_labels(how: dict[str, Any]) -> None:
    described(**how)
    dataset = prepared("in", "--fit", "hold")
    assert dataset.names == ("hero.json#idle", "hero.json#walk")
    assert dataset.label_names == ("idle", "walk")
    assert dataset.marks.tolist() == [[1, 0], [0, 1]]
    np.testing.assert_array_equal(shown(dataset, "hero.json#walk")[3], visible(hero(5)))
    assert prepared("in", "--labels", "none", "--force").label_names == ()


def test_frames_outside_the_tags_of_json_are_told() -> None:
    described(tags=TAGS[:1])
    assert "4 frames outside all tags left out" in run("in").stderr


def test_export_reads_json_with_its_durations() -> None:
    described(tags=TAGS)
    result = CliRunner().invoke(pxgen, ["export", "in", "-o", "a.png", "--data", "a.json"])
    assert result.exit_code == 0, result.stderr
    frames = json.loads(Path("a.json").read_text())["frames"]
    assert sorted(frame["duration"] for frame in frames.values()) == [50, 51, 52, 53, 54, 55]
    assert {frame["sourceSize"]["w"] for frame in frames.values()} == {8}


def test_several_sheets_of_one_description() -> None:
    """As TexturePacker's multipack for Phaser: each texture has an image and frames of its own."""
    textures = []
    for k in range(2):
        save(f"in/pack-{k}.png", np.concatenate([hero(2 * k), hero(2 * k + 1)]))
        frames = [{"filename": f"h{'ab'[k]}{n}x.png", **rect(0, 8 * n)} for n in range(2)]
        textures.append({"image": f"pack-{k}.png", "frames": frames})
    Path("in/pack.json").write_text(json.dumps({"textures": textures, "meta": {"app": "x"}}))
    dataset = prepared("in")
    assert len(dataset) == 4
    np.testing.assert_array_equal(shown(dataset, "pack.json#hb1x")[0], visible(hero(3)))


@pytest.mark.parametrize("form", [(), ("--array",)])
@pytest.mark.parametrize("sheet", ["rows", "columns", "packed"])
def test_what_pxgen_wrote_comes_back(sheet: str, form: tuple[str, ...]) -> None:
    """Clips and stills by their names, whatever numbers stand at the names' ends."""
    for k in range(3):
        save(f"in/still-{k}.png", hero(k))
    first, *later = [Image.fromarray(frame) for frame in clip("idle")]
    first.save("in/idle.webp", save_all=True, append_images=later, lossless=True)
    arguments = ["export", "in", "-o", "own/a.png", "--data", "own/a.json", "--sheet", sheet, *form]
    result = CliRunner().invoke(pxgen, [*arguments, "--padding", "1"])
    assert result.exit_code == 0, result.stderr
    dataset = prepared("own", "--fit", "hold")
    assert {name.partition("#")[2] for name in dataset.names} == {
        "idle", "still-0", "still-1", "still-2"
    }  # fmt: skip
    assert dataset.label_names == ()
    for k in range(3):
        np.testing.assert_array_equal(shown(dataset, f"a.json#still-{k}")[0], visible(hero(k)))
    for k, frame in enumerate(clip("idle")):
        np.testing.assert_array_equal(shown(dataset, "a.json#idle")[k], visible(frame))


def test_tags_of_aseprite_files_are_labels_unless_all_share_them() -> None:
    maps = np.random.default_rng(0).integers(0, 3, (4, 6, 6), dtype=np.uint8)
    palette = Palette.of([(20, 20, 20), (200, 30, 30)])
    for folder, name in (("elf", "a"), ("orc", "b")):
        Path("in", folder).mkdir(parents=True)
        clips = [
            Clip(tag, maps[2 * k : 2 * k + 2], [100, 100]) for k, tag in enumerate(("go", "stop"))
        ]
        Path("in", folder, f"{name}.aseprite").write_bytes(encode_aseprite(clips, palette))
    result = run("in")
    assert "2 labels from tags: go, stop" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.label_names == ("elf", "orc", "go", "stop")
    assert dataset.marks.tolist() == [[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]]
    assert prepared("in", "--labels", "folders", "--force").label_names == ("elf", "orc")
