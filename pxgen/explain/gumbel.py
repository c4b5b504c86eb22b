"""Gumbel-max samples, which are exact, and Gumbel-softmax samples, which have a gradient.

Jang et al., *Categorical Reparameterization with Gumbel-Softmax*, arXiv:1611.01144.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.arrays import F64, IndexMaps
from pxgen.models.autoencoder.latents import GumbelLatent, gumbel_softmax
from pxgen.noise import PictureNoise, categorical
from pxgen.render.figure import DOTS, INK, paste, sheet, write

CHANCES = (0.42, 0.25, 0.15, 0.1, 0.05, 0.03)
DRAWS = 20_000
TRIANGLE = 72
"""Height of the simplex of three categories."""
CORNERS = 400
"""Samples shown in it."""
TEMPERATURES = (5.0, 2.0, 1.0, 0.5, 0.25, 0.1)
SIMPLEX_CHANCES = (0.5, 0.3, 0.2)


def shares() -> dict[str, F64]:
    """The frequency of each category, ``(K,)`` by each sampler; they should agree."""
    wanted = torch.tensor(CHANCES)
    noise = PictureNoise(0, [0])
    K = len(CHANCES)
    by_maximum = gumbel_softmax(wanted.log(), noise.uniform(DRAWS, K)[0], 1.0).argmax(-1)
    given = wanted.log().repeat(DRAWS, 1)
    one = GumbelLatent(1, K)
    straight, _ = one.rsample(given, _Rows(noise.uniform(DRAWS, 1, K)[0]), 0.5)
    inverse = categorical(wanted.expand(DRAWS, -1), noise.uniform(DRAWS)[0])
    return {
        "wanted": np.array(CHANCES),
        "gumbel-max": _count(by_maximum, K),
        "straight-through": _count(straight.argmax(-1), K),
        "inverse cdf": _count(inverse, K),
    }


def distances() -> Mapping[str, float]:
    """The total variation distance of each sampler from the target distribution."""
    made = shares()
    wanted = made.pop("wanted")
    return {name: float(np.abs(drawn - wanted).sum() / 2) for name, drawn in made.items()}


def gumbel() -> IndexMaps:
    """``(H, W) uint8``: a bar chart, a group a category and a bar a sampler."""
    made = shares()
    bar, gap, high = 9, 8, 84
    width = len(CHANCES) * (bar * len(made) + gap) + gap
    page = sheet(high + 10 + 8 * (len(made) + 1), width + 2)
    for category in range(len(CHANCES)):
        left = gap + category * (bar * len(made) + gap)
        for number, drawn in enumerate(made.values()):
            tall = max(1, round(float(drawn[category]) / max(CHANCES) * (high - 10)))
            color = INK if number == 0 else DOTS + number - 1
            page[high - tall : high, left + number * bar : left + (number + 1) * bar - 1] = color
    page[high, :] = INK
    far = distances()
    for number, name in enumerate(made):
        top = high + 6 + 8 * number
        page[top : top + 5, gap : gap + 5] = INK if number == 0 else DOTS + number - 1
        note = f" {far[name]:.4f} off" if name in far else " shares of six categories"
        write(page, name + note, top, gap + 8)
    return page


def simplex() -> IndexMaps:
    """``(frames, H, W) uint8``: Gumbel-softmax samples on the simplex as the temperature falls."""
    frames = []
    for temperature in _falling():
        page = sheet(TRIANGLE + 22, round(TRIANGLE * 2 / 3**0.5) + 20)
        write(page, f"t={temperature:.2f}", 3, 3)
        paste(page, _dots(temperature), 14, 10, frame=False)
        frames.append(page)
    return np.stack(frames)


def simplex_strip() -> IndexMaps:
    """``(H, W) uint8``: some of the frames side by side."""
    steps = list(_falling())
    chosen = [min(range(len(steps)), key=lambda i: abs(steps[i] - t)) for t in TEMPERATURES]
    return np.concatenate(list(simplex()[chosen]), axis=1)


def _falling() -> F64:
    return np.geomspace(TEMPERATURES[0], TEMPERATURES[-1], 24)


def _dots(temperature: float) -> IndexMaps:
    """The triangle with a dot a sample, in the colour of the category that is largest."""
    uniform = PictureNoise(1, [0]).uniform(CORNERS, 3)[0]
    soft = gumbel_softmax(torch.tensor(SIMPLEX_CHANCES).log(), uniform, temperature).numpy()
    width = round(TRIANGLE * 2 / 3**0.5)
    corners = np.array([[0, width / 2], [TRIANGLE - 1, 0], [TRIANGLE - 1, width - 1]])
    figure = sheet(TRIANGLE, width)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        line = np.linspace(corners[a], corners[b], 2 * TRIANGLE)
        _mark(figure, line, np.full(len(line), INK))
    _mark(figure, soft @ corners, DOTS + soft.argmax(1))
    return figure


def _mark(figure: IndexMaps, points: NDArray[np.floating], colors: NDArray[np.integer]) -> None:
    rows, columns = np.rint(points).astype(int).T
    rows, columns = rows.clip(0, len(figure) - 1), columns.clip(0, figure.shape[1] - 1)
    figure[rows, columns] = colors


def _count(drawn: Tensor, categories: int) -> F64:
    return np.bincount(drawn.numpy(), minlength=categories) / len(drawn)


class _Rows:
    """Given uniforms in place of a noise stream."""

    def __init__(self, uniform: Tensor) -> None:
        self._given = uniform

    def __len__(self) -> int:
        return len(self._given)

    def uniform(self, *shape: int) -> Tensor:
        """The given numbers."""
        return self._given.view(-1, *shape)

    def normal(self, *shape: int) -> Tensor:
        """Refused: there are only uniforms."""
        raise TypeError("only uniforms were given")
