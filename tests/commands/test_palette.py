"""`pxgen palette`: what it prints, where, and what it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.palette import command
from pxgen.cli.session import Session
from pxgen.errors import InputError, UsageError
from pxgen.palette.formats import read_palette
from pxgen.palette.library import find_palette, names


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    clear = {"NO_COLOR": None, "FORCE_COLOR": None, "COLORTERM": None}
    return CliRunner(env={**clear, **(env or {})}).invoke(command, [str(a) for a in arguments])


def picture(path: Path, colors: int, seed: int = 0) -> Path:
    rgba = np.random.default_rng(seed).integers(0, 256, (colors, 1, 4), np.uint8)
    rgba[..., 3] = 255
    Image.fromarray(np.broadcast_to(rgba, (colors, 4, 4)).copy()).save(path)
    return path


def test_list_names_every_palette_with_its_count():
    result = run("list")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert [name for name, _ in rows] == names()
    assert ["pico-8", "16"] in rows


def test_list_draws_a_strip_where_colors_show():
    line = run("list", env={"FORCE_COLOR": "3"}).stdout.splitlines()[0]
    assert "\x1b[38;2;255;255;255;48;2;255;255;255m▀\x1b[0m" in line


def test_show_prints_plain_hex_into_a_pipe_and_draws_on_a_terminal():
    assert run("show", "game-boy").stdout == "#9bbc0f\n#8bac0f\n#306230\n#0f380f\n"
    drawn = run("show", "game-boy", env={"FORCE_COLOR": "3"}).stdout
    assert "game-boy (4 colours)" in drawn
    assert "\x1b[38;2;155;188;15m██\x1b[0m #9bbc0f" in drawn
    assert "\x1b" not in run("show", "game-boy", env={"FORCE_COLOR": "3", "NO_COLOR": "1"}).stdout


def test_an_unknown_name_is_wrong_usage_and_lists_the_nearest():
    error = run("show", "sweety-16").exception
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert "sweetie-16" in str(error)


@pytest.mark.parametrize("arguments", [("pico-8", "{}"), ("pico-8", "-o", "{}")])
def test_convert_writes_the_format_of_the_suffix_and_prints_the_path(arguments, tmp_path):
    target = tmp_path / "new" / "p.gpl"
    result = run("convert", *(argument.format(target) for argument in arguments))
    assert result.stdout == f"{target}\n"
    assert target.read_text().startswith("GIMP Palette\n")
    assert read_palette(target) == find_palette("pico-8")


def test_convert_to_standard_output_is_hex():
    assert run("convert", "oil-6", "-").stdout.splitlines()[0] == "fbf5ef"


@pytest.mark.parametrize("arguments", [("pico-8",), ("pico-8", "a.hex", "-o", "b.hex")])
def test_convert_wants_one_output(arguments):
    assert run("convert", *arguments).exit_code == 2


def test_extract_is_exact_for_few_colors_and_says_so_on_stderr(tmp_path):
    source, target = picture(tmp_path / "a.png", 12), tmp_path / "p.hex"
    result = run("extract", source, "-o", target)
    assert result.stdout == f"{target}\n"
    assert result.stderr == "12 colours, exact\n"
    with Image.open(source) as image:
        assert read_palette(target).lookup(np.asarray(image))[1].all()


def test_extract_reduces_and_reports_the_loss(tmp_path):
    images = [picture(tmp_path / f"{i}.png", 200, seed=i) for i in range(2)]
    result = run("extract", *images, "--colors", 16)
    assert len(result.stdout.splitlines()) == 16
    assert "16 of 400 colours: " in result.stderr
    assert " dB PSNR)" in result.stderr
    assert "--colors 255 would do better" in result.stderr
    assert len(run("extract", *images).stdout.splitlines()) == 255


@pytest.mark.parametrize("option", [("--colors", 0), ("--colors", 256), ("--seed", -1)])
def test_numbers_out_of_range_are_wrong_usage(option, tmp_path):
    assert run("extract", picture(tmp_path / "a.png", 12), *option).exit_code == 2


def test_quiet_keeps_the_report_back(tmp_path):
    session = Session(quiet=True)
    arguments = ["extract", str(picture(tmp_path / "a.png", 12))]
    result = CliRunner().invoke(command, arguments, obj=session)
    assert (len(result.stdout.splitlines()), result.stderr) == (12, "")


def test_extract_takes_larger_palettes_too(tmp_path):
    rows = "".join(f"{12 * i} {12 * j} 0 x\n" for i in range(20) for j in range(20))
    (tmp_path / "many.gpl").write_text("GIMP Palette\n#\n" + rows)
    refused = run("show", tmp_path / "many.gpl").exception
    assert "take fewer with `pxgen palette extract --colors`" in str(refused)
    result = run("extract", tmp_path / "many.gpl", "--colors", 8)
    assert len(result.stdout.splitlines()) == 8


def test_a_path_that_is_not_there_is_no_mistyped_name(tmp_path):
    said = str(run("show", tmp_path / "pico").exception)
    assert "no palette file" in said
    assert "did you mean" not in said


def test_extract_leaves_hidden_colors_alone(tmp_path):
    pixels = np.array([[[9, 9, 9, 0], [1, 2, 3, 255]]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert run("extract", tmp_path / "a.png").stdout == "010203\n"
    Image.fromarray(pixels[:, :1]).save(tmp_path / "b.png")
    error = run("extract", tmp_path / "b.png").exception
    assert isinstance(error, InputError)
    assert "no visible pixels" in str(error)


def test_extract_of_a_bad_image_writes_nothing(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"nonsense")
    error = run("extract", tmp_path / "bad.png", "-o", tmp_path / "p.hex").exception
    assert isinstance(error, InputError)
    assert "bad.png" in str(error)
    assert not (tmp_path / "p.hex").exists()


def test_the_shell_imports_nothing_heavy():
    code = (
        "import sys, pxgen.cli.palette;"
        "print([m for m in ('numpy', 'torch', 'PIL', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
