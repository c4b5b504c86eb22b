"""What is given of a sprite while it is learnt: frames, rectangles, or nothing.

A network that learns from masks of single pixels alone meets a whole hidden view only where all
is hidden. Here a share of the training sprites has known parts, as people give them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.noise import Noise

FRAMES_SHARE = 0.5
"""Share of the training clips of which whole frames are given."""
PARTS_SHARE = 0.125
"""Share of the training sprites of which all but a rectangle is given, or a rectangle alone."""
STRIPES = 0.25
"""Share of the rectangles that reach from side to side, and as many from top to bottom."""


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
