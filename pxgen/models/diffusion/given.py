"""What is given of a sprite while it is learnt: frames, rectangles, or nothing.

A network that learns from masks of single pixels alone meets a whole hidden view only where all
is hidden. Here a share of the training sprites has known parts, as people give them.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from pxgen.canvas import Canvas
from pxgen.models.protocol import Batch
from pxgen.noise import Noise

FRAMES_SHARE = 0.5
"""Share of the training clips of which whole frames are given."""
PARTS_SHARE = 0.125
"""Share of the training sprites of which all but a rectangle is given, or a rectangle alone."""
STRIPES = 0.25
"""Share of the rectangles that reach from side to side, and as many from top to bottom."""


class Parts(NamedTuple):
    """The parts of training sprites, ``(B, P) bool`` each: what is neither is missing."""

    known: Tensor
    """Pixels that the network sees as they are."""
    open: Tensor
    """Pixels that it predicts; at least one a sprite."""

    @classmethod
    def of(cls, batch: Batch, given: Tensor | None = None) -> Self:
        """All present pixels are open but those ``given``; where all is given nothing is."""
        everything = torch.ones_like(batch.pixels.flatten(1), dtype=torch.bool)
        present = batch.present_pixels()
        present = everything if present is None else present
        if given is None:
            return cls(~everything, present)
        some = (present & ~given).any(1, keepdim=True)
        return cls(present & given & some, present & ~(given & some))

    def signal(self, alpha_bar: Tensor) -> Tensor:
        """``(B, P, 1)``: ``alpha_bar``, ``(B, 1, 1)``, of the open pixels, 1 of the known ones."""
        return alpha_bar * self.open.unsqueeze(-1) + self.known.unsqueeze(-1).float()

    def sum(self, values: Tensor) -> Tensor:
        """``(B,)``: the sums of ``(B, P)`` over the open pixels."""
        return (values * self.open).sum(1)

    def mean(self, values: Tensor) -> Tensor:
        """``(B,)``: the means of ``(B, P)`` over the open pixels."""
        return self.sum(values) / self.open.sum(1)


class KnownEmbedding(nn.Module):
    """Tells a denoiser of clips which of its noisy pixels are known; at first it says nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))

    def forward(self, embedded: Tensor, known: Tensor) -> Tensor:
        """``(B, P, channels)`` embeddings, those of ``(B, P) bool`` known pixels moved."""
        return embedded + known.unsqueeze(-1) * self.weight


def given_pixels(canvas: Canvas, noise: Noise) -> Tensor:
    """``(B, P) bool``: the known pixels of training sprites; of many nothing is known."""
    T, H, W = canvas
    choice = noise.uniform(1)
    frames = given_frames(T, noise).repeat_interleave(H * W, 1)
    inside = _rectangles(canvas, noise)
    parts = torch.where(noise.uniform(1) < 0.5, inside, ~inside)
    of_frames = FRAMES_SHARE if T > 1 else 0.0
    known = parts & (choice < of_frames + PARTS_SHARE)
    return torch.where(choice < of_frames, frames, known)


def one_frame(canvas: Canvas, noise: Noise) -> Tensor:
    """``(B, P) bool``: a frame of each clip, at random."""
    first = noise.uniform(canvas.frames).argsort(1) == 0
    return first.repeat_interleave(canvas.height * canvas.width, 1)


def given_frames(frames: int, noise: Noise) -> Tensor:
    """``(B, T) bool``: some frames but not all.

    One, all but one or any number; at random, next to one another (a view is), or evenly apart.
    """
    size, kind, first = noise.uniform(3).unsqueeze(-1).unbind(1)
    number = torch.arange(frames, device=first.device)
    any_number = 1 + (noise.uniform(1) * (frames - 1)).long().clamp(max=frames - 2)
    count = torch.where(size < 1 / 3, 1, torch.where(size < 2 / 3, frames - 1, any_number))
    apart = (number + (first * frames).long()) % frames
    run = apart < count
    # In-betweens: every second, third, ... one is given.
    even = apart % (1 + (size * frames / 2).long()).clamp(min=2) == 0
    random = noise.uniform(frames).argsort(1).argsort(1) < count
    return torch.where(kind < 1 / 3, random, torch.where(kind < 2 / 3, run, even))


def _rectangles(canvas: Canvas, noise: Noise) -> Tensor:
    """``(B, P) bool``: a rectangle in each sprite, the same in all frames; some are stripes."""
    ends = noise.uniform(2, 2).sort(-1).values
    stripes = noise.uniform(2) < STRIPES
    within = []
    for k, side in enumerate(canvas[1:]):
        middle = (torch.arange(side, device=ends.device) + 0.5) / side
        between = (middle >= ends[:, k, :1]) & (middle < ends[:, k, 1:])
        within.append(between | stripes[:, k, None])
    inside = within[0].unsqueeze(2) & within[1].unsqueeze(1)
    return inside.flatten(1).repeat(1, canvas.frames)
