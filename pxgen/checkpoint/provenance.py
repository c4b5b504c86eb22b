"""Where a model comes from: the terms of the sprites that it learnt from, and what it reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

TERMS = ("license", "author", "origin")
"""What is told of sprites, under its names in ``[data]``, in datasets and in checkpoints."""

MIN_EXAMPLES = 10
"""A label of fewer examples is hard to learn."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The data of a model, and its figures; what nobody told is empty."""

    license: str = ""
    author: str = ""
    origin: str = ""
    sources: tuple[str, ...] = ()
    """Names of the folders and files."""
    sprites: int = 0
    """Training sprites."""
    held_out: int = 0
    rare: Mapping[str, int] = field(default_factory=dict)
    """Labels of few training sprites, and how many."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Means over held-out sprites at the end of the training."""

    def dump(self) -> dict[str, Any]:
        """What is told, as JSON values."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def read(cls, about: Mapping[str, Any]) -> Provenance:
        """The same of what :meth:`dump` gave.

        Raises:
            TypeError, ValueError, OverflowError, AttributeError: it is something else.
        """
        figures = {str(name): float(value) for name, value in about.get("figures", {}).items()}
        if not all(map(math.isfinite, figures.values())):
            raise ValueError("no figures")
        return cls(
            **{name: str(about.get(name, "")) for name in TERMS},
            sources=tuple(map(str, about.get("sources", ()))),
            sprites=int(about.get("sprites", 0)),
            held_out=int(about.get("held_out", 0)),
            rare={str(name): int(count) for name, count in about.get("rare", {}).items()},
            figures=figures,
        )
