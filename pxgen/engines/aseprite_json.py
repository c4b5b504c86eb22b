"""JSON as Aseprite exports it, which Phaser, Pixi and TexturePacker's readers take as well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pxgen.version import __version__

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas, Cel
    from pxgen.engines.tags import Tag


def aseprite_json(atlas: Atlas, image: str, name: str) -> str:
    """Frames by name, in order; those of animations by number, as Phaser looks for them."""
    numbered = any(tag.moves for tag in atlas.tags)
    names = [str(k) if numbered else cel.name for k, cel in enumerate(atlas.cels)]
    frames = {name: _frame(atlas, cel) for name, cel in zip(names, atlas.cels, strict=True)}
    return _document(atlas, image, names, frames)


def aseprite_array(atlas: Atlas, image: str, name: str) -> str:
    """Frames as a list, each with its name."""
    frames = [{"filename": c.name, **_frame(atlas, c)} for c in atlas.cels]
    return _document(atlas, image, [cel.name for cel in atlas.cels], frames)


def _document(atlas: Atlas, image: str, names: Sequence[str], frames: Any) -> str:
    height, width = atlas.pixels.shape
    meta = {
        "app": "pxgen",
        "version": __version__,
        "image": image,
        "format": "I8",
        "size": {"w": width, "h": height},
        # Readers divide by it: sprites are as large as they are here.
        "scale": "1",
        "frameTags": [_tag(tag) for tag in atlas.tags],
    }
    # Pixi plays these, and knows no tags.
    animations = {tag.name: [names[number] for number in tag.order] for tag in atlas.tags}
    document = {"frames": frames, "animations": animations, "meta": meta}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _tag(tag: Tag) -> dict[str, Any]:
    """A tag as Aseprite lists it: endless repeats and the colour black are not told."""
    about = {"name": tag.name, "from": tag.first, "to": tag.last, "direction": tag.direction}
    repeat = {"repeat": str(tag.repeat)} if tag.repeat else {}
    color = {"color": f"#{bytes(tag.color).hex()}ff"} if any(tag.color) else {}
    return {**about, **repeat, **color}


def _frame(atlas: Atlas, cel: Cel) -> dict[str, Any]:
    return {
        "frame": {"x": cel.x, "y": cel.y, "w": cel.width, "h": cel.height},
        "rotated": False,
        "trimmed": atlas.trimmed(cel),
        "spriteSourceSize": {"x": cel.left, "y": cel.top, "w": cel.width, "h": cel.height},
        "sourceSize": {"w": atlas.source[0], "h": atlas.source[1]},
        "duration": cel.duration,
    }
