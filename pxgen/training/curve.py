"""A training's figures in a few characters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pxgen.render.terminal import sparkline

NOT_LOSSES = {"stage", "stage_index", "step", "seconds", "cpu_seconds", "lr"}
"""Keys of a line of metrics beside losses."""
MIN_LINES = 8
"""Lines below which a curve shows nothing."""


def headline(held_out: Mapping[str, float]) -> str:
    """The held-out figure that says most: bits where there are any, else exact pixels."""
    if "bits" in held_out:
        return f"{held_out['bits']:.1f} bits"
    return f"{held_out['exact']:.2%} exact" if "exact" in held_out else ""


def loss_curve(lines: Sequence[Mapping[str, Any]]) -> str:
    """The losses of the last stage as a line of bars, and the last of them; empty of short ones."""
    last = lines[-1]["stage_index"] if lines else 0
    losses = [_loss(line) for line in lines if line["stage_index"] == last]
    if len(losses) < MIN_LINES or not all(0 < loss < math.inf for loss in losses):
        return ""
    # Losses fall by factors, and most of them at the beginning.
    return f"{sparkline([math.log(loss) for loss in losses])} {losses[-1]:.4g}"


def _loss(line: Mapping[str, Any]) -> float:
    told = ("held_out_", "quality_")
    losses = (v for n, v in line.items() if n not in NOT_LOSSES and not n.startswith(told))
    return float(sum(losses))
