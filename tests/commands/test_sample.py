"""``pxgen sample``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.models.protocol import SamplingParams
from pxgen.palette.library import find_palette
from pxgen.render.png import decode_png
from pxgen.sampling.engine import PictureRequest, draw_pictures
from pxgen.sampling.results import Picture
from pxgen.sampling.samples import SamplePlan
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE, tiny_model

CPU = torch.device("cpu")


def pictures(first: int, count: int, step: int = 1, **options: int) -> list[bytes]:
    sampling, label = SamplingParams(steps=4), np.array([1, 0], np.float32)
    requests = [PictureRequest(i, label, sampling) for i in range(first, first + count, step)]
    drawn = draw_pictures(tiny_model(), requests, 3, device=CPU, **options)
    return [picture.tobytes() for picture in drawn]


def test_a_picture_is_the_same_whatever_the_batch_threads_and_shards() -> None:
    whole = pictures(0, 12)
    assert len(set(whole)) > 1
    assert pictures(0, 12, workers=2) == whole
    assert pictures(0, 6) + pictures(6, 6, workers=3) == whole
    shards = [pictures(part, 12 - part, 3) for part in range(3)]
    assert [shards[i % 3][i // 3] for i in range(12)] == whole


def test_what_is_wrong_with_the_wish_comes_before_what_is_in_the_way(tmp_path: Path) -> None:
    save(tmp_path)
    out = f"{tmp_path}/out/"
    assert run(tmp_path, "-o", out)[0] == 0
    assert "exists" in run(tmp_path, "-o", out)[2]
    for wrong in ("--label nope", "--palette nope", "--sampler nope"):
        code, _, said = run(tmp_path, "-o", out, *wrong.split())
        assert code == 2
        assert "nope" in said
        assert "exists" not in said


def test_a_label_is_given_once(tmp_path: Path) -> None:
    save(tmp_path)
    for second, advice in (
        ("left", "label 'left' is given twice: once is enough"),
        ("left:-1", "label 'left' is both asked for and forbidden: choose one"),
    ):
        code, _, said = run(tmp_path, "--label", "left", "--label", second, "-o", f"{tmp_path}/x")
        assert code == 2
        assert advice in said


def test_more_steps_than_pixels_are_as_many_as_pixels(tmp_path: Path) -> None:
    save(tmp_path)
    for steps in ("48", "100000"):
        assert run(tmp_path, "--steps", steps, "-o", f"{tmp_path}/{steps}.png")[0] == 0
    assert (tmp_path / "48.png").read_bytes() == (tmp_path / "100000.png").read_bytes()


def test_the_thread_setting_of_the_process_is_restored() -> None:
    before = torch.get_num_threads()
    pictures(0, 2, workers=2)
    assert torch.get_num_threads() == before


def run(folder: Path, *arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(pxgen, ["sample", "-m", str(folder), "--steps", "3", *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_the_command_writes_exact_indexed_pictures(tmp_path: Path) -> None:
    save(tmp_path)
    out = tmp_path / "out"
    code, lines, _ = run(tmp_path, "--label", "left", "-n", "3", "--seed", "5", "-o", f"{out}/")
    assert code == 0
    assert lines == [f"{out}/left-5-{i:04}.png" for i in range(3)]
    for line in lines:
        indices, palette = decode_png(Path(line))
        assert palette == PALETTE
        assert indices.shape == (6, 8)


def test_shards_join_to_the_bytes_of_one_run(tmp_path: Path) -> None:
    save(tmp_path)
    run(tmp_path, "-n", "5", "-o", f"{tmp_path}/whole/")
    for shard in ("1/2", "2/2"):
        run(tmp_path, "-n", "5", "--shard", shard, "-o", f"{tmp_path}/parts/")
    whole, parts = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("whole", "parts")
    )
    assert len(whole) == 5
    assert whole == parts


def test_the_batch_size_does_not_change_the_bytes(tmp_path: Path) -> None:
    save(tmp_path)
    sheets = []
    for batch in ("1", "7", "64"):
        run(tmp_path, "-n", "9", "--batch", batch, "-o", f"{tmp_path}/{batch}.png")
        sheets.append((tmp_path / f"{batch}.png").read_bytes())
    assert len(set(sheets)) == 1


def test_another_palette_keeps_the_indices_or_finds_the_nearest(tmp_path: Path) -> None:
    save(tmp_path)
    run(tmp_path, "-n", "4", "-o", f"{tmp_path}/own.png")
    code, _, _ = run(tmp_path, "-n", "4", "--palette", "game-boy", "-o", f"{tmp_path}/other.png")
    assert code == 0
    own, _ = decode_png(tmp_path / "own.png")
    other, palette = decode_png(tmp_path / "other.png")
    assert palette == find_palette("game-boy")
    np.testing.assert_array_equal(own, other)


def test_pictures_that_show_nothing_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path)
    drawn = SamplePlan.uncolored

    def every_other(plan: SamplePlan, *arguments: object) -> Iterator[Picture]:
        for number, maps, palette in drawn(plan, *arguments):
            yield Picture(number, maps * np.uint8(number % 2), palette)

    assert run(tmp_path, "-n", "5", "-o", f"{tmp_path}/a/")[2] == ""
    monkeypatch.setattr(SamplePlan, "uncolored", every_other)
    said = run(tmp_path, "-n", "5", "-o", f"{tmp_path}/b/")[2]
    assert said.startswith("3 of 5 show nothing: train longer")


def test_variations_that_are_the_given_picture_are_counted(tmp_path: Path) -> None:
    save(tmp_path)
    init = ("--init", f"{tmp_path}/one.png")
    assert run(tmp_path, "-o", init[1])[0] == 0
    code, _, said = run(
        tmp_path, *init, "--strength", "0", "--strength", "1", "-n", "4", "-o", f"{tmp_path}/way/"
    )
    assert (code, said) == (
        0,
        "2 of 4 are the picture given, as the model reads it: a --strength nearer 1 changes more\n",
    )
    still = (*init, "--strength", "0", "--palette", "pico-8", "-o", f"{tmp_path}/other/")
    assert "1 of 1 are the picture given" in run(tmp_path, *still)[2]
    assert run(tmp_path, *init, "--strength", "1", "-n", "2", "-o", f"{tmp_path}/new/")[2] == ""


def test_scale_enlarges_by_whole_pixels(tmp_path: Path) -> None:
    save(tmp_path)
    run(tmp_path, "-o", f"{tmp_path}/one.png")
    run(tmp_path, "--scale", "3", "-o", f"{tmp_path}/three.png")
    one, three = (decode_png(tmp_path / f"{name}.png")[0] for name in ("one", "three"))
    np.testing.assert_array_equal(one.repeat(3, 0).repeat(3, 1), three)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--label", "lift"], 2, "left"),
        (["--label", "left:7"], 2, "weight"),
        (["--sampler", "confident"], 2, "confidence"),
        (["--palette", "picco-8"], 2, "pico-8"),
        (["--shard", "3/2"], 2, "part"),
        (["-o", "x.jpg"], 2, "x.jpg"),
        (["-o", ""], 2, "-o is empty: name a file or a folder"),
        (["-m", "Starter"], 3, "no model at Starter: check the path, or did you mean starter?"),
        (["-m", "nothing"], 3, "nothing"),
    ],
)
def test_a_bad_request_is_one_clear_line(
    tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    save(tmp_path)
    status, lines, error = run(tmp_path, *arguments)
    assert (status, lines) == (code, [])
    assert message in error
    assert "Traceback" not in error


def test_sprites_without_an_image_do_not_wait_for_pillow(tmp_path: Path) -> None:
    program = (
        "import sys; from pxgen.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit('PIL' in sys.modules)"
    )
    command = [
        sys.executable,
        "-c",
        program,
        "sample",
        "--steps",
        "1",
        "-o",
        str(tmp_path / "x.png"),
    ]
    assert subprocess.run(command, check=False, cwd=tmp_path).returncode == 0
    assert (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sample --init nope.png", "pxgen: nope.png: No such file or directory\n"),
        ("sample --mask a.png", "--mask needs an image to start from: give it with --init\n"),
        ("animate --given a.png --mask nope.png", "pxgen: nope.png: No such file or directory\n"),
        ("animate --given down/0=nope.png", "pxgen: nope.png: No such file or directory\n"),
        ("sample --label alien", "known are left, right; -m starter has it\n"),
        (
            "train",
            "pxgen: no dataset at dataset: make one with `pxgen prepare SOURCE -o dataset`\n",
        ),
    ],
)
def test_what_can_be_told_at_once_does_not_wait_for_torch(
    tmp_path: Path, line: str, said: str
) -> None:
    save(tmp_path / "runs" / "0001-masked")
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was loaded')")
    done = subprocess.run(
        [sys.executable, "-m", "pxgen", *line.split(), "-o", "x.png"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.stderr.endswith(said)
    assert done.returncode in {2, 3}


def test_a_dry_run_names_what_a_run_would_write(tmp_path: Path) -> None:
    save(tmp_path)
    out = f"{tmp_path}/out/"
    status, first, error = run(tmp_path, "-n", "2", "-o", out)
    assert status == 0, error
    options = ("-n", "5", "-o", out, "--skip-existing")
    _, told, _ = run(tmp_path, *options, "--dry-run")
    _, made, _ = run(tmp_path, *options)
    assert (told, len(made)) == (made, 3)
    assert not set(made) & set(first)
    none = ("-n", "2", "--shard", "1/3", "-o", f"{tmp_path}/x.gif")
    assert run(tmp_path, *none, "--dry-run") == run(tmp_path, *none) == (0, [], "")
