"""What is measured with when nothing else is named: built-in sprites as PNGs, and a model.

Run as a program it makes one of them: ``python -m tests.bench.material sprites|model PATH``.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.child import ROOT, program

SPRITES = 10_000
STARTER = ROOT / "pxgen" / "builtin" / "starter.safetensors"


@dataclass(frozen=True)
class Model:
    """A model to sample from: how to name it, and what to say of it."""

    arguments: tuple[str, ...]
    note: str


def model(folder: Path) -> Model:
    """The starter model, or an untrained one of the same size where it is not built yet."""
    if STARTER.exists():
        return Model((), "the starter model")
    path = folder / "untrained.safetensors"
    program("material", "model", path, folder=folder)
    return Model(("-m", str(path)), "no starter model: default recipe, untrained")


def sprites(folder: Path) -> Path:
    """A folder of built-in sprites and their labels."""
    path = folder / "sprites"
    program("material", "sprites", path, folder=folder)
    return path


def _draw_sprites(path: Path) -> None:
    from pxgen.builtin import HEADS, PALETTE, generate
    from pxgen.render.png import encode_png

    path.mkdir()
    with (path / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", *HEADS.labels])
        number = 0
        for pixels, labels in generate(SPRITES, seed=0, frames=1):
            for sprite, marks in zip(pixels, labels, strict=True):
                name = f"{number:05}.png"
                (path / name).write_bytes(encode_png(sprite[0], PALETTE))
                rows.writerow([name, *marks.tolist()])
                number += 1


def _save_model(path: Path) -> None:
    from dataclasses import asdict

    from pxgen.builtin import HEADS, PALETTE
    from pxgen.canvas import Canvas
    from pxgen.checkpoint.card import Card
    from pxgen.checkpoint.store import prefixed, save_checkpoint
    from pxgen.config.recipe import DEFAULT, read_recipe
    from pxgen.config.schema import read_table
    from pxgen.models.registry import build_model, spec_class
    from pxgen.noise import seed_weights

    table = read_recipe(DEFAULT)
    card = Card(
        model=asdict(read_table(spec_class(table["family"]), table)),
        canvas=Canvas(1, *HEADS.size),
        palette=PALETTE,
        label_names=HEADS.labels,
        fingerprint="untrained",
    )
    seed_weights(0)
    weights = build_model(table, card.domain).module.state_dict()
    save_checkpoint(path, card, prefixed(weights, "weights"))


if __name__ == "__main__":
    {"sprites": _draw_sprites, "model": _save_model}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(sys.argv[2]))
