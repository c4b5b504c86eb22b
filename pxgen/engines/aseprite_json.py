"""JSON as Aseprite exports it, which Phaser, Pixi and TexturePacker's readers take as well."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pxgen.version import __version__

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas, Cel


def aseprite_json(atlas: Atlas, image: str, name: str) -> str:
    """Frames by name, in order."""
    return _document(atlas, image, {cel.name: _frame(atlas, cel) for cel in atlas.cels})


def aseprite_array(atlas: Atlas, image: str, name: str) -> str:
    """Frames as a list, each with its name."""
    return _document(atlas, image, [{"filename": c.name, **_frame(atlas, c)} for c in atlas.cels])


def _document(atlas: Atlas, image: str, frames: Any) -> str:
    height, width = atlas.pixels.shape
    tags = [
        {"name": tag.name, "from": tag.first, "to": tag.last, "direction": "forward"}
        for tag in atlas.tags
        if tag.moves
    ]
    meta = {
        "app": "pxgen",
        "version": __version__,
        "image": image,
        "format": "I8",
        "size": {"w": width, "h": height},
        # Readers divide by it: sprites are as large as they are here.
        "scale": "1",
        "frameTags": tags,
    }
    return json.dumps({"frames": frames, "meta": meta}, indent=1, ensure_ascii=False) + "\n"


def _frame(atlas: Atlas, cel: Cel) -> dict[str, Any]:
    return {
        "frame": {"x": cel.x, "y": cel.y, "w": cel.width, "h": cel.height},
        "rotated": False,
        "trimmed": atlas.trimmed(cel),
        "spriteSourceSize": {"x": cel.left, "y": cel.top, "w": cel.width, "h": cel.height},
        "sourceSize": {"w": atlas.source[0], "h": atlas.source[1]},
        "duration": cel.duration,
    }
