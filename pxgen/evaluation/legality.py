"""The exact judge of models of the built-in characters."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from pxgen.builtin import CASTS, HEADS, PALETTE, Cast, certify
from pxgen.checkpoint.card import Card
from pxgen.data.neighbours import SpriteIndex
from pxgen.evaluation.figures import label_accuracy, proportion
from pxgen.evaluation.measure import Drawn, Row


def builtin_cast(card: Card) -> Cast | None:
    """The built-in set that a model draws and the certifier can judge; None of another model."""
    if card.palette != PALETTE:
        return None
    _, *size = card.canvas
    for cast in CASTS.values():
        # A clip of heads may have any length.
        whole = cast.phases > 1 or card.canvas == cast.picture
        if tuple(size) == cast.size and whole and card.label_names == cast.labels:
            return cast
    return None


class Legality:
    """Shares of exactly legal characters, and of those that show the label asked for.

    A sprite that is not legal shows the labels of the legal character nearest to it.
    """

    name: ClassVar[str] = "legality"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("legal", ("legal",), "%"),
        Row("pixels off, if illegal", ("wrong_pixels",)),
        Row("shows its label", ("shows_label",), "%"),
        Row("kinds", ("kinds",)),
        Row("new", ("new",), "%"),
        Row("legal and new", ("legal_and_new",), "%"),
    )

    def __init__(self, training: SpriteIndex | None, cast: Cast = HEADS) -> None:
        self._training = training
        self.cast = cast

    def reference(self) -> dict[str, Any]:
        """The certifier is exact: every built-in character is legal by construction."""
        return {"kinds": len(self.cast.kinds), "training_known": self._training is not None}

    def of(self, drawn: Drawn) -> dict[str, Any]:
        """Shares by the certifier; those of new sprites are None without a training set."""
        labels = self.cast.labels
        certificates = [certify(clip, self.cast) for clip in drawn.pixels]
        legal = np.array([certificate.legal for certificate in certificates], np.bool_)
        shown = np.array(
            [
                number >= 0 and labels[number] in certificate.label_names
                for number, certificate in zip(drawn.asked, certificates, strict=True)
            ],
            np.bool_,
        )
        covered = {certificate.kind for certificate in certificates if certificate.legal}
        new = ~self._training.holds(drawn.pixels) if self._training is not None else None
        return {
            "legal": proportion(legal),
            "kinds": len(covered),
            "missing_kinds": [kind for kind in self.cast.kind_names if kind not in covered],
            "new": proportion(new) if new is not None else None,
            "legal_and_new": proportion(new & legal) if new is not None else None,
            "wrong_pixels": _mean([c.distance for c in certificates if not c.legal]),
            **label_accuracy(labels, drawn.asked, shown),
        }


def _mean(values: list[int]) -> float | None:
    return sum(values) / len(values) if values else None
