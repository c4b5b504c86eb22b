"""Reconstructions: images encoded and decoded by a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, Literal

import numpy as np
import torch

from pxgen.arrays import Bools, IndexMaps
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.config.options import Image
from pxgen.data.labels import parse_labels
from pxgen.devices import in_one_thread
from pxgen.errors import InputError, UsageError
from pxgen.ingest.fit_to_model import Fitted, Target, fit_image
from pxgen.models.protocol import Levelled, SamplingParams
from pxgen.names import distinct
from pxgen.noise import PictureNoise
from pxgen.palette import Palette
from pxgen.palette.local import within
from pxgen.render.outputs import safe_stem
from pxgen.sampling.engine import group_size

Level = Literal["both", "top", "bottom"]


@dataclass(frozen=True)
class Reconstruction:
    """One image beside what the model made of it."""

    path: Image
    before: IndexMaps
    """``(T, H, W) uint8``."""
    after: IndexMaps
    """``(T, H, W) uint8``."""
    snapped: int
    """Pixels of the image whose colour the palette lacks."""
    palette: Palette
    """The model's, or the image's own."""

    @property
    def wrong(self) -> Bools:
        """``(T, H, W)``, where the two differ."""
        return np.not_equal(self.before, self.after)

    def facts(self) -> dict[str, Any]:
        """Plain JSON values."""
        seen = self.before > 0
        return {
            "image": str(self.path),
            "pixels": self.before.size,
            "exact": 1 - float(self.wrong.mean()),
            "foreground_pixels": int(seen.sum()),
            "foreground_exact": float((~self.wrong)[seen].mean()) if seen.any() else None,
            "snapped_pixels": self.snapped,
        }

    def strip(self) -> IndexMaps:
        """``(T, H, 3·W + 2)``: the image, what was made of it, and the image where they differ."""
        gap = np.zeros((*self.before.shape[:2], 1), np.uint8)
        missed = np.where(self.wrong, self.before, 0)
        return np.concatenate([self.before, gap, self.after, gap, missed], axis=2)


def reconstructions(
    loaded: Loaded,
    images: Sequence[tuple[int, Image]],
    labels: Sequence[str],
    *,
    seed: int = 0,
    level: Level = "both",
    strict: bool = False,
) -> Iterator[Reconstruction]:
    """Encode and decode images, one after another.

    The number of each image says which noise of the seed it gets. All of them bear the labels.
    ``level`` is what to decode of codes that have two; ``strict`` refuses images with colours that
    the palette lacks.

    Raises:
        UsageError: an unknown label, or a level that the model's codes do not have.
        InputError: an image is rejected.
    """
    vector = parse_labels(labels, loaded.card.label_names, told(loaded.path))

    rows = group_size(loaded.model, SamplingParams(), loaded.device)

    def there_and_back(pixels: IndexMaps, numbers: Sequence[int]) -> IndexMaps:
        noise = PictureNoise(seed, numbers, loaded.device)
        given, asked = (torch.from_numpy(each).to(loaded.device) for each in (pixels, vector))
        code = loaded.model.encode(given, asked.expand(rows, -1), noise)
        return _decoded(code, loaded, level, noise).cpu().numpy()

    for _, members in groupby(images, key=lambda image: image[0] // rows):
        group = [(number, path, _fitted(path, loaded, strict=strict)) for number, path in members]
        # As in drawing: the number says the seat, and an image repeated fills empty ones.
        turns = {number % rows: turn for turn, (number, _, _) in enumerate(group)}
        seated = [group[turns.get(seat, 0)] for seat in range(rows)]
        pixels = np.stack([image.pixels for _, _, image in seated])
        maps = in_one_thread(partial(there_and_back, pixels, [number for number, _, _ in seated]))
        for number, path, image in group:
            after = within(maps[number % rows], image.palette)
            yield Reconstruction(path, image.pixels, after, image.snapped, image.palette)


def _fitted(path: Image, loaded: Loaded, *, strict: bool) -> Fitted:
    fitted = fit_image(path, Target.of(loaded))
    if fitted.snapped and strict:
        raise InputError(
            f"{path}: {fitted.snapped} pixels are of colours that the model's palette lacks; "
            "without --strict they are drawn in the nearest ones"
        )
    return fitted


def _decoded(code: Any, loaded: Loaded, level: Level, noise: PictureNoise) -> torch.Tensor:
    model = loaded.model
    if level == "both":
        return model.decode(code, noise)
    if not isinstance(model, Levelled):
        raise UsageError(f"the codes of {loaded.path} have one level: leave --level out")
    return model.decode_levels(code, top=level == "top", bottom=level == "bottom")


def result_names(images: Sequence[Image]) -> list[str]:
    """File names of results, numbered where the safe names of images are alike."""
    stems = distinct(safe_stem([path.stem]) for path in images)
    return [f"{stem}-reconstructed" for stem in stems]


def totals(made: Sequence[Reconstruction]) -> dict[str, Any]:
    """The figures of each image and over all pixels of all."""
    each = [one.facts() for one in made]
    pixels = sum(facts["pixels"] for facts in each)
    seen = sum(facts["foreground_pixels"] for facts in each)
    right = sum((facts["foreground_exact"] or 0) * facts["foreground_pixels"] for facts in each)
    return {
        "exact": sum(f["exact"] * f["pixels"] for f in each) / pixels if pixels else None,
        "foreground_exact": right / seen if seen else None,
        "whole_images_exact": sum(f["exact"] == 1 for f in each) / len(each) if each else None,
        "snapped_pixels": sum(facts["snapped_pixels"] for facts in each),
        "images": each,
    }
