"""The card: a checkpoint's metadata, readable without its weights and without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pxgen.canvas import Anchor, Canvas, Domain
from pxgen.checkpoint.migration import migrate_model
from pxgen.checkpoint.provenance import Provenance
from pxgen.data.tensorfile import Header, read_header
from pxgen.errors import InputError
from pxgen.palette import Palette

FORMAT = 13
FILE_NAME = "checkpoint.safetensors"
KEY = "pxgen.checkpoint"


@dataclass(frozen=True)
class Card:
    """Metadata of a checkpoint: what sampling needs beside weights, and training's state."""

    model: Mapping[str, Any]
    """The resolved ``[model]`` table."""
    canvas: Canvas
    palette: Palette
    label_names: tuple[str, ...]
    fingerprint: str
    """The dataset's."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """Stage, step, settings and measures of the training; empty in a file made for sampling."""
    anchor: Anchor = "bottom"
    """Placement of sprites smaller than the canvas."""
    frame_names: tuple[str, ...] = ()
    """The name of each frame; empty where they have none."""
    provenance: Provenance = field(default_factory=Provenance)
    """Where its sprites come from and what it reached; empty in files of before it was stored."""

    @property
    def domain(self) -> Domain:
        """Canvas, palette and size of the vocabulary."""
        return Domain(self.canvas, self.palette.rows, len(self.label_names))

    def dump(self) -> dict[str, str]:
        """The card as safetensors metadata."""
        about = asdict(self) | {"palette": list(self.palette.hex), "format": FORMAT}
        about["provenance"] = self.provenance.dump()
        if not self.frame_names:
            # Files of clips without names stay as they were before there were names.
            del about["frame_names"]
        return {KEY: json.dumps(about, sort_keys=True)}


def stored_format(header: Header) -> int:
    """The format of a checkpoint by the header that :func:`read_card` returns."""
    return int(json.loads(header.metadata[KEY])["format"])


def checkpoint_file(path: Path) -> Path:
    """The checkpoint, whether ``path`` names it or its run folder."""
    return path / FILE_NAME if path.is_dir() else path


def read_card(path: Path) -> tuple[Card, Header]:
    """The card of a checkpoint and the header that locates its tensors.

    Raises:
        InputError: missing, truncated, no checkpoint of pxgen, or of a newer format.
    """
    file = checkpoint_file(path)
    if not file.exists():
        raise InputError(f"no model at {path}: train one with `pxgen train`, or check the path")
    header = read_header(file)
    if KEY not in header.metadata:
        raise InputError(f"{file} is no pxgen checkpoint: train one with `pxgen train`")
    try:
        about = json.loads(header.metadata[KEY])
        version = int(about["format"])
        if version < 1:
            raise ValueError("no such format")
        if version > FORMAT:
            raise InputError(
                f"{file} has format {version}, this pxgen reads {FORMAT}: upgrade pxgen"
            )
        frames, height, width = (int(n) for n in about["canvas"])
        card = Card(
            model=migrate_model(dict(about["model"]), version, Canvas(frames, height, width)),
            canvas=Canvas(frames, height, width),
            palette=Palette.from_hex(about["palette"], str(file)),
            label_names=tuple(str(name) for name in about["label_names"]),
            fingerprint=str(about["fingerprint"]),
            training=dict(about["training"]),
            anchor="center" if about.get("anchor") == "center" else "bottom",
            frame_names=tuple(str(name) for name in about.get("frame_names", ())),
            provenance=Provenance.read(about.get("provenance", {})),
        )
        if card.frame_names and len(set(card.frame_names)) != frames:
            raise ValueError("names of other frames")
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        RecursionError,
    ):
        raise InputError(
            f"{file} is a checkpoint whose description is damaged: copy it again, or train it anew"
        ) from None
    if min(card.canvas) < 1 or card.canvas.pixels > 2**24:
        raise InputError(f"{file} declares an impossible canvas {tuple(card.canvas)}")
    return card, header
