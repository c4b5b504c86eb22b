"""The model card: what a checkpoint says of itself, for people, as Markdown."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pxgen.checkpoint.card import Card
from pxgen.checkpoint.runs import model_name

MODEL_CARD = "card.md"
"""In a run folder."""
MAX_NAMED = 20
"""Labels of few sprites, listed by name."""
FEW_SPRITES = 100
"""Training sprites below which a model mostly repeats them."""
UNTOLD = "not told"
MEANINGS = {
    "bits": "bits to code a held-out sprite with; fewer is better",
    "exact": "pixels of held-out sprites that come back exactly",
}
"""Held-out figures that the documents explain, too."""


def model_card(card: Card, file: Path) -> str:
    """The card of the checkpoint ``file`` as Markdown, which holds what strangers wrote as text."""
    sections = {
        "": _summary(card),
        "Data": _data(card),
        "Training": _training(card),
        "Figures": _figures(card),
        "Labels": _labels(card),
        "Limits": _limits(card),
    }
    parts = [f"# {_text(model_name(file))}"]
    for title, lines in sections.items():
        parts += [f"## {title}"] * bool(title) + ["\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _text(value: Any) -> str:
    """A stranger's words as one line of text without Markdown or HTML."""
    line = html.escape(" ".join(str(value).split()), quote=False)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|#" else letter for letter in line)


def _summary(card: Card) -> Iterator[str]:
    frames, height, width = card.canvas
    kind = "stills" if frames == 1 else f"clips of {frames} frames"
    yield (
        f"A model of [pxgen](https://pypi.org/project/pxgen/) ({_text(card.model.get('family'))}) "
        f"that draws {kind} of {width}x{height} pixels in {len(card.palette)} palette entries."
    )


def _data(card: Card) -> Iterator[str]:
    told = card.provenance
    yield f"- License: {_text(told.license or UNTOLD)}"
    yield f"- Author: {_text(told.author or UNTOLD)}"
    yield f"- Origin: {_text(told.origin or UNTOLD)}"
    if told.sources:
        yield f"- Read from: {_text(', '.join(told.sources))}"
    if told.sprites:
        yield f"- Sprites: {told.sprites:,} to learn from, {told.held_out:,} held out"
    yield f"- Fingerprint of the dataset: `{_text(card.fingerprint)}`"


def _training(card: Card) -> Iterator[str]:
    settings = card.training.get("settings")
    if not isinstance(settings, dict):
        yield "- The file was saved for drawing and does not tell of its training."
        return
    state = "finished" if card.training.get("finished") else "not finished"
    yield f"- {_text(card.training.get('step'))} steps of the last stage, {state}"
    yield f"- batch: {_text(settings.get('batch') or '16 to 64, as suits each stage')}"
    for key in ("lr", "seed", "augment", "precision"):
        if key in settings:
            yield f"- {key}: {_text(settings[key])}"
    if card.training.get("seconds"):
        yield f"- Took: {card.training['seconds'] / 60:.0f} minutes, as its log tells"
    if card.training.get("start"):
        yield f"- Started from: {_text(card.training['start'])}"


def _figures(card: Card) -> Iterator[str]:
    for name, value in card.provenance.figures.items():
        meaning = f" ({MEANINGS[name]})" if name in MEANINGS else ""
        yield f"- {_text(name)}: {value:.4g}{meaning}"
    if not card.provenance.figures:
        yield "- None are stored."
    yield "- `pxgen evaluate` measures more, each figure beside what real sprites score."


def _labels(card: Card) -> Iterator[str]:
    names = ", ".join(map(_text, card.label_names))
    yield names or "None: it cannot be asked for anything in particular."


def _limits(card: Card) -> Iterator[str]:
    told = card.provenance
    yield "- It draws on this canvas in these colours, and only what its sprites taught it."
    if not told.license:
        yield "- Nobody told the license of the sprites: ask for it before publishing pictures."
    if 0 < told.sprites < FEW_SPRITES:
        yield (
            f"- {told.sprites} sprites are few: much of what it draws will be close to one of "
            "them. `pxgen sample --novel 1` draws again what is one of them."
        )
    if told.sprites and not told.held_out:
        yield "- Nothing was held out: no figure can tell learning from memory."
    if told.rare:
        rare = [f"{_text(name)} ({count})" for name, count in told.rare.items()]
        more = f" and {len(rare) - MAX_NAMED} more" if len(rare) > MAX_NAMED else ""
        yield f"- Labels of few sprites: {', '.join(rare[:MAX_NAMED])}{more}."
