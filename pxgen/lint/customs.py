"""Customs of a collection: how much of a fault its own sprites show, by which others are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pxgen.arrays import Rgba
from pxgen.data.dataset import Dataset, subsample
from pxgen.lint.checks import Finding, check
from pxgen.palette.local import own_palette

GRADED = ("semi-transparent", "mixed-sizes", "orphan-pixels", "jaggies")
"""Rules that a collection may break a little by habit; the others find what is never meant."""
PERCENTILE = 99
"""Sprites of a hundred that stay within a limit; of a hundred or fewer all do."""
MAX_SPRITES = 1000
"""Sprites that are looked at, at even distances."""


@dataclass(frozen=True)
class Customs:
    """The share of opaque pixels at which each graded rule begins to count."""

    limits: Mapping[str, float]

    @classmethod
    def of(cls, dataset: Dataset) -> Customs:
        """The customs of a collection: percentiles over its sprites, held-out ones too."""
        shares: dict[str, list[float]] = {rule: [] for rule in GRADED}
        for rgba in _sprites(dataset):
            found = {finding.rule: finding for finding in check(rgba)}
            for rule, each in shares.items():
                each.append(_share(found[rule], rgba) if rule in found else 0.0)
        limits = {
            rule: float(np.percentile(each, PERCENTILE, method="higher"))
            for rule, each in shares.items()
        }
        return cls(limits)

    def beyond(self, findings: Sequence[Finding], rgba: Rgba) -> Iterator[Finding]:
        """The findings in ``(T, H, W, 4) uint8`` that are unusual here, with the limit in words."""
        for finding in findings:
            limit = self.limits.get(finding.rule)
            if limit is None:
                yield finding
            elif (share := _share(finding, rgba)) > limit:
                unusual = (
                    f"{100 * share:.3g} % of the opaque ones, where {PERCENTILE} of 100 sprites "
                    f"have at most {100 * limit:.3g} %"
                )
                yield replace(finding, what=f"{finding.what}: {unusual}")


def _share(finding: Finding, rgba: Rgba) -> float:
    return finding.count / max(1, int((rgba[..., 3] > 0).sum()))


def _sprites(dataset: Dataset) -> Iterator[Rgba]:
    for row in subsample(np.arange(len(dataset)), MAX_SPRITES):
        pixels = dataset.take(row[None])[0][0]
        palette = dataset.palette
        if dataset.palettes is not None:
            palette = own_palette(dataset.palettes[row])
        yield palette.colors(pixels)
