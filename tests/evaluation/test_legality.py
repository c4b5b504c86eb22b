"""Legality: built-in characters by the rules they are drawn by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.builtin import FIGURES, HEADS, Cast, generate
from pxgen.builtin import PALETTE as BUILTIN
from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.legality import Legality, builtin_cast
from pxgen.palette.table import Palette
from tests.support.measuring import drawn
from tests.support.tiny import PALETTE, labelled


def characters(count: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = next(generate(count, 5))
    return pixels, labels


def test_legality_counts_characters_kinds_labels_and_new_ones(tmp_path: Path) -> None:
    pixels, labels = characters(2 * len(HEADS.kind_names))
    held = np.arange(len(pixels)) % 2 == 1
    data = labelled(tmp_path, pixels, labels, held, BUILTIN)
    broken = pixels.copy()
    broken[0, 0, 0, 0], broken[1, 0, 0, :2] = 3, (4, 5)
    asked = [int(np.flatnonzero(row)[-1]) for row in labels]
    asked[4] = int(np.flatnonzero(labels[4] == 0)[0])
    figures = Legality(SpriteIndex(data, data.train)).of(drawn(broken, asked))
    assert figures["legal"]["count"] == len(pixels) - 2
    assert figures["shows_label"]["count"] == len(pixels) - 1
    assert figures["wrong_pixels"] == 1.5
    assert figures["kinds"] == len(HEADS.kind_names)
    # Half are training sprites; of those the first is broken, and so is one of the new ones.
    assert figures["new"]["count"] == len(pixels) // 2 + 1
    assert figures["legal_and_new"]["count"] == len(pixels) // 2 - 1


def test_missing_kinds_are_named() -> None:
    pixels, labels = characters(len(HEADS.kind_names))
    robots = labels[:, HEADS.labels.index("robot")] == 1
    figures = Legality(None).of(drawn(pixels[~robots]))
    assert figures["missing_kinds"] == ["robot"]
    assert figures["new"] is None


def test_only_models_of_a_builtin_set_are_judged_by_its_rules() -> None:
    def cast(
        canvas: tuple[int, int, int],
        palette: Palette = BUILTIN,
        labels: tuple[str, ...] = HEADS.labels,
    ) -> Cast | None:
        return builtin_cast(Card({}, Canvas(*canvas), palette, labels, ""))

    assert cast((1, 24, 24)) is cast((3, 24, 24)) is HEADS
    assert cast((1, 32, 32)) is None
    assert cast((1, 24, 24), PALETTE) is None
    assert cast((1, 24, 24), labels=("alien",)) is None
    assert cast((16, 24, 16), labels=FIGURES.labels) is FIGURES
    assert cast((16, 24, 16)) is None
    assert cast((4, 24, 16), labels=FIGURES.labels) is None


def test_figures_are_judged_by_their_own_rules() -> None:
    pixels, labels = next(generate(10, 5, cast=FIGURES))
    pixels[3, 15, 0, 0] = 1
    asked = [int(np.flatnonzero(row)[-1]) for row in labels]
    figures = Legality(None, FIGURES).of(drawn(pixels, asked))
    assert figures["legal"]["count"] == figures["kinds"] == 9
    assert figures["shows_label"]["count"] == 10
