"""Wang sets of Tiled: its terrain brush lays tiles whose names say what lies at each corner.

``grass-sand-0111`` is grass, the first of its terrains, at the top left, and sand, the second one,
at the top right, the bottom left and the bottom right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAME = re.compile(r"(?P<terrains>[^-]+(?:-[^-]+)+)-(?P<corners>\d{4})")
COLORS = ("#ff0000", "#00ff00", "#0000ff", "#ff7700", "#00e9ff", "#ff00d8", "#ffff00", "#a000ff")
"""In which Tiled shows terrains, its own first ones."""


def wang_sets(names: Mapping[int, str]) -> Element | None:
    """Sets of the tiles that are named so, by number, a set for each list of terrains; or none."""
    from xml.etree import ElementTree as ET

    sets: dict[tuple[str, ...], dict[int, list[int]]] = {}
    for number, name in names.items():
        if (found := _NAME.fullmatch(name)) is None:
            continue
        terrains, corners = tuple(found["terrains"].split("-")), [*map(int, found["corners"])]
        if max(corners) < len(terrains):
            sets.setdefault(terrains, {})[number] = corners
    if not sets:
        return None
    root = ET.Element("wangsets")
    for terrains, tiles in sets.items():
        one = ET.SubElement(root, "wangset", name="-".join(terrains), type="corner", tile="-1")
        for n, terrain in enumerate(terrains):
            shown = {"name": terrain, "color": COLORS[n % len(COLORS)]}
            ET.SubElement(one, "wangcolor", shown, tile="-1", probability="1")
        for number, corners in sorted(tiles.items()):
            # Colours count from one, and corners clockwise from the top right, after each edge.
            left, right, lower_left, lower_right = (corner + 1 for corner in corners)
            around = f"0,{right},0,{lower_right},0,{lower_left},0,{left}"
            ET.SubElement(one, "wangtile", tileid=str(number), wangid=around)
    return root
