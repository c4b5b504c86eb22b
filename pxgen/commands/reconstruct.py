"""``reconstruct``: what is left of images after a model has encoded and decoded them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import U8
from pxgen.checkpoint.store import Loaded
from pxgen.data.labels import parse_labels
from pxgen.devices import one_thread, pick_device
from pxgen.errors import InputError, UsageError
from pxgen.ingest.fit_to_model import fit_image
from pxgen.models.protocol import Levelled, SamplingParams
from pxgen.noise import PictureNoise
from pxgen.palette import Palette
from pxgen.palette.local import within
from pxgen.render.outputs import Named, plan_output
from pxgen.sampling.edits import place_of
from pxgen.sampling.engine import Alone
from pxgen.sampling.models import open_model

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class ReconstructRequest:
    """What ``reconstruct`` was asked for."""

    images: Sequence[Path]
    numbers: Sequence[int]
    """Which of the images, counted from 0: those of the shard."""
    model: Path | None
    runs: Path
    """Where the newest run is looked for if no model is named."""
    labels: tuple[str, ...]
    level: Literal["both", "top", "bottom"]
    """What to decode of codes that have two levels."""
    strict: bool
    """Refuse images with colours that the palette lacks."""
    seed: int
    scale: int
    out: str | None
    force: bool
    device: str


@dataclass(frozen=True)
class Reconstruction:
    """One image beside what the model made of it."""

    path: Path
    before: U8
    """``(T, H, W) uint8``."""
    after: U8
    """``(T, H, W) uint8``."""
    snapped: int
    """Pixels of the image whose colour the palette lacks."""
    palette: Palette
    """The model's, or the image's own."""

    @property
    def wrong(self) -> NDArray[np.bool_]:
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

    def strip(self) -> U8:
        """``(T, H, 3·W + 2)``: the image, what was made of it, and the image where they differ."""
        gap = np.zeros((*self.before.shape[:2], 1), np.uint8)
        missed = np.where(self.wrong, self.before, 0)
        return np.concatenate([self.before, gap, self.after, gap, missed], axis=2)


def reconstruct(
    request: ReconstructRequest, console: Console
) -> tuple[list[Reconstruction], list[Path]]:
    """Encode and decode every image of the shard, and write it beside the result.

    Names and noise are those of the whole run; a shard that no image falls to makes nothing.

    Raises:
        UsageError: an unknown label, or an output that is taken.
        InputError: an image or the model is rejected; off-palette colours if ``strict``.
    """
    numbers = request.numbers
    stems = _distinct([path.stem for path in request.images])
    series = Named([f"{stems[number]}-reconstructed" for number in numbers])
    output = plan_output(request.out, series, scale=request.scale, force=request.force)
    device = pick_device(request.device)
    loaded = open_model(request.model, request.runs, console, device)
    labels = torch.from_numpy(
        parse_labels(request.labels, loaded.card.label_names, loaded.path)
    ).to(device)
    if not numbers:
        return [], []
    with one_thread():
        made = [
            _reconstruct(request.images[number], number, loaded, labels, request)
            for number in numbers
        ]
    if loaded.palettes is None:
        written = output.write((each.strip()[None] for each in made), loaded.card.palette)
    else:
        written = output.write_own((each.strip(), each.palette) for each in made)
    return made, list(written)


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


def lines(made: Sequence[Reconstruction]) -> Iterator[str]:
    """The figures as text, one line an image and one over all."""
    if not made:
        return
    facts = totals(made)
    for image in facts["images"]:
        snapped = image["snapped_pixels"]
        note = f", {snapped} pixels off the palette" if snapped else ""
        yield (
            f"{image['image']}: {image['exact']:.2%} exact, "
            f"{_share(image['foreground_exact'])} of the foreground{note}"
        )
    yield (
        f"all: {facts['exact']:.2%} exact, {_share(facts['foreground_exact'])} of the foreground, "
        f"{facts['whole_images_exact']:.1%} of the images without a wrong pixel"
    )


def _share(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.2%}"


def _reconstruct(
    path: Path, number: int, loaded: Loaded, labels: torch.Tensor, request: ReconstructRequest
) -> Reconstruction:
    fitted = fit_image(path, place_of(loaded))
    if fitted.snapped and request.strict:
        raise InputError(
            f"{path}: {fitted.snapped} pixels are of colours that the model's palette lacks; "
            "without --strict they are drawn in the nearest ones"
        )
    alone = Alone.of(loaded.model, SamplingParams(), number, labels.device)
    noise, pixels = alone.noise(request.seed), alone.repeated(torch.from_numpy(fitted.pixels))
    with torch.inference_mode():
        code = loaded.model.encode(pixels, alone.repeated(labels), noise)
        after = alone.own(_decoded(code, loaded, request.level, noise))
    after = within(after, fitted.palette)
    return Reconstruction(path, fitted.pixels, after, fitted.snapped, fitted.palette)


def _decoded(code: Any, loaded: Loaded, level: str, noise: PictureNoise) -> torch.Tensor:
    model = loaded.model
    if level == "both":
        return model.decode(code, noise)
    if not isinstance(model, Levelled):
        raise UsageError(f"the codes of {loaded.path} have one level: leave --level out")
    return model.decode_levels(code, top=level == "top", bottom=level == "bottom")


def _distinct(stems: list[str]) -> list[str]:
    """The stems, numbered where images of several folders share one."""
    if len(set(stems)) == len(stems):
        return stems
    return [f"{stem}-{number:04}" for number, stem in enumerate(stems)]
