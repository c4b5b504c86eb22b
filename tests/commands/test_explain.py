from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.explain.convolution import KERNELS, letters, panels
from pxgen.explain.gumbel import DRAWS, distances, simplex
from pxgen.render.figure import figure_palette, shades
from pxgen.render.png import decode_png


def by_hand(
    image: np.ndarray, kernel: np.ndarray, stride: int, padding: int, dilation: int
) -> np.ndarray:
    padded = np.pad(image, padding)
    reach = 2 * dilation + 1
    places = range(0, len(padded) - reach + 1, stride)
    parts = [
        [padded[r : r + reach : dilation, c : c + reach : dilation] for c in places] for r in places
    ]
    return (np.array(parts) * kernel).sum((2, 3))


def spread_by_hand(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    side = (len(image) - 1) * stride + 3
    output = np.zeros((side, side))
    for (r, c), value in np.ndenumerate(image):
        output[r * stride : r * stride + 3, c * stride : c * stride + 3] += value * kernel
    return output


def test_every_stage_is_what_the_definition_gives() -> None:
    images = letters()
    for letter, name, way, values in panels():
        image, kernel = images[letter], KERNELS[name]
        if way.transposed:
            expected = spread_by_hand(image, kernel, way.stride)
        else:
            expected = by_hand(image, kernel, way.stride, way.padding, way.dilation)
        np.testing.assert_allclose(values, expected, atol=1e-6)


def test_every_way_of_drawing_draws_what_it_should() -> None:
    # Six categories at 20,000 draws: a larger distance than this is a wrong method, not chance.
    for name, distance in distances().items():
        assert distance < 3 * np.sqrt(6 / DRAWS / 4), name


def test_samples_move_to_the_corners_as_the_temperature_falls() -> None:
    frames = simplex()
    middle = frames[:, 45:75, 38:62]
    assert (middle[0] > 2).sum() > 5 * (middle[-1] > 2).sum()


def test_shades_are_symmetric_and_end_at_the_deepest() -> None:
    levels = shades(np.array([-9.0, -1.0, 0.0, 1.0, 9.0], np.float32), 1.0).tolist()
    assert levels[0] == levels[1]
    assert levels[3] == levels[4]
    assert levels[2] - levels[1] == levels[3] - levels[2]
    assert max(levels) < len(figure_palette())


@pytest.mark.parametrize("topic", ["convolution", "simplex", "gumbel"])
def test_pictures_replace_nothing_unasked(
    topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(pxgen, ["explain", topic])
    assert (result.exit_code, result.stdout) == (0, f"{topic}.png\n")
    assert decode_png(Path(f"{topic}.png"))[1] == figure_palette()
    assert CliRunner().invoke(pxgen, ["explain", topic]).exit_code == 2
    assert CliRunner().invoke(pxgen, ["explain", topic, "--force"]).exit_code == 0


def test_the_simplex_moves(tmp_path: Path) -> None:
    out = tmp_path / "simplex.gif"
    assert CliRunner().invoke(pxgen, ["explain", "simplex", "-o", str(out)]).exit_code == 0
    with Image.open(out) as image:
        assert image.n_frames == 24  # type: ignore[attr-defined]
    wrong = CliRunner().invoke(pxgen, ["explain", "gumbel", "-o", str(tmp_path / "x.gif")])
    assert wrong.exit_code == 2
