"""Images on a model's canvas, in its colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.ingest.fit_to_model import Target, fit_image, lay_image, mask_of, rgba_of
from tests.support.checkpoints import sprite
from tests.support.tiny import PALETTE

CANVAS = Canvas(1, 6, 8)
TARGET = Target(CANVAS, PALETTE)


def drawing(path: Path, indices: np.ndarray) -> Path:
    Image.fromarray(PALETTE.colors(indices.astype(np.uint8))).save(path)
    return path


@pytest.mark.parametrize("scale", [1, 3])
def test_an_image_of_the_canvas_enlarged_or_not_is_taken_as_it_is(
    scale: int, tmp_path: Path
) -> None:
    fitted = fit_image(sprite(tmp_path, scale=scale), TARGET)
    assert fitted.pixels.shape == CANVAS
    assert fitted.pixels[0, 1:4, 2:6].tolist() == [[1, 2, 3, 4]] * 3
    assert (fitted.pixels.sum(), fitted.snapped, fitted.palette) == (30, 0, PALETTE)


@pytest.mark.parametrize(("anchor", "top"), [("bottom", 4), ("center", 2)])
def test_a_smaller_image_stands_at_its_anchor(anchor: str, top: int, tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.png", np.array([[1, 2], [3, 4]]))
    fitted = fit_image(path, TARGET._replace(anchor=anchor))
    assert fitted.pixels[0, top : top + 2, 3:5].tolist() == [[1, 2], [3, 4]]
    assert fitted.pixels.sum() == 10


def test_foreign_colours_are_the_nearest_or_a_sprites_own(tmp_path: Path) -> None:
    picture = np.zeros((6, 8, 4), np.uint8)
    picture[0, :3] = (201, 3, 0, 255)
    Image.fromarray(picture).save(tmp_path / "a.png")
    near = fit_image(tmp_path / "a.png", TARGET)
    own = fit_image(tmp_path / "a.png", TARGET._replace(local=True))
    assert near.pixels[0, 0, :4].tolist() == own.pixels[0, 0, :4].tolist() == [1, 1, 1, 0]
    assert (near.snapped, own.snapped) == (3, 0)
    assert (near.palette, own.palette.rows[1:]) == (PALETTE, ((201, 3, 0, 255),))


def test_an_image_lies_on_a_larger_canvas_where_it_is_put(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.png", np.array([[1, 2], [3, 4]]))
    for at, (top, left) in ((None, (2, 3)), ((6, 0), (0, 6))):
        fitted, around = lay_image(path, TARGET, at)
        assert fitted.pixels[0, top : top + 2, left : left + 2].tolist() == [[1, 2], [3, 4]]
        assert np.argwhere(~around[0]).tolist() == [
            [top + y, left + x] for y in (0, 1) for x in (0, 1)
        ]
    with pytest.raises(InputError, match="2x2 at 7,0 reaches beyond the canvas 8x6"):
        lay_image(path, TARGET, (7, 0))


def test_a_mask_in_colours_is_told(tmp_path: Path) -> None:
    shades = np.full((6, 8, 4), 255, np.uint8)
    shades[0, 0, :3], shades[0, 1, :3] = (40, 60, 50), (250, 10, 10)
    shades[0, 2] = (9, 99, 9, 0)
    said: list[str] = []
    path = tmp_path / "a.png"
    for tint in (1, 0):
        shades[0, 1, 0] *= tint
        Image.fromarray(shades).save(path)
        mask_of(path, rgba_of(path), CANVAS, said.append)
    assert said == [
        f"{path} is a mask in colours: its 45 light pixels are drawn, the others "
        "kept; white marks what is to be drawn"
    ]


@pytest.mark.parametrize("scale", [1, 3])
def test_a_mask_is_where_an_image_is_light_and_opaque(scale: int, tmp_path: Path) -> None:
    shades, path = np.zeros((6, 8, 4), np.uint8), tmp_path / "a.png"
    shades[0, :4] = [(255, 255, 255, 255), (255, 255, 255, 0), (0, 0, 0, 255), (200, 200, 200, 255)]
    Image.fromarray(shades.repeat(scale, 0).repeat(scale, 1)).save(path)
    mask = mask_of(path, rgba_of(path), CANVAS._replace(frames=2))
    assert np.argwhere(mask).tolist() == [[0, 0, 0], [0, 0, 3], [1, 0, 0], [1, 0, 3]]
    Image.fromarray(shades * 0).save(path)
    with pytest.raises(InputError, match="nothing to draw"):
        mask_of(path, rgba_of(path), CANVAS)
    assert not mask_of(path, rgba_of(path), CANVAS, may_be_empty=True).any()
