"""Parts of sprites that are known in training."""

import pytest
import torch

from pxgen.canvas import Canvas
from pxgen.models.diffusion.given import Parts, given_frames, given_pixels, one_frame
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import domain, tiny_model

CLIP = Canvas(4, 6, 8)


@pytest.mark.parametrize("frames", [2, 3, 4, 8, 16])
def test_some_frames_are_given_and_never_all(frames: int) -> None:
    known = given_frames(frames, BatchNoise(3000, 0, 0))
    counts = known.sum(1)
    assert int(counts.min()) == 1
    assert int(counts.max()) == frames - 1
    # Any of them may be the one that is given, and the one that is not.
    assert known[counts == 1].any(0).all()
    assert (~known[counts == frames - 1]).any(0).all()


def test_views_and_in_betweens_are_among_what_is_given() -> None:
    known = {tuple(row.tolist()) for row in given_frames(8, BatchNoise(3000, 0, 0)).int()}
    assert (0, 0, 0, 1, 1, 1, 0, 0) in known
    assert (1, 0, 1, 0, 1, 0, 1, 0) in known
    assert (1, 0, 0, 0, 1, 0, 0, 0) in known


def test_frames_are_given_whole_to_half_of_the_clips_and_rectangles_to_some() -> None:
    known = given_pixels(CLIP, BatchNoise(4000, 0, 0)).view(-1, *CLIP)
    whole = (known.flatten(2).all(2) | ~known.flatten(2).any(2)).all(1)
    nothing = ~known.flatten(1).any(1)
    frames = whole & ~nothing & ~known.flatten(1).all(1)
    assert float(frames.float().mean()) == pytest.approx(0.5, abs=0.03)
    parts = known[~whole]
    assert 0.05 < len(parts) / len(known) < 0.125
    assert torch.equal(parts[:, 0], parts[:, 3])
    edges = (parts[:, 0, :, 1:] != parts[:, 0, :, :-1]).sum(2)
    assert int(edges.max()) <= 2


def test_missing_pixels_are_neither_known_nor_open() -> None:
    pixels = torch.zeros(2, *CLIP, dtype=torch.long)
    present = torch.tensor([[True, True, False, True], [True, True, True, True]])
    batch = Batch(pixels, torch.zeros(2, 0), present=present)
    given = torch.zeros(2, *CLIP, dtype=torch.bool)
    given[0, 1:3] = True
    given[1] = True
    parts = Parts.of(batch, given.flatten(1))
    known, open_ = parts.known.view(2, *CLIP), parts.open.view(2, *CLIP)
    assert known[0].flatten(1).all(1).tolist() == [False, True, False, False]
    assert open_[0].flatten(1).all(1).tolist() == [True, False, False, True]
    assert not open_[0, 2].any()
    # Where all is given nothing is.
    assert open_[1].all()
    assert not known[1].any()
    signal = parts.signal(torch.full((2, 1, 1), 0.25)).view(2, *CLIP)
    assert signal[0, :, 0, 0].tolist() == [0.25, 1.0, 0.0, 0.25]


def test_each_frame_is_the_given_one_equally_often() -> None:
    known = one_frame(CLIP, BatchNoise(4000, 0, 0)).view(-1, *CLIP)
    assert (known.flatten(2).all(2).sum(1) == 1).all()
    assert known[:, :, 0, 0].float().mean(0).tolist() == pytest.approx([0.25] * 4, abs=0.03)


@pytest.mark.parametrize(
    ("recipe", "std"), [("masked", 1.0), ("uniform", 0.3), ("ddpm", 0.3), ("ddpm-palette", 1.0)]
)
def test_what_is_given_reaches_the_drawing_of_the_rest(recipe: str, std: float) -> None:
    """At the first step already, when noise would hide it, and it stays bit by bit."""
    model = tiny_model(recipe, domain(frames=4))
    torch.manual_seed(0)
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=std)
    canvas = model.domain.canvas
    mask = torch.ones(canvas, dtype=torch.bool)
    mask[2] = False
    made = []
    for entry in (1, 3):
        init = torch.full(canvas, entry, dtype=torch.uint8)
        params = SamplingParams(init=init, mask=mask, steps=1)
        labels = torch.ones(64, model.domain.label_count)
        with torch.no_grad():
            made.append(model.sample(labels, PictureNoise(0, range(64)), params))
        assert (made[-1][:, 2] == entry).all()
    assert not torch.equal(made[0][:, 0], made[1][:, 0])
