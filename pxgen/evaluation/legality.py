"""The exact judge of models of the built-in characters."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from pxgen.builtin import KIND_NAMES, LABELS, PALETTE, SIZE, certify
from pxgen.checkpoint.card import Card
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.figures import label_accuracy, proportion
from pxgen.evaluation.measure import Drawn, Row


def is_builtin(card: Card) -> bool:
    """True of a model of the built-in characters, which the certifier can judge."""
    own_size = card.canvas.height == card.canvas.width == SIZE
    return own_size and card.palette == PALETTE and card.label_names == LABELS


class Legality:
    """Shares of exactly legal characters, and of those that show the label asked for.

    A sprite that is not legal shows the labels of the legal character nearest to it.
    """

    name: ClassVar[str] = "legality"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("legal", ("legal",), "%"),
        Row("pixels off, if illegal", ("wrong_pixels",)),
        Row("shows its label", ("shows_label",), "%"),
        Row(f"kinds, of {len(KIND_NAMES)}", ("kinds",)),
        Row("new", ("new",), "%"),
        Row("legal and new", ("legal_and_new",), "%"),
    )

    def __init__(self, training: SpriteIndex | None) -> None:
        self._training = training

    def reference(self) -> dict[str, Any]:
        """The certifier is exact: every built-in character is legal by construction."""
        return {"kinds": len(KIND_NAMES), "training_known": self._training is not None}

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """Shares by the certifier; those of new sprites are None without a training set."""
        certificates = [certify(clip) for clip in drawn.pixels]
        legal = np.array([certificate.legal for certificate in certificates], np.bool_)
        shown = np.array(
            [
                number >= 0 and LABELS[number] in certificate.label_names
                for number, certificate in zip(drawn.asked, certificates, strict=True)
            ],
            np.bool_,
        )
        covered = {certificate.kind for certificate in certificates if certificate.legal}
        new = ~self._training.holds(drawn.pixels) if self._training is not None else None
        return {
            "legal": proportion(legal),
            "kinds": len(covered),
            "missing_kinds": [kind for kind in KIND_NAMES if kind not in covered],
            "new": proportion(new) if new is not None else None,
            "legal_and_new": proportion(new & legal) if new is not None else None,
            "wrong_pixels": _mean([c.distance for c in certificates if not c.legal]),
            **label_accuracy(LABELS, drawn.asked, shown),
        }


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None
