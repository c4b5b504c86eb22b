"""Godot resources, read by a parser that is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import godot_parser
import numpy as np
import pytest

from pxgen.render.png import decode_png
from tests.support.sheets import ARRANGEMENTS, clips, style, write


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_godot_plays_every_clip(tmp_path: Path, arrangement: Any) -> None:
    made = clips()
    file = write(tmp_path, "hero.tres", style(arrangement, 1), made)
    text = file.read_text("utf-8")
    assert '"name": &"clip 1"' in text
    # The parser is of Godot 3, which wrote names of animations as plain strings.
    resource = godot_parser.parse(text.replace('&"', '"'))
    sections = resource.get_sections()
    # Every resource in the file, and the file itself.
    assert sections[0].header.attributes["load_steps"] == len(sections) - 1
    assert sections[1].header.attributes["path"] == "../hero.png"
    textures = {s.header.attributes["id"]: s for s in resource.find_all("sub_resource")}
    animations = next(iter(resource.find_all("resource")))["animations"]
    pixels, _ = decode_png(tmp_path / "hero.png")
    for clip, animation in zip(made, animations, strict=True):
        assert animation["name"] == clip.name
        assert animation["loop"] is True
        for shown, frame, ms in zip(animation["frames"], clip.frames, clip.durations, strict=True):
            assert 1000 / animation["speed"] * shown["duration"] == pytest.approx(ms)
            texture = textures[shown["texture"].id]
            x, y, w, h = (int(v) for v in texture["region"].args)
            margin = texture["margin"].args if texture.get("margin") else (0, 0, 0, 0)
            left, top, across, down = map(int, margin)
            whole = np.zeros((h + down, w + across), np.uint8)
            whole[top : top + h, left : left + w] = pixels[y : y + h, x : x + w]
            assert np.array_equal(whole, frame)
