"""Statistics of each label's bearers: other labels, places and colours they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pxgen.arrays import F32, I64, IndexMaps
from pxgen.data.dataset import Dataset, subsample

MAX_SPRITES = 20_000
"""Sprites looked at, at most."""
MAX_TOLD = 3
"""Labels and colours told of each label, the most telling first."""


@dataclass(frozen=True)
class LabelStudy:
    """Figures of ``L`` labels over a dataset's sprites."""

    names: tuple[str, ...]
    sprites: int
    """The number looked at."""
    together: I64
    """``(L, L)`` sprites that bear both; on the diagonal those that bear the one."""
    heat: F32
    """``(L, T, H, W)`` in [0, 1]: how differently bearers and others are coloured at each place,
    as the total variation between the two distributions of colours."""
    colors: tuple[tuple[tuple[str, float, float], ...], ...]
    """For each label its own colours: hex, share of the bearers' visible pixels, of the others'."""

    def facts(self, label: int) -> dict[str, Any]:
        """Plain JSON values of one label."""
        row = self.together[label]
        return {
            "with": {
                self.names[other]: int(row[other])
                for other in np.argsort(-row, kind="stable")
                if other != label and row[other]
            },
            "company": self.company(label),
            "where": self.where(label),
            "colors": [
                {"color": color, "share": round(own, 6), "others": round(rest, 6)}
                for color, own, rest in self.colors[label]
            ],
        }

    def company(self, label: int) -> list[str]:
        """The labels that its bearers bear most above their due, commonest excess first."""
        count = self.together[label, label]
        if not count:
            return []
        shares = self.together[label] / count
        excess = shares - np.diagonal(self.together) / max(1, self.sprites)
        excess[label] = 0
        best = np.argsort(-excess, kind="stable")[:MAX_TOLD]
        return [self.names[other] for other in best if excess[other] > 0]

    def where(self, label: int) -> dict[str, list[int]] | None:
        """Rows and columns, first and last, of the places at least half as hot as the hottest."""
        heat = self.heat[label].max(0)
        if not heat.max() > 0:
            return None
        rows, columns = np.nonzero(heat >= heat.max() / 2)
        return {
            "rows": [int(rows.min()), int(rows.max())],
            "columns": [int(columns.min()), int(columns.max())],
        }


def study(dataset: Dataset) -> LabelStudy:
    """The figures of every label, from a subsample of the dataset."""
    chosen = subsample(np.arange(len(dataset)), MAX_SPRITES)
    pixels, borne = dataset.take(chosen)
    flat = pixels.reshape(len(pixels), -1)
    marks = borne > 0
    counts = marks.astype(np.int64)
    whole = _histogram(flat, len(dataset.palette))
    heat, colors = [], []
    for column in marks.T:
        own = _histogram(flat[column], len(dataset.palette))
        heat.append(_difference(own, whole - own))
        colors.append(_own_colors(own.sum(0), (whole - own).sum(0), dataset.palette.hex))
    return LabelStudy(
        names=dataset.label_names,
        together=counts.T @ counts,
        heat=np.array(heat, np.float32).reshape(len(heat), *dataset.canvas),
        colors=tuple(colors),
        sprites=len(chosen),
    )


def _histogram(flat: IndexMaps, colors: int) -> I64:
    """``(P, K)`` how often each place of ``(n, P)`` sprites shows each colour."""
    places = flat.shape[1]
    keys = np.arange(places) * colors + flat
    return np.bincount(keys.ravel(), minlength=places * colors).reshape(places, colors)


def _difference(own: I64, rest: I64) -> F32:
    """``(P,)`` total variation between two ``(P, K)`` histograms; 0 where one is empty."""
    shares = [each / max(1, int(each[0].sum())) for each in (own, rest)]
    if not own.any() or not rest.any():
        return np.zeros(len(own), np.float32)
    return np.asarray(np.abs(shares[0] - shares[1]).sum(1) / 2, np.float32)


def _own_colors(own: I64, rest: I64, names: Sequence[str]) -> tuple[tuple[str, float, float], ...]:
    """The visible colours that take more of the bearers' pixels than of the others'."""
    shares, others = (each[1:] / max(1, int(each[1:].sum())) for each in (own, rest))
    best = np.argsort(others - shares, kind="stable")[:MAX_TOLD]
    told = [(names[1 + i], float(shares[i]), float(others[i])) for i in best]
    return tuple(each for each in told if each[1] > each[2])
