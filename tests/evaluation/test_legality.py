"""Legality: built-in characters by the rules they are drawn by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.builtin import KIND_NAMES, LABELS, generate
from pxgen.builtin import PALETTE as BUILTIN
from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.legality import Legality, is_builtin
from tests.support.measuring import drawn
from tests.support.tiny import PALETTE, labelled


def characters(count: int) -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = next(generate(count, 5))
    return pixels, labels


def test_legality_counts_characters_kinds_labels_and_new_ones(tmp_path: Path) -> None:
    pixels, labels = characters(2 * len(KIND_NAMES))
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
    assert figures["kinds"] == len(KIND_NAMES)
    # Half are training sprites; of those the first is broken, and so is one of the new ones.
    assert figures["new"]["count"] == len(pixels) // 2 + 1
    assert figures["legal_and_new"]["count"] == len(pixels) // 2 - 1


def test_missing_kinds_are_named() -> None:
    pixels, labels = characters(len(KIND_NAMES))
    robots = labels[:, LABELS.index("robot")] == 1
    figures = Legality(None).of(drawn(pixels[~robots]))
    assert figures["missing_kinds"] == ["robot"]
    assert figures["new"] is None


def test_only_models_of_the_builtin_set_are_judged_by_its_rules() -> None:
    builtin = Card({}, Canvas(1, 24, 24), BUILTIN, LABELS, "")
    assert is_builtin(builtin)
    assert not is_builtin(Card({}, Canvas(1, 32, 32), BUILTIN, LABELS, ""))
    assert not is_builtin(Card({}, Canvas(1, 24, 24), PALETTE, LABELS, ""))
    assert not is_builtin(Card({}, Canvas(1, 24, 24), BUILTIN, ("alien",), ""))
