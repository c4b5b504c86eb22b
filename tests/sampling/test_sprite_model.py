"""A model as an object: what is asked of it is what it does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import pxgen
from pxgen.cli.app import pxgen as command
from pxgen.render.png import decode_png
from tests.support.checkpoints import save, sprite


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A sprite with three pixels of a colour that the palette lacks."""
    picture = np.zeros((6, 8, 4), np.uint8)
    picture[0, :3] = (201, 3, 0, 255)
    Image.fromarray(picture).save(tmp_path / "foreign.png")
    return tmp_path / "foreign.png"


def test_images_are_reconstructed_with_the_noise_of_the_seed(model: Path, tmp_path: Path) -> None:
    image, made = sprite(tmp_path), []
    for seed in (0, 1):
        line = ["reconstruct", "-m", str(model), str(image), "--seed", str(seed)]
        out = tmp_path / f"{seed}.png"
        assert CliRunner().invoke(command, [*line, "-o", str(out)]).exit_code == 0
        made.append(pxgen.load(model).reconstruct(image, seed=seed).indices[0, 0])
        assert np.array_equal(made[-1], decode_png(out)[0][:, 9:17])
    assert not np.array_equal(*made)


def test_a_level_of_codes_is_decoded_alone(tmp_path: Path) -> None:
    save(tmp_path, recipe="vqvae")
    model, image = pxgen.load(tmp_path), sprite(tmp_path)
    levels = ("both", "top", "bottom")
    assert len({model.reconstruct(image, level=n).indices.tobytes() for n in levels}) == 3


def test_foreign_colours_are_told_to_who_asks_or_refused(
    model: Path, foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    quiet = pxgen.load(model).sample(init=foreign, steps=1)
    heard = pxgen.load(model, remark=told.append).sample(init=foreign, steps=1)
    assert np.array_equal(quiet.indices, heard.indices)
    # The network, which has learnt nothing, has not seen its like either.
    assert len(told) == 2
    assert "foreign.png: 3 pixels" in told[0]
    assert pxgen.load(model).reconstruct(foreign).before[0].sum() == 3
    with pytest.raises(pxgen.InputError, match="3 pixels are of colours"):
        pxgen.load(model).reconstruct(foreign, strict=True)
    assert capsys.readouterr() == ("", "")


def test_a_picture_is_shown_as_it_forms(model: Path) -> None:
    drawn = pxgen.load(model).sample(seed=1, steps=3)
    forming = pxgen.load(model).sample(seed=1, steps=3, trace=True)
    assert drawn.indices.shape[1] == 1 < forming.indices.shape[1]
    assert np.array_equal(forming.indices[0, -1], drawn.indices[0, 0])
    assert not np.array_equal(forming.indices[0, 0], drawn.indices[0, 0])


@pytest.mark.parametrize("frames", [1, 4])
def test_labels_that_nothing_shows_together_are_told_and_drawn(tmp_path: Path, frames: int) -> None:
    told: list[str] = []
    model = pxgen.load(save(tmp_path, frames=frames), remark=told.append)
    prior = model.loaded.model.module.get_submodule("labels")
    prior.get_buffer("exclusive").copy_(torch.tensor([[0, 1], [1, 0]]))
    both = model.label_names
    draw = model.sample if frames == 1 else model.animate
    draw(both[0], steps=1)
    draw(f"{both[0]}:0.5", both[1], steps=1)
    assert not told
    assert len(draw(*both, n=2, steps=1).indices) == 2
    [line] = told
    assert f"no sprite that shows {both[0]} and {both[1]}: what it draws of both is a" in line
