"""Property lists of cocos2d, read by Python's own reader and cut as cocos2d does."""

from __future__ import annotations

import plistlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pxgen.engines.tags import Tag
from pxgen.render.png import decode_png
from tests.support.sheets import ARRANGEMENTS, clips, style, write


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_frames_stand_in_the_middle_of_the_whole_and_animations_play(
    tmp_path: Path, arrangement: Any
) -> None:
    hero, other, _ = clips()
    made = [replace(hero, tags=(Tag("walk", 0, 2, "pingpong", 2), Tag("hit", 3, 3))), other]
    file = write(tmp_path, "hero.plist", style(arrangement, 1), made)
    read = plistlib.loads(file.read_bytes())
    assert read["metadata"]["textureFileName"] == "../hero.png"
    assert read["properties"]["spritesheets"] == ["hero.plist"]
    pixels, _ = decode_png(tmp_path / "hero.png")
    assert numbers(read["metadata"]["size"]) == [*pixels.shape[::-1]]

    def whole(name: str) -> np.ndarray:
        frame = read["frames"][name]
        x, y, w, h = map(int, numbers(frame["frame"]))
        (across, up), (width, height) = numbers(frame["offset"]), numbers(frame["sourceSize"])
        left, top = int(width / 2 + across - w / 2), int(height / 2 - up - h / 2)
        shown = np.zeros((int(height), int(width)), np.uint8)
        shown[top : top + h, left : left + w] = pixels[y : y + h, x : x + w]
        return shown

    wanted = {"walk": hero.frames[[0, 1, 2, 1]], "hit": hero.frames[3:], "clip 1": other.frames}
    assert read["animations"].keys() == wanted.keys()
    for name, frames in wanted.items():
        steps = read["animations"][name]["frames"]
        assert np.array_equal([whole(step["spriteframe"]) for step in steps], frames)
    walk = read["animations"]["walk"]
    times = [walk["delayPerUnit"] * step["delayUnits"] for step in walk["frames"]]
    assert times == pytest.approx([0.05, 0.1, 0.15, 0.1])
    assert (walk["loops"], read["animations"]["clip 1"]["loops"]) == (2, 1)


def test_control_characters_of_names_are_spaces(tmp_path: Path) -> None:
    made = [replace(clips()[0], name="a\1b", tags=(Tag("c\1d", 0, 1),))]
    read = plistlib.loads(write(tmp_path, "hero.plist", style("rows"), made).read_bytes())
    assert set(read["frames"]) == {"c d-00.png", "c d-01.png", "a b-02.png", "a b-03.png"}
