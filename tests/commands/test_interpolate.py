"""``pxgen interpolate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.models.diffusion.denoiser import Denoiser
from pxgen.render.png import decode_png
from pxgen.sampling.paths import positions
from tests.support.checkpoints import save, sprite
from tests.support.tiny import FAMILIES, PALETTE


def run(folder: Path, *arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(pxgen, ["interpolate", "-m", str(folder), *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


@given(st.integers(2, 6), st.integers(0, 40), st.booleans())
def test_every_key_has_a_frame_and_the_speed_is_even(keys: int, more: int, loop: bool) -> None:
    frames = keys + more
    places = positions(keys, frames, loop=loop)
    assert len(places) == frames
    along = [leg + weight for leg, weight in places]
    assert along == sorted(along)
    assert along[0] == 0
    # No two steps differ by more than rounding to whole frames makes them.
    shown = {round(place, 9) for place in along}
    assert set(range(keys)) <= shown
    assert (keys in shown) is False


@pytest.mark.parametrize("recipe", FAMILIES)
def test_seeds_begin_and_end_as_they_are_sampled(recipe: str, tmp_path: Path) -> None:
    save(tmp_path, recipe=recipe)
    code, lines, said = run(
        tmp_path, "--from", "1", "--to", "2", "--frames", "5", "-o", f"{tmp_path}/way/"
    )
    assert code == 0, said
    assert len(lines) == 5
    for seed, line in (("1", lines[0]), ("2", lines[-1])):
        sample = ["sample", "-m", str(tmp_path), "--seed", seed, "-o", f"{tmp_path}/{seed}.png"]
        assert CliRunner().invoke(pxgen, sample).exit_code == 0
        indices, palette = decode_png(Path(line))
        assert palette == PALETTE
        np.testing.assert_array_equal(indices, decode_png(tmp_path / f"{seed}.png")[0])


def test_labels_that_nothing_shows_together_are_told(tmp_path: Path) -> None:
    keys = ("--from", "1", "--to", "2", "--from-label", "alien", "--frames", "2", "--force")
    command = ["interpolate", *keys, "-o", f"{tmp_path}/way.gif"]
    assert CliRunner().invoke(pxgen, command).stderr == ""
    said = CliRunner().invoke(pxgen, [*command, "--from-label", "zombie"]).stderr
    told = "starter.safetensors has learnt from no sprite that shows alien and zombie: what"
    assert said.startswith(told)


def test_images_begin_and_end_as_they_are_reconstructed(tmp_path: Path) -> None:
    save(tmp_path, recipe="vae")
    image = str(sprite(tmp_path))
    code, lines, _ = run(
        tmp_path, "--from", image, "--to", "7", "--frames", "3", "-o", f"{tmp_path}/way/"
    )
    assert code == 0
    arguments = ["reconstruct", "-m", str(tmp_path), image, "-o", f"{tmp_path}/out/"]
    (path,) = CliRunner().invoke(pxgen, arguments).stdout.splitlines()
    np.testing.assert_array_equal(decode_png(Path(lines[0]))[0], decode_png(Path(path))[0][:, 9:17])


def test_ways_and_samples_do_not_part_where_batches_round_differently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits depend a lot on how many rows there are, as those of real networks do a little."""
    exact = Denoiser.forward

    def rounded(self: Denoiser, tokens: Tensor, *more: Any) -> Tensor:
        logits = exact(self, tokens, *more)
        return logits + 2 * torch.sin(torch.arange(logits[0].numel()).view(logits[0].shape)) * len(
            tokens
        )

    monkeypatch.setattr(Denoiser, "forward", rounded)
    save(tmp_path)
    keys = ("--from", "1", "--to", "2", "--frames", "3")
    code, lines, said = run(tmp_path, *keys, "-o", f"{tmp_path}/way/")
    assert code == 0, said
    for seed, line in (("1", lines[0]), ("2", lines[-1])):
        sample = ["sample", "-m", str(tmp_path), "--seed", seed, "-o", f"{tmp_path}/{seed}.png"]
        assert CliRunner().invoke(pxgen, sample).exit_code == 0
        drawn = decode_png(tmp_path / f"{seed}.png")[0]
        np.testing.assert_array_equal(decode_png(Path(line))[0], drawn)


def test_a_loop_through_three_keys_is_one_animation(tmp_path: Path) -> None:
    save(tmp_path, recipe="ae")
    out = tmp_path / "loop.gif"
    keys = ("--from", "1", "--through", "2", "--to", "3")
    code, lines, _ = run(tmp_path, *keys, "--loop", "--frames", "9", "-o", str(out))
    assert (code, lines) == (0, [str(out)])
    with Image.open(out) as image:
        assert image.n_frames == 9  # type: ignore[attr-defined]
        assert image.size == (8, 6)


def test_a_way_is_one_clip_to_engines(tmp_path: Path) -> None:
    save(tmp_path)
    asked = ("--from", "1", "--to", "2", "--frames", "5")
    sheet, data = f"{tmp_path}/w.png", f"{tmp_path}/w.json"
    assert run(tmp_path, *asked, "-o", sheet, "--data", data)[0] == 0
    assert decode_png(Path(sheet))[0].shape == (6, 40)
    described = json.loads(Path(data).read_text())
    assert described["meta"]["frameTags"][0]["to"] == 4
    assert described["animations"] == {"way": [str(k) for k in range(5)]}
    assert run(tmp_path, *asked, "-o", f"{tmp_path}/w.aseprite")[0] == 0
    assert len(read_image(tmp_path / "w.aseprite").rgba) == 5


def test_a_strip_is_one_row(tmp_path: Path) -> None:
    save(tmp_path, recipe="ae")
    run(tmp_path, "--from", "1", "--to", "2", "--frames", "4", "-o", f"{tmp_path}/strip.png")
    assert decode_png(tmp_path / "strip.png")[0].shape == (8, 4 * 9 + 1)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--from", "gone.png", "--to", "2"), "neither an image nor a seed"),
        (("--from", "1", "--through", "3", "--to", "2", "--frames", "2"), "key sprites"),
        (("--from", "1", "--to", "2", "--label", "lft"), "did you mean left"),
    ],
)
def test_wrong_wishes_are_one_line(arguments: tuple[str, ...], word: str, tmp_path: Path) -> None:
    save(tmp_path)
    code, _, said = run(tmp_path, *arguments, "-o", f"{tmp_path}/x.gif")
    assert code == 2
    assert word in said
    assert not (tmp_path / "x.gif").exists()


def test_labels_that_cannot_steer_are_refused(tmp_path: Path) -> None:
    save(tmp_path, recipe="labeled-vae")
    code, _, said = run(tmp_path, "--from", "1", "--to", "2", "--label", "left")
    assert code == 2
    assert "cannot steer" in said
