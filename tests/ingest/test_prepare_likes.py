"""What `prepare` makes of colours and of likenesses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pxgen.data.dataset import open_dataset
from tests.preparing import hero, heroes, prepared, run, save, shown


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_a_palette_by_name_and_a_colour_count() -> None:
    heroes("art")
    named = prepared("art", "--palette", "pico-8")
    assert len(named.palette) >= 16
    result = run("art", "--colors", 2, "--force")
    assert "dB" in result.stderr
    assert "suggested: --colors 3" in result.stderr
    assert len(open_dataset(Path("dataset")).palette) == 3
    assert run("art", "--palette", "pico-88", "--force").exit_code == 2


def test_likenesses_stay_on_one_side_and_the_seed_moves_the_split() -> None:
    for seed in range(60):
        rgba = hero(seed)
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}m.png", rgba[:, ::-1])
    dataset = prepared("art", "--holdout", 0.3)
    sides: dict[int, set[int]] = {}
    for name, side, group in zip(dataset.names, dataset.split, dataset.group, strict=True):
        sides.setdefault(int(name.rstrip("mpng.")), set()).add((int(side), int(group)))
    assert all(len(side) == 1 for side in sides.values())
    assert 18 <= len(dataset.held_out) <= 54
    other = prepared("art", "--holdout", 0.3, "--seed", 1, "--force")
    assert list(other.held_out) != list(dataset.held_out)


@pytest.mark.parametrize("together", ["file", "folder"])
def test_sheets_and_folders_stay_whole_where_asked(together: str) -> None:
    """Cells of one sheet, and files of one folder: the same actor in other poses."""
    for actor in range(30):
        for file in range(2):
            cells = [hero(100 * actor + 10 * file + cell) for cell in range(3)]
            save(f"art/{actor}/{file}/a.png", np.concatenate(cells, 1))
    dataset = prepared("art", "--cell", "8x8", "--holdout", 0.3, "--together", together)
    depth = 2 if together == "file" else 1
    sides: dict[str, set[int]] = {}
    for name, side in zip(dataset.names, dataset.split, strict=True):
        origin = "/".join(name.partition("#")[0].split("/")[:depth])
        sides.setdefault(origin, set()).add(int(side))
    assert len(sides) == 30 * depth
    assert all(len(side) == 1 for side in sides.values())
    assert {side for of in sides.values() for side in of} == {0, 1}
    assert dataset.info["together"] == together


def test_clips_of_one_actor_stay_together() -> None:
    """Frames in folders of equal names are clips of their own, and of their actors."""
    for actor in range(12):
        for motion in ("idle", "walk"):
            for frame in range(2):
                number = 100 * actor + 10 * (motion == "walk") + frame
                save(f"art/actor{actor}/{motion}/f{frame}.png", hero(number))
    dataset = prepared("art", "--holdout", 0.3, "--together", "folder")
    assert dataset.canvas.frames == 2
    assert sorted(dataset.names)[:2] == ["actor0/idle", "actor0/walk"]
    sides: dict[str, set[int]] = {}
    for name, side in zip(dataset.names, dataset.split, strict=True):
        sides.setdefault(name.split("/")[0], set()).add(int(side))
    assert len(sides) == 12
    assert all(len(side) == 1 for side in sides.values())


def test_likenesses_that_only_the_palette_makes_stay_on_one_side() -> None:
    """Shades that differ in the sources are one colour on the palette, and so are their sprites."""
    for seed in range(40):
        rgba = hero(seed)
        other = rgba.copy()
        # Elsewhere in the drawing one pixel is a shade off: another family, until it is reduced.
        other[0, 0] = (21, 21, 21, 255) if rgba[0, 0, 3] else (0, 0, 0, 1)
        rgba[0, 0] = (20, 20, 20, 255) if rgba[0, 0, 3] else (0, 0, 0, 0)
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}b.png", other)
    dataset = prepared("art", "--colors", 3, "--holdout", 0.3)
    learnt = {dataset.pixels[i].tobytes() for i in dataset.train}
    assert len(dataset.held_out) > 4
    assert not [i for i in dataset.held_out if dataset.pixels[i].tobytes() in learnt]
    for first, second in ((f"{s}.png", f"{s}b.png") for s in range(40)):
        sides = {int(dataset.split[dataset.names.index(name)]) for name in (first, second)}
        assert len(sides) == 1


def test_a_shadow_of_the_palette_stays_when_other_colours_are_dithered() -> None:
    shadow = (10, 10, 10, 90)
    rgba = hero(1)
    rgba[0] = shadow
    rgba[1] = (180, 60, 60, 255)
    save("art/a.png", rgba)
    palette = [(20, 20, 20, 255), (200, 30, 30, 255), (240, 220, 90, 255), shadow]
    rows = "".join(f"{a:02x}{r:02x}{g:02x}{b:02x}\n" for r, g, b, a in palette)
    Path("own.hex").write_text(rows)
    dataset = prepared("art", "--palette", "own.hex", "--dither", "bayer2", "--alpha", "keep")
    assert (shown(dataset, "a.png")[0, 0] == shadow).all()


def test_a_table_that_names_few_of_the_sprites_is_not_theirs() -> None:
    heroes("art")
    Path("art/notes.csv").write_text("page,what\n1,draft\n99,final\n")
    assert prepared("art").label_names == ("elf", "orc")
    Path("art/frames.json").write_text(json.dumps({"a.png": {"frame": {"x": 0}}}))
    assert prepared("art", "--force").label_names == ("elf", "orc")


@pytest.mark.parametrize(
    ("palette", "told"),
    [
        (np.array([[0, 0, 300], [1, 1, 1]]), "outside 0 to 255"),
        (np.array([[0, 0, -1], [1, 1, 1]]), "outside 0 to 255"),
        (np.array([["a", "b", "c"]] * 2), "instead of numbers"),
        (np.array([[0.5, np.nan, 0.0]] * 2), "outside 0 to 255"),
    ],
)
def test_palettes_of_arrays_never_wrap(palette: np.ndarray, told: str) -> None:
    np.savez("maps.npz", pixels=np.zeros((3, 4, 4), np.uint8), palette=palette)
    result = run("maps.npz")
    assert (result.exit_code, told in result.stderr) == (3, True), result.stderr


def test_an_array_of_a_sprite_too_large_is_refused_unread() -> None:
    np.savez_compressed("big.npz", pixels=np.zeros((1, 5000, 5000, 3), np.uint8))
    result = run("big.npz")
    assert (result.exit_code, "too large" in result.stderr) == (3, True), result.stderr


def test_the_environment_beats_the_project_file(monkeypatch: pytest.MonkeyPatch) -> None:
    heroes("art")
    Path("pxgen.toml").write_text('[data]\nsource = ["art"]\ncount = 30\n')
    monkeypatch.setenv("PXGEN_PREPARE_BUILTIN", "1")
    assert len(open_dataset(Path(run().stdout.strip())).names) == 30
