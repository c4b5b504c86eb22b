"""MultiDiffusion windows over a larger canvas."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pxgen.canvas import Canvas
from pxgen.errors import UsageError
from pxgen.models.diffusion.tiling import Windows
from pxgen.models.protocol import SamplingParams
from pxgen.noise import PictureNoise
from tests.support.tiny import domain, tiny_model


def test_a_canvas_that_is_padded_cannot_tile() -> None:
    model = tiny_model("masked", domain(height=6, width=8))
    with pytest.raises(UsageError, match="4 divides; this model draws 8x6"):
        model.sample(torch.zeros(1, 2), PictureNoise(0, [0]), SamplingParams(tile=(True, False)))


@given(
    small=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    more=st.tuples(st.integers(0, 14), st.integers(0, 14)),
    frames=st.integers(1, 2),
    wrap=st.tuples(st.booleans(), st.booleans()),
)
def test_views_cover_a_drawing_and_agree_with_themselves(
    small: tuple[int, int], more: tuple[int, int], frames: int, wrap: tuple[bool, bool]
) -> None:
    canvas = Canvas(frames, *small)
    large = Canvas(frames, small[0] + more[0], small[1] + more[1])
    windows = Windows(canvas, large, wrap)
    x = torch.rand(2, large.pixels, 3)
    assert torch.allclose(windows.average(lambda view: x[:, view]), x, atol=1e-6)
    for view in windows.views:
        assert len(view.unique()) == canvas.pixels


def test_views_weigh_less_towards_their_borders() -> None:
    """Two views of six pixels over nine, each saying its own number everywhere."""
    windows = Windows(Canvas(1, 1, 6), Canvas(1, 1, 9))
    numbers = iter([0.0, 1.0])
    said = windows.average(lambda view: torch.full((1, 6, 1), next(numbers)))[0, :, 0]
    assert said.tolist() == pytest.approx([0, 0, 0, 1 / 4, 1 / 2, 3 / 4, 1, 1, 1], abs=1e-6)


def test_a_canvas_does_not_shrink() -> None:
    with pytest.raises(UsageError, match="4x8 does not hold the model's 8x8"):
        Windows(Canvas(1, 8, 8), Canvas(1, 8, 4))
