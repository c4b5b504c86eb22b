"""No output replaces what it is made from, nor a file of another kind, without being told to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from tests.support.checkpoints import save, sprite
from tests.support.tiny import tiny_dataset

SOURCE = "is one of the sources"
FOREIGN = "exists and is no manifest"


@pytest.fixture
def files(work: Path) -> Path:
    """A model, a dataset, pictures, a palette and a list of jobs in the current folder."""
    save(work)
    save(Path("ae"), recipe="ae")
    tiny_dataset(Path("data"))
    Path("sprites").mkdir()
    for name in ("c.png", "pal.png", "sprites/a.png"):
        sprite(work, name)
    Path("table").mkdir()
    Path("table/project.toml").write_text("[project]\nname = 'mine'\n")
    Path("own").mkdir()
    for name in ("card.md", "preview.png", "compare.png"):
        Path("own", name).write_text("mine")
    Path("jobs.jsonl").write_text('{"out": "x.png"}\n')
    return work


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("inspect c.png -o c.png", SOURCE),
        ("inspect data -o data/dataset.safetensors.png --json", ""),
        ("palette extract c.png -o c.png", SOURCE),
        ("palette extract sprites pal.png -o sprites/../pal.png", SOURCE),
        ("palette convert c.png c.png", SOURCE),
        ("palette convert c.png -o c.png", SOURCE),
        ("sample -m . --palette pal.png -o pal.png", SOURCE),
        ("sample -m . --lock pal.png -o pal.png", SOURCE),
        ("sample -m . --manifest checkpoint.safetensors -o x.png", FOREIGN),
        ("sample -m . --init c.png --manifest c.png -o x.png", FOREIGN),
        ("sample -m . --jobs jobs.jsonl --manifest jobs.jsonl", FOREIGN),
        ("animate -m . --palette pal.png -o pal.png --sheet rows", SOURCE),
        ("export c.png --palette pal.png -o pal.png", SOURCE),
        ("reconstruct -m ae c.png -o c.png", "is one of the images"),
        ("prepare sprites -o sprites", SOURCE),
        ("train --dataset data --steps 2 -o own", "own/card.md is of no run"),
        ("train --dataset data --steps 2 -o own --fresh", "own/card.md is of no run"),
        ("train --dataset data --steps 2 -o table", "table/project.toml is of no run"),
        ("compare ae --dataset data --steps 2 -o own", "own/compare.png is of no comparison"),
    ],
)
def test_what_is_read_stays(line: str, said: str, files: Path) -> None:
    before = everything(files)
    result = CliRunner().invoke(pxgen, line.split())
    assert said in result.stderr
    assert (result.exit_code != 0) == bool(said), result.stderr
    assert len(result.stderr.splitlines()) == bool(said)
    after = everything(files)
    assert {path: after.get(path) for path in before} == before
    if said:
        assert after.keys() == before.keys()


def test_a_manifest_is_replaced_by_the_next(files: Path) -> None:
    for seed in (1, 2):
        options = ["-m", ".", "--seed", str(seed), "-o", "x.png", "--manifest", "m.jsonl"]
        assert CliRunner().invoke(pxgen, ["sample", *options]).exit_code == 0
        assert json.loads(Path("m.jsonl").read_text())["seed"] == seed


def test_a_given_end_of_a_way_is_kept_where_the_way_takes_its_name(files: Path) -> None:
    before = Path("c.png").read_bytes()
    line = "interpolate -m ae --from c.png --to c.png --frames 3 -o c.png --sheet rows"
    result = CliRunner().invoke(pxgen, line.split())
    assert result.exit_code == 0, result.stderr
    assert Path("c-given.png").read_bytes() == before


def test_what_fails_leaves_no_copy_of_what_was_given(files: Path) -> None:
    Path("c.png").write_text("no picture")
    before = everything(files)
    result = CliRunner().invoke(pxgen, ["sample", "-m", ".", "--init", "c.png", "-o", "c.png"])
    assert result.exit_code == 3
    assert everything(files) == before


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_again(files: Path) -> None:
    """It has shown a preview by then, and its table tells that it is a run."""
    Path("run").mkdir()
    Path("run/project.toml").write_text('[model]\nfamily = "masked"\n\n[train]\n')
    Path("run/preview.png").write_text("of before")
    line = "train --dataset data --recipe ae --steps 2 -o run"
    assert CliRunner().invoke(pxgen, line.split()).exit_code == 0
    assert Path("run/checkpoint.safetensors").exists()


def test_names_of_shipped_palettes_are_no_files(files: Path) -> None:
    Path("pico-8").mkdir()
    line = "export c.png --palette pico-8 -o pico-8"
    assert CliRunner().invoke(pxgen, line.split()).exit_code == 0
    assert Path("pico-8/c.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_of_a_link_to_a_source_the_link_is_replaced(files: Path) -> None:
    before = Path("pal.png").read_bytes()
    Path("link.png").symlink_to("pal.png")
    line = "sample -m . --palette pal.png -o link.png"
    result = CliRunner().invoke(pxgen, line.split())
    assert result.exit_code == 0, result.stderr
    assert Path("pal.png").read_bytes() == before
    assert not Path("link.png").is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="devices are no files there")
def test_a_manifest_takes_the_place_of_no_device(files: Path) -> None:
    result = CliRunner().invoke(pxgen, ["sample", "-m", ".", "--manifest", "/dev/null"])
    assert (result.exit_code, FOREIGN in result.stderr) == (2, True)
    assert not Path("/dev/null").is_file()
