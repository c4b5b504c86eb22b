"""``inspect``: what a dataset, a checkpoint or an image holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pxgen.card import checkpoint_file, read_card
from pxgen.dataset import Dataset, dataset_file, open_dataset
from pxgen.errors import InputError, UsageError
from pxgen.evaluate.audit import audit
from pxgen.ingest.census import Census
from pxgen.ingest.images import read_picture
from pxgen.ingest.palette_choice import PaletteWish, Recolorer, choose_palette
from pxgen.ingest.scale import enlargement
from pxgen.ingest.showcase import choose_shown, sheet_png, swatch_png
from pxgen.ingest.spool import compact
from pxgen.ingest.survey import MANY_COLORS
from pxgen.palette.table import unpack
from pxgen.tensorfile import read_header

U8 = NDArray[np.uint8]

FEW = 10
"""Examples below which a label is hard to learn."""

_CHUNK = 4096
_DATASET_KEY = "pxgen.dataset"


@dataclass(frozen=True)
class Findings:
    """What was found."""

    facts: dict[str, Any]
    """Plain JSON values; ``kind`` and ``suspicious`` are always among them."""
    picture: bytes
    """A PNG that shows it."""

    def lines(self) -> Iterator[str]:
        """The facts as text, one a line."""
        for name, value in self.facts.items():
            yield from _lines(name.replace("_", " "), value)


def inspect(path: Path, *, audited: bool = False) -> Findings:
    """Look into a dataset (its folder or file), a checkpoint, or an image.

    Args:
        path: what to look into.
        audited: find out which labels the pixels of a dataset show, too; takes seconds a label.

    Raises:
        UsageError: an audit of anything but a labelled dataset.
        InputError: missing, damaged, or nothing that pxgen knows.
    """
    if not path.exists():
        raise InputError(f"no such file or folder: {path}")
    file = next((f for f in (dataset_file(path), checkpoint_file(path)) if f.exists()), None)
    if file is None:
        raise InputError(f"{path} holds neither dataset nor checkpoint: name the file to look into")
    with file.open("rb") as start:
        is_tensors = file.suffix == ".safetensors" or start.read(10)[8:9] == b"{"
    if audited and not (is_tensors and _DATASET_KEY in read_header(file).metadata):
        raise UsageError(f"{path} is no dataset: only labels of a dataset can be audited")
    if not is_tensors:
        return inspect_image(file)
    if _DATASET_KEY in read_header(file).metadata:
        return inspect_dataset(open_dataset(path), audited=audited)
    return inspect_checkpoint(file)


def inspect_dataset(dataset: Dataset, *, audited: bool = False) -> Findings:
    """Sizes, colours, labels, the split, and what looks like a mistake."""
    if audited and not dataset.label_names:
        raise UsageError(f"{dataset.path} has no labels to audit")
    counts, held = dataset.labels.sum(0, np.int64), dataset.labels[dataset.held_out].sum(0)
    labels = {
        name: {"sprites": int(count), "held_out": int(out)}
        for name, count, out in zip(dataset.label_names, counts, held, strict=True)
    }
    use = _color_use(dataset)
    facts: dict[str, Any] = {
        "kind": "dataset",
        "sprites": len(dataset),
        "width": dataset.canvas.width,
        "height": dataset.canvas.height,
        "frames": dataset.canvas.frames,
        "colors": len(dataset.palette),
        "train": len(dataset.train),
        "held_out": len(dataset.held_out),
        "groups": int(dataset.group.max()) + 1,
        "fingerprint": dataset.fingerprint,
        "prepared": dict(dataset.info),
        "palette": list(dataset.palette.hex),
        "labels": labels,
        "suspicious": list(_suspicions(dataset, counts, use)),
    }
    if audited:
        sights = audit(dataset).sights
        facts["audit"] = {sight.name: sight.facts() for sight in sights}
        facts["suspicious"] += [
            f"label '{sight.name}': {sight.absent} bearers do not seem to show it, and no other "
            "label hides it"
            for sight in sights
            if sight.absent
        ]
    numbers = [tuple(np.flatnonzero(row).tolist()) for row in dataset.labels]
    shown, _ = dataset.take(np.array(choose_shown(numbers, dataset.canvas.frames)))
    return Findings(facts, sheet_png(shown, dataset.palette))


def inspect_image(path: Path) -> Findings:
    """Size, colours and alpha of an image, and whether it is enlarged or no pixel art."""
    rgba = read_picture(path).rgba
    sprite = compact(rgba)
    census = Census()
    census.add(sprite.colors, sprite.counts())
    choice = choose_palette(census, PaletteWish())
    factor = enlargement(sprite.indices)
    exact = choice.suggested is None
    visible = sprite.colors[sprite.colors != 0]
    facts = {
        "kind": "image",
        "width": sprite.size.width,
        "height": sprite.size.height,
        "frames": sprite.size.frames,
        "colors": len(visible),
        "transparent_pixels": int((rgba[..., 3] == 0).sum()),
        "semi_transparent_colors": choice.soft_colors,
        "semi_transparent_pixels": choice.soft_pixels,
        "palette": [bytes(row).hex() for row in unpack(visible)] if exact else None,
        "suspicious": list(_image_suspicions(len(visible), factor)),
    }
    drawn = Recolorer(choice, "none", census).draw(sprite)
    return Findings(facts, sheet_png(drawn[None], choice.palette))


def inspect_checkpoint(path: Path) -> Findings:
    """What a checkpoint says of itself, read without loading weights."""
    card, header = read_card(path)
    facts = {
        "kind": "checkpoint",
        "width": card.canvas.width,
        "height": card.canvas.height,
        "frames": card.canvas.frames,
        "colors": len(card.palette),
        "tensors": len(header.entries),
        "bytes": sum(entry.stop - entry.start for entry in header.entries.values()),
        "dataset_fingerprint": card.fingerprint,
        "model": dict(card.model),
        "training": dict(card.training),
        "palette": list(card.palette.hex),
        "label_names": list(card.label_names),
        "suspicious": [],
    }
    return Findings(facts, swatch_png(card.palette))


def _color_use(dataset: Dataset) -> NDArray[np.int64]:
    """``(K,)`` pixels of each palette entry."""
    use = np.zeros(256, np.int64)
    for start in range(0, len(dataset), _CHUNK):
        use += np.bincount(dataset.pixels[start : start + _CHUNK].ravel(), minlength=256)
    if use[len(dataset.palette) :].any():
        raise InputError(f"{dataset.path} holds pixels outside its palette: prepare it again")
    return use[: len(dataset.palette)]


def _suspicions(
    dataset: Dataset, counts: NDArray[np.int64], use: NDArray[np.int64]
) -> Iterator[str]:
    for name, count in zip(dataset.label_names, counts, strict=True):
        if count == len(dataset):
            yield f"label '{name}': borne by every sprite, so it says nothing"
        elif count < FEW:
            yield f"label '{name}': only {count} sprites, few to learn from"
    bare = int((dataset.labels.sum(1) == 0).sum())
    if bare and dataset.label_names:
        yield f"{bare} sprites bear no label"
    if not len(dataset.held_out):
        yield "nothing is held out: validation cannot tell learning from memory"
    unused = int((use[1:] == 0).sum())
    if unused:
        yield f"{unused} palette colours are never used"
    if dataset.info.get("many_colors"):
        yield f"{dataset.info['many_colors']} sprites held more than {MANY_COLORS} colours"


def _image_suspicions(colors: int, factor: int) -> Iterator[str]:
    if colors > MANY_COLORS:
        yield f"{colors} colours: smoothed or compressed, not pixel art?"
    if factor > 1 and colors > 1:
        yield f"enlarged {factor} times"


def _seen(sight: dict[str, Any]) -> str:
    if sight["visible"] is None:
        return f"{sight['labelled']} labelled; no pixels tell them from others"
    by = f" (beside {', '.join(sight['hidden_by'])})" if sight["hidden_by"] else ""
    return (
        f"{sight['labelled']} labelled, {sight['visible']} visible, "
        f"{sight['occluded']} hidden{by}, {sight['absent']} absent"
    )


def _lines(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and name == "labels":
        yield f"labels: {len(value)}"
        for label, count in sorted(value.items(), key=lambda item: -item[1]["sprites"]):
            yield f"  {count['sprites']:>8}  {label} ({count['held_out']} held out)"
    elif isinstance(value, dict) and name == "audit":
        yield "audit:"
        yield from (f"  {label}: {_seen(sight)}" for label, sight in value.items())
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(f"{name}: {key}", inner)
    elif name == "palette" and value:
        yield "palette: " + " ".join(value)
    elif isinstance(value, list) and name == "suspicious":
        yield from (f"suspicious: {item}" for item in value)
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield f"{name}: {'none' if shown is None or shown == '' else shown}"
