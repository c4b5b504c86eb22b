"""``inspect``: the contents of a dataset, a checkpoint or an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pxgen.arrays import I64
from pxgen.builtin import TERMS
from pxgen.checkpoint.card import Card, checkpoint_file, read_card
from pxgen.checkpoint.model_card import model_card
from pxgen.checkpoint.provenance import MIN_EXAMPLES, Provenance
from pxgen.checkpoint.runs import STARTERS, Metrics, shipped
from pxgen.config.project import read_toml
from pxgen.data.audit import audit
from pxgen.data.dataset import ABSENT, OCCLUDED, TRACED, Dataset, dataset_file, open_dataset
from pxgen.data.tensorfile import read_header
from pxgen.errors import InputError, Progress, UsageError, unwatched
from pxgen.evaluation.label_study import study
from pxgen.frames import views_of
from pxgen.ingest.census import Census
from pxgen.ingest.contact_sheets import choose_shown, sheet_png, swatch_png
from pxgen.ingest.folder import label_numbers
from pxgen.ingest.images import read_image
from pxgen.ingest.indexed import MANY_COLORS, IndexedSprite
from pxgen.ingest.palette_choice import choose_palette
from pxgen.ingest.palette_mapping import SharedPaletteMapper
from pxgen.ingest.scale import enlargement
from pxgen.palette.table import unpack
from pxgen.render.figure import figure_palette
from pxgen.render.heatmaps import heat_sheet
from pxgen.render.png import encode_png

MAX_NAMED = 10
"""Sprites listed by name among those that lack a label."""

_CHUNK = 4096
_DATASET_KEY = "pxgen.dataset"


@dataclass(frozen=True)
class Inspection:
    """Facts about a file, and a picture of its contents."""

    facts: dict[str, Any]
    """Plain JSON values; ``kind`` and ``suspicious`` are always among them."""
    picture: bytes
    """A PNG that shows it."""
    card: str | None = None
    """The model card of a checkpoint as Markdown."""


def inspect(
    path: Path, *, audited: bool = False, studied: bool = False, progress: Progress = unwatched
) -> Inspection:
    """Look into a dataset (its folder or file), a checkpoint, or an image.

    Args:
        path: what to look into; a model in the package by its name, too.
        audited: find out which labels the pixels of a dataset show, too; takes seconds a label.
        studied: tell what the sprites of each label have in common; the picture then shows where.
        progress: is told how many labels are audited.

    Raises:
        UsageError: an audit or a study of anything but a labelled dataset.
        InputError: missing, damaged, or nothing that pxgen knows.
    """
    path = shipped(path)
    if not path.exists():
        raise InputError(f"no such file or folder: {path}")
    file = next((f for f in (dataset_file(path), checkpoint_file(path)) if f.exists()), None)
    if file is None:
        inside = next((p.parent for p in sorted(path.glob("*/*.safetensors"))), None)
        hint = f"inspect {inside}?" if inside else f"of sprites, `pxgen prepare {path}` makes one"
        raise InputError(f"{path} holds neither dataset nor checkpoint: {hint}")
    with file.open("rb") as start:
        is_tensors = file.suffix == ".safetensors" or start.read(10)[8:9] == b"{"
    is_dataset = is_tensors and _DATASET_KEY in read_header(file).metadata
    if (audited or studied) and not is_dataset:
        raise UsageError(f"{path} is no dataset: --audit and --labels are for datasets")
    if not is_tensors:
        return inspect_image(file)
    if is_dataset:
        dataset = open_dataset(path)
        return inspect_dataset(dataset, audited=audited, studied=studied, progress=progress)
    return inspect_checkpoint(file)


def inspect_dataset(
    dataset: Dataset,
    *,
    audited: bool = False,
    studied: bool = False,
    progress: Progress = unwatched,
) -> Inspection:
    """Sizes, colours, labels, the split, and what looks like a mistake."""
    if (audited or studied) and not dataset.label_names:
        raise UsageError(f"{dataset.path} has no labels to look at")
    counts, held = dataset.marks.sum(0, np.int64), dataset.marks[dataset.held_out].sum(0)
    labels: dict[str, dict[str, Any]] = {
        name: {"sprites": int(count), "held_out": int(out)}
        for name, count, out in zip(dataset.label_names, counts, held, strict=True)
    }
    found = study(dataset) if studied else None
    if found is not None:
        for number, name in enumerate(dataset.label_names):
            labels[name] |= found.facts(number)
    use = _color_use(dataset)
    facts: dict[str, Any] = {
        "kind": "dataset",
        "sprites": len(dataset),
        "width": dataset.canvas.width,
        "height": dataset.canvas.height,
        "frames": dataset.canvas.frames,
        **_named_frames(dataset.frame_names),
        **_missing(dataset),
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
    findings = _audit_findings(dataset, progress, audited=audited)
    if findings:
        facts["audit"] = findings
        facts["suspicious"] += [
            f"label '{name}': not seen on {finding['absent']} of its bearers, and no other "
            "label hides it"
            for name, finding in findings.items()
            if finding.get("absent")
        ]
    if found is not None:
        page = heat_sheet(found.heat.max(1), found.names)
        return Inspection(facts, encode_png(page, figure_palette()))
    chosen = choose_shown(label_numbers(dataset.marks), dataset.canvas.frames)
    shown, _ = dataset.take(np.array(chosen))
    return Inspection(facts, sheet_png(shown, dataset.palette))


def _audit_findings(
    dataset: Dataset, progress: Progress, *, audited: bool
) -> dict[str, dict[str, Any]]:
    """Findings of an audit, now or when the dataset was prepared; empty if there was none."""
    if audited:
        result = audit(dataset, progress)
        unseen = result.unseen
        findings = {finding.name: finding.facts() for finding in result.findings}
    elif dataset.unseen is not None:
        unseen = dataset.unseen
        borne = dataset.borne(np.arange(len(dataset))).sum(0).tolist()
        findings = {}
        for number, name in enumerate(dataset.label_names):
            states = np.bincount(unseen[:, number], minlength=TRACED + 1).tolist()
            findings[name] = {
                "labelled": borne[number],
                "visible": borne[number] - sum(states[1:]),
                "occluded": states[OCCLUDED] + states[TRACED],
                "absent": states[ABSENT],
                "traces": states[TRACED],
                "hidden_by": [],
            }
    else:
        return {}
    for number, name in enumerate(dataset.label_names):
        rows = np.flatnonzero(unseen[:, number] == ABSENT)[:MAX_NAMED]
        findings[name]["absent_in"] = [dataset.names[row] for row in rows]
    return findings


def inspect_image(path: Path) -> Inspection:
    """Size, colours and alpha of an image, and whether it is enlarged or no pixel art."""
    rgba = read_image(path).rgba
    sprite = IndexedSprite.of(rgba)
    census = Census()
    census.add(sprite.colors, sprite.counts())
    choice = choose_palette(census)
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
    drawn = SharedPaletteMapper(choice, "none", census).map(sprite)
    return Inspection(facts, sheet_png(drawn[None], choice.palette))


def inspect_checkpoint(path: Path) -> Inspection:
    """The header of a checkpoint: architecture, training, palette, labels; no weights are read."""
    card, header = read_card(path)
    if path in STARTERS.values():
        card = _starter_card(card, path)
    facts = {
        "kind": "checkpoint",
        "width": card.canvas.width,
        "height": card.canvas.height,
        "frames": card.canvas.frames,
        **_named_frames(card.frame_names),
        "colors": len(card.palette),
        "tensors": len(header.entries),
        "bytes": sum(entry.stop - entry.start for entry in header.entries.values()),
        "dataset_fingerprint": card.fingerprint,
        "data": card.provenance.dump(),
        "model": dict(card.model),
        "training": dict(card.training),
        "palette": list(card.palette.hex),
        "label_names": list(card.label_names),
        "suspicious": [],
    }
    return Inspection(facts, swatch_png(card.palette), model_card(card, path))


def _starter_card(card: Card, path: Path) -> Card:
    """The card of a model in the package, which tells of its training in files beside it."""
    last = Metrics.until(path.with_suffix(".jsonl")).lines[-1]
    train = dict(read_toml(path.with_suffix(".toml")).table("train"))
    told = Provenance.read(TERMS | {"figures": {"bits": last["held_out_bits"]}})
    training = {"step": last["step"], "seconds": last["seconds"], "finished": True}
    return replace(
        card,
        provenance=card.provenance if card.provenance.license else told,
        training={**training, "settings": train},
    )


def _named_frames(names: tuple[str, ...]) -> dict[str, Any]:
    """The names of frames and how many each view has, where they have names."""
    if not names:
        return {}
    views = {view: len(frames) for view, frames in views_of(names).items() if view}
    return {"frame_names": list(names), "views": views}


def _missing(dataset: Dataset) -> dict[str, Any]:
    """Sprites that lack frames, and how many lack each frame, where any does."""
    if dataset.present is None:
        return {}
    names = dataset.frame_names or tuple(map(str, range(dataset.canvas.frames)))
    lacking = (~dataset.present).sum(0).tolist()
    return {
        "incomplete": int((~dataset.present.all(1)).sum()),
        "missing": {name: count for name, count in zip(names, lacking, strict=True) if count},
    }


def _color_use(dataset: Dataset) -> I64:
    """``(K,)`` pixels of each palette entry."""
    use = np.zeros(256, np.int64)
    for start in range(0, len(dataset), _CHUNK):
        use += np.bincount(dataset.pixels[start : start + _CHUNK].ravel(), minlength=256)
    if use[len(dataset.palette) :].any():
        raise InputError(f"{dataset.path} holds pixels outside its palette: prepare it again")
    return use[: len(dataset.palette)]


def _suspicions(dataset: Dataset, counts: I64, use: I64) -> Iterator[str]:
    for name, count in zip(dataset.label_names, counts, strict=True):
        if count == len(dataset):
            yield f"label '{name}': borne by every sprite, so it says nothing"
        elif count < MIN_EXAMPLES:
            yield f"label '{name}': only {count} sprites, few to learn from"
    bare = int((dataset.marks.sum(1) == 0).sum())
    if bare and dataset.label_names:
        yield f"{bare} sprites bear no label"
    if not len(dataset.held_out):
        yield "nothing is held out: validation cannot tell learning from memory"
    unused = int((use[1:] == 0).sum())
    if unused:
        yield f"{unused} palette colours are never used"
    if dataset.info.get("nearly_empty"):
        yield f"{dataset.info['nearly_empty']} sprites are empty or nearly so"
    if dataset.info.get("many_colors"):
        yield f"{dataset.info['many_colors']} sprites held more than {MANY_COLORS} colours"


def _image_suspicions(colors: int, factor: int) -> Iterator[str]:
    if colors > MANY_COLORS:
        yield f"{colors} colours: smoothed or compressed, not pixel art?"
    if factor > 1 and colors > 1:
        yield f"enlarged {factor} times"
