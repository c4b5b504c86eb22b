"""Clips on sheets for engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pxgen.config.options import SheetSettings
from pxgen.engines.clips import Clip
from pxgen.render.one_file import write_one_file
from tests.support.drawings import THREE

ARRANGEMENTS = ("rows", "columns", "packed")


def clips(count: int = 3, frames: int = 4, height: int = 6, width: int = 5) -> list[Clip]:
    """Frames that differ in all, with transparent borders of all widths and an empty one."""
    generator = np.random.default_rng(3)
    made = []
    for number in range(count):
        pixels = np.zeros((frames, height, width), np.uint8)
        for frame in pixels[: 3 if number == 1 else frames]:
            top, left = generator.integers(0, [height, width])
            inside = frame[top : top + 3, left : left + 3]
            inside[...] = generator.integers(1, 4, inside.shape)
        durations = [50.0 * (1 + k) for k in range(frames)]
        made.append(Clip(f"clip {number}", pixels, durations))
    return made


def style(
    sheet: Any, padding: int = 0, extrude: int = 0, power_of_two: bool = False
) -> SheetSettings:
    return SheetSettings(sheet=sheet, padding=padding, extrude=extrude, power_of_two=power_of_two)


def write(folder: Path, name: str, sheet: SheetSettings, made: list[Clip] | None = None) -> Path:
    file = folder / "data" / name
    request = replace(sheet, data=(file,))
    paths = list(write_one_file(folder / "hero.png", made or clips(), THREE, request))
    assert paths == [folder / "hero.png", file]
    return file
