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

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
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


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("art", "--builtin"),
        ("--builtin", "--palette", "pico-8"),
        ("--builtin", "--frames", 3),
        ("--builtin", "--size", "8x8"),
        ("--builtin", "figures", "--frames", 8),
        ("--builtin", "figures", "--size", "12x24"),
        ("--builtin", "beasts"),
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
