"""``pxgen prepare``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.builtin import certify
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.palette import Palette
from pxgen.render.png import decode_png
from tests.support.preparing import hero, heroes, prepared, run, save, shown, visible

pytestmark = pytest.mark.usefixtures("work")


def test_a_folder_becomes_an_exact_labelled_dataset() -> None:
    drawn = heroes("art")
    result = run("art")
    assert result.exit_code == 0
    assert result.stdout == "dataset\n"
    dataset = open_dataset(Path("dataset"))
    assert dataset.canvas == (1, 8, 8)
    assert dataset.label_names == ("elf", "orc")
    assert len(dataset.palette) == 4
    for row, name in enumerate(dataset.names):
        seed = int(name[-6:-4])
        np.testing.assert_array_equal(shown(dataset, name)[0], visible(drawn[seed]))
        assert dataset.marks[row].tolist() == [int(seed % 3 > 0), int(seed % 3 == 0)]
    assert "12 stills of 8x8, 2 labels" in result.stderr
    assert "every pixel exact" in result.stderr


def test_the_pictures_beside_it_show_sprites_and_palette() -> None:
    heroes("art")
    dataset = prepared("art", "-o", "out/d")
    for name in ("sheet.png", "palette.png"):
        indices, palette = decode_png(Path("out/d") / name)
        assert palette == dataset.palette
        assert set(np.unique(indices)) == {0, 1, 2, 3}


def test_equal_input_gives_equal_bytes_wherever_it_lies(tmp_path: Path) -> None:
    heroes("art")
    heroes(str(tmp_path / "elsewhere" / "art"))
    run("art", "-o", "a")
    run(tmp_path / "elsewhere" / "art", "-o", "b")
    for name in ("dataset.safetensors", "sheet.png", "palette.png"):
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()
    assert os.fsencode(tmp_path) not in Path("b", "dataset.safetensors").read_bytes()


def test_an_existing_dataset_is_replaced_only_by_force() -> None:
    heroes("art")
    before = prepared("art").fingerprint
    result = run("art", "--labels", "none")
    assert result.exit_code == 2
    assert "dataset.safetensors exists" in result.stderr
    assert "--force" in result.stderr
    assert open_dataset(Path("dataset")).fingerprint == before
    assert prepared("art", "--labels", "none", "--force").label_names == ()


def test_bad_files_are_all_named_and_the_old_dataset_stays() -> None:
    heroes("art")
    before = prepared("art").fingerprint
    Path("art/b.png").write_bytes(b"no picture")
    Path("art/elf/a[1].png").write_bytes(b"")
    save("art/huge.png", hero(1, 9, 30))
    result = run("art", "--force")
    assert result.exit_code == 3
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [sum(name in line for line in lines) for name in ("b.png", "a[1].png")] == [1, 1]
    assert any("huge.png: 30x9 is larger than the canvas 8x8" in line for line in lines)
    assert any("--size 30x9 holds them all" in line for line in lines)
    assert "--skip-bad" in lines[-1]
    assert open_dataset(Path("dataset")).fingerprint == before
    assert len(prepared("art", "--force", "--skip-bad")) == 12


def test_quiet_silences_remarks_but_not_the_reason_of_a_failure() -> None:
    heroes("art")
    quiet = CliRunner().invoke(pxgen, ["-q", "prepare", "art"])
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "dataset\n", "")
    Path("art/b.png").write_bytes(b"no picture")
    failed = CliRunner().invoke(pxgen, ["-q", "prepare", "art", "--force"])
    assert failed.exit_code == 3
    assert "art/b.png: not an image" in failed.stderr


def test_a_long_list_of_bad_files_is_cut_short() -> None:
    heroes("art")
    for number in range(50):
        Path(f"art/bad{number}.png").write_bytes(b"x")
    result = run("art")
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) < 30
    assert "... and 30 more" in result.stderr
    assert "50 of the sources" in result.stderr
    assert not Path("dataset").exists()


def test_smaller_sprites_are_padded_onto_the_canvas() -> None:
    heroes("art")
    small = hero(77, 5, 6)
    save("art/small.png", small)
    dataset = prepared("art")
    np.testing.assert_array_equal(shown(dataset, "small.png")[0, 3:, 1:7], visible(small))
    larger = prepared("art", "--size", "10x12", "--anchor", "center", "-o", "b")
    assert larger.canvas == (1, 12, 10)
    np.testing.assert_array_equal(shown(larger, "small.png")[0, 3:8, 2:8], visible(small))


def test_enlarged_sprites_come_back_to_their_true_pixels() -> None:
    drawn = [hero(seed) for seed in range(5)]
    for seed, rgba in enumerate(drawn):
        save(f"art/{seed}.png", rgba.repeat(6, 0).repeat(6, 1))
    result = run("art")
    assert "enlarged 6 times" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.canvas == (1, 8, 8)
    np.testing.assert_array_equal(shown(dataset, "3.png")[0], visible(drawn[3]))
    assert prepared("art", "--keep-scale", "--force").canvas == (1, 48, 48)


def test_every_mode_and_hidden_colours_meet_in_one_palette() -> None:
    rgba = hero(0)
    loud = rgba.copy()
    loud[rgba[..., 3] == 0, :3] = 99
    save("art/a.png", rgba)
    save("art/b.png", loud)
    save("art/grey.png", hero(1)[..., 0])
    save("art/rgb.png", hero(2)[..., :3])
    save("art/two.png", hero(3)[..., 0] > 100)
    result = run("art")
    assert result.exit_code == 0, result.stderr
    dataset = open_dataset(Path("dataset"))
    np.testing.assert_array_equal(shown(dataset, "a.png"), shown(dataset, "b.png"))
    assert "1 exact copies" in result.stderr
    assert (shown(dataset, "rgb.png")[0, ..., 3] == 255).all()


def test_indexed_files_that_share_a_palette_keep_its_order() -> None:
    Path("art").mkdir()
    for seed in range(3):
        image = Image.fromarray(np.random.default_rng(seed).integers(0, 3, (8, 8), np.uint8), "L")
        image.putpalette([9, 9, 9, 250, 0, 0, 0, 0, 250, 1, 2, 3])
        image.save(f"art/{seed}.png", transparency=0)
    dataset = prepared("art")
    assert dataset.palette == Palette.of([(250, 0, 0), (0, 0, 250), (1, 2, 3)])


def test_sheets_are_cut_and_empty_cells_dropped() -> None:
    sheet = np.zeros((16, 32, 4), np.uint8)
    for place in range(6):
        y, x = 8 * (place // 4), 8 * (place % 4)
        sheet[y : y + 8, x : x + 8] = hero(place)
    save("sheet.png", sheet)
    result = run("sheet.png", "--cell", "8x8")
    assert "2 empty cells dropped" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.names[5] == "sheet.png#1,1"
    np.testing.assert_array_equal(shown(dataset, "sheet.png#1,1")[0], visible(hero(5)))
    clips = prepared("sheet.png", "--cell", "8x8", "--frames", 2, "--force")
    assert clips.pixels.shape == (3, 2, 8, 8)
    assert run("sheet.png", "--cell", "5x8", "--force").exit_code == 3


def test_numbered_frames_become_clips() -> None:
    for actor in ("elf", "orc"):
        for frame in range(4):
            save(f"art/{actor}/run_f{frame}.png", hero(frame + 10 * (actor == "orc")))
    save("art/imp/stand_f0.png", hero(99))
    dataset = prepared("art")
    assert dataset.pixels.shape == (3, 4, 8, 8)
    assert dataset.label_names == ("elf", "imp", "orc")
    for frame in range(4):
        rgba = shown(dataset, "elf/run")[frame]
        np.testing.assert_array_equal(rgba, visible(hero(frame)))
        stand = shown(dataset, "imp/stand_f0.png")[frame]
        np.testing.assert_array_equal(stand, visible(hero(99)))
    assert prepared("art", "--frames", 1, "--force").pixels.shape == (9, 1, 8, 8)
    result = run("art", "--frames", 2, "--force")
    assert result.exit_code == 3
    assert "one of 4 numbered frames" in result.stderr


def test_animated_files_are_clips_or_with_one_frame_stills() -> None:
    Path("art").mkdir()
    for seed in range(2):
        frames = [Image.fromarray(hero(10 * seed + i)) for i in range(3)]
        frames[0].save(
            f"art/{seed}.png", save_all=True, append_images=frames[1:], duration=100, disposal=2
        )
    dataset = prepared("art")
    assert dataset.pixels.shape == (2, 3, 8, 8)
    np.testing.assert_array_equal(shown(dataset, "1.png")[2], visible(hero(12)))
    stills = prepared("art", "--frames", 1, "--force")
    np.testing.assert_array_equal(shown(stills, "1.png#2")[0], visible(hero(12)))


def test_arrays_with_labels_beside_them() -> None:
    rgba = np.stack([hero(seed) for seed in range(10)])
    np.save("heroes.npy", rgba[..., :3])
    np.save("heroes_labels.npy", np.eye(2)[np.arange(10) % 2])
    dataset = prepared("heroes.npy", "--label-names", "elf,orc")
    assert dataset.label_names == ("elf", "orc")
    assert dataset.marks.tolist() == np.eye(2)[np.arange(10) % 2].tolist()
    np.testing.assert_array_equal(shown(dataset, "heroes.npy#7")[0, ..., :3], rgba[7, ..., :3])


def test_labels_come_from_the_table_at_the_top_of_the_folder() -> None:
    heroes("art")
    rows = "".join(f"{i}, {'Hat / Beard' if i % 2 else 'Hat'}\n" for i in range(12))
    Path("art/about.csv").write_text("id, wears\n" + rows)
    dataset = prepared("art")
    assert dataset.label_names == ("Beard", "Hat")
    assert dataset.marks.sum(0).tolist() == [6, 12]
    assert prepared("art", "--labels", "folders", "--force").label_names == ("elf", "orc")
    result = run("art", "--labels", "missing.csv", "--force")
    assert result.exit_code == 3
    assert "missing.csv" in result.stderr


def test_a_tiled_collection_is_noticed() -> None:
    np.save("tiled.npy", np.concatenate([np.stack([hero(s) for s in range(4)])] * 5))
    result = run("tiled.npy")
    assert "every sprite occurs 5 times; 4 are distinct" in result.stderr


def test_smooth_images_are_noticed() -> None:
    heroes("art")
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    save("art/photo.png", noise)
    assert "1 sprites hold more than 48 colours (such as photo.png)" in run("art").stderr


def test_built_in_characters_are_legal_distinct_and_labelled() -> None:
    dataset = prepared("--builtin", "-n", 40, "--seed", 3)
    assert len(dataset) == 40
    certificate = certify(np.asarray(dataset.pixels[5, 0]))
    assert certificate.legal
    labels = {dataset.label_names[i] for i in np.flatnonzero(dataset.marks[5])}
    assert labels == certificate.label_names
    assert len({pixels.tobytes() for pixels in dataset.pixels}) == 40
    assert prepared("--builtin", "-n", 3, "--frames", 8, "-o", "b").canvas == (8, 24, 24)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("art", "--builtin"),
        ("--builtin", "--palette", "pico-8"),
        ("--builtin", "--frames", 3),
        ("--builtin", "--size", "8x8"),
        ("art", "--size", "huge"),
        ("art", "--size", "0x4"),
        ("art", "--colors", 256),
        ("art", "--dither", "random"),
        ("art", "--label-columns", "none", "--labels", "art/t.csv"),
    ],
)
def test_impossible_wishes_are_usage_errors(arguments: tuple[object, ...]) -> None:
    heroes("art", 3)
    Path("art/t.csv").write_text("id,kind\n0,a\n1,b\n")
    result = run(*arguments)
    assert result.exit_code == 2, result.stderr
    assert not Path("dataset").exists()


@pytest.mark.parametrize("arguments", [("nowhere",), ("empty",), ("art/t.csv",)])
def test_nothing_to_read_is_rejected_input(arguments: tuple[object, ...]) -> None:
    Path("empty").mkdir()
    heroes("art", 3)
    Path("art/t.csv").write_text("id,kind\n0,a\n1,b\n")
    assert run(*arguments).exit_code == 3


def test_the_project_file_names_sources_and_the_command_line_wins() -> None:
    heroes("art")
    heroes("more", 5)
    Path("pxgen.toml").write_text('[data]\nsource = ["art"]\nlabels = "none"\n')
    assert len(prepared()) == 12
    assert len(prepared("more", "--force")) == 5
    assert len(prepared("--builtin", "-n", 7, "--force")) == 7
    Path("pxgen.toml").write_text("[data]\nbuiltin = true\n")
    assert len(prepared("more", "--force")) == 5


def test_prepare_does_not_load_torch() -> None:
    heroes("art")
    code = (
        "import sys; from pathlib import Path\n"
        "from pxgen.config.settings import DataSettings\n"
        "from pxgen.ingest.preparation import prepare\n"
        "prepare(DataSettings(source=('art',)), Path('dataset'), print)\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_failure_while_writing_leaves_the_old_dataset(monkeypatch: pytest.MonkeyPatch) -> None:
    heroes("art")
    before = prepared("art").fingerprint

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("pxgen.data.dataset.DatasetWriter.append", full)
        result = run("art", "--labels", "none", "--force")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert open_dataset(Path("dataset")).fingerprint == before
    assert sorted(os.listdir("dataset")) == ["dataset.safetensors", "palette.png", "sheet.png"]


PUNKS = os.environ.get("PXGEN_TEST_CPUNKS", "")


@pytest.mark.skipif(not PUNKS, reason="PXGEN_TEST_CPUNKS does not name the collection")
def test_the_punks_are_exact_to_the_last_pixel() -> None:
    dataset = prepared(PUNKS, "-o", "punks")
    assert len(dataset) == 10_000
    assert len(dataset.palette) == 222
    assert len(dataset.label_names) == 92
    counts = Counter(dict(zip(dataset.label_names, dataset.marks.sum(0).tolist(), strict=True)))
    assert (counts["Ape"], counts["Alien"], counts["Earring"]) == (24, 9, 2459)
    for row, name in enumerate(dataset.names):
        with Image.open(Path(PUNKS) / name) as image:
            rgba = visible(np.asarray(image.convert("RGBA")))
        assert np.array_equal(dataset.palette.colors(dataset.pixels[row, 0]), rgba), name


def test_the_environment_beats_the_project_file(monkeypatch: pytest.MonkeyPatch) -> None:
    heroes("art")
    Path("pxgen.toml").write_text('[data]\nsource = ["art"]\ncount = 30\n')
    monkeypatch.setenv("PXGEN_PREPARE_BUILTIN", "1")
    assert len(open_dataset(Path(run().stdout.strip())).names) == 30
