"""Many pictures: folders gone on with, and what manifests say of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sampled import contents, run


def test_an_interrupted_folder_is_gone_on_with(model: Path, tmp_path: Path) -> None:
    run(model, "-n", 6, "-o", tmp_path / "whole")
    run(model, "-n", 2, "-o", tmp_path / "part")
    kept = tmp_path / "part" / "sprite-0-0001.png"
    kept.write_bytes(b"mine")
    result = run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert [Path(line).name for line in result.stdout.split()] == [
        f"sprite-0-000{i}.png" for i in (2, 3, 4, 5)
    ]
    assert kept.read_bytes() == b"mine"
    kept.unlink()
    run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")
    # And where nothing is left, nothing happens.
    result = run(model, "-n", 6, "-o", tmp_path / "part", "--skip-existing")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("command", ["sample", "animate"])
def test_a_dry_run_tells_what_a_run_writes(model: Path, tmp_path: Path, command: str) -> None:
    asked = ("-n", 5, "--shard", "2/2", "--label", "left", "-o", tmp_path / "out")
    dry = run(model, *asked, "--dry-run", command=command)
    assert not (tmp_path / "out").exists()
    wet = run(model, *asked, command=command)
    assert dry.stdout == wet.stdout
    assert len(wet.stdout.split()) == 3
    sheet = run(model, "-o", tmp_path / "s.png", "--data", "s.json", "--dry-run", command=command)
    assert sheet.stdout.split() == [str(tmp_path / "s.png"), "s.json"]


def test_a_manifest_never_takes_the_place_of_a_picture(model: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "s.png"
    for manifest in (sheet, tmp_path / "s.json", tmp_path, "-"):
        asked = ("-o", sheet, "--data", tmp_path / "s.json", "--manifest", manifest)
        result = run(model, *asked)
        assert (result.exit_code, "--manifest" in result.stderr) == (2, True)
    assert not sheet.exists()
    dry = run(model, "-o", sheet, "--manifest", tmp_path / "m.jsonl", "--dry-run")
    assert dry.stdout.split() == [str(sheet), str(tmp_path / "m.jsonl")]


def test_equal_runs_write_equal_manifests(model: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        run(model, "-n", 3, "-o", tmp_path / name, "--manifest", tmp_path / name / "m.jsonl")
        run(
            model, "-n", 3, "-o", tmp_path / name, "--manifest", tmp_path / name / "m.jsonl",
            "--skip-existing",
        )  # fmt: skip
        texts.append((tmp_path / name / "m.jsonl").read_bytes())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 3
