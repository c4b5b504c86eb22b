"""Atlases of libGDX, read as its ``TextureAtlas`` is published to read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pxgen.engines.tags import Tag
from pxgen.render.png import decode_png
from tests.support.sheets import ARRANGEMENTS, clips, style, write


def regions(text: str) -> tuple[str, dict[str, str], list[tuple[str, dict[str, list[int]]]]]:
    """A page's file and properties, and its regions: a line without a colon begins one."""
    blank, image, *lines = text.rstrip("\n").split("\n")
    assert blank == ""
    page: dict[str, str] = {}
    found: list[tuple[str, dict[str, list[int]]]] = []
    for line in lines:
        key, colon, value = line.strip().partition(":")
        if not colon:
            found.append((key, {}))
        elif not found:
            page[key] = value.strip()
        elif key != "rotate":
            found[-1][1][key] = [int(part) for part in value.split(",")]
    return image, page, found


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_regions_are_the_frames_of_animations_in_order(tmp_path: Path, arrangement: Any) -> None:
    hero, other, _ = clips()
    made = [replace(hero, tags=(Tag("walk", 0, 2, "pingpong"), Tag("hit", 3, 3))), other]
    file = write(tmp_path, "hero.atlas", style(arrangement, 1), made)
    image, page, found = regions(file.read_text("utf-8"))
    pixels, _ = decode_png(tmp_path / "hero.png")
    assert (image, page["size"]) == ("../hero.png", f"{pixels.shape[1]},{pixels.shape[0]}")
    wanted = {"walk": hero.frames[[0, 1, 2, 1]], "hit": hero.frames[3:], "clip 1": other.frames}
    for name, frames in wanted.items():
        own = [about for region, about in found if region == name]
        assert [about["index"][0] for about in own] == ([0, 1, 2, 3] if len(frames) > 1 else [-1])
        for about, frame in zip(own, frames, strict=True):
            (x, y), (w, h), (left, below) = about["xy"], about["size"], about["offset"]
            width, height = about["orig"]
            whole = np.zeros((height, width), np.uint8)
            top = height - below - h
            whole[top : top + h, left : left + w] = pixels[y : y + h, x : x + w]
            assert np.array_equal(whole, frame)
