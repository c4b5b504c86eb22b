"""Axes of weights that belong to a collection: to its colours or its labels.

A module declares them in ``axes``: the names of its own weights, each with the axis and its
dimension. A model of another collection can then start from them (``pxgen train --from``). A module
whose weights are of use together only declares ``indivisible = True``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Axis = Literal[
    "colors",
    "colors twice",
    "tokens",
    "labels",
    "label states",
    "label states and level",
    "next label",
]
"""Palette entries; the same one time after another; palette entries and the mask token; labels;
labels present, then labels absent; these and two numbers more; labels and the end of a set."""
Axes = Mapping[str, tuple[Axis, int]]
"""Weights of a module by name: the axis, and the dimension that it runs along."""
