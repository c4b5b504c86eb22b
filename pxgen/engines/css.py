"""CSS for the web: a class a sprite, and key frames for each clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pxgen.engines.atlas import Atlas, Cel
    from pxgen.engines.tags import Tag


def stylesheet(atlas: Atlas, image: str, name: str) -> str:
    """``<i class="NAME clip"></i>`` shows a clip; equal names of classes are the clips' own."""
    base = _identifier(name)
    rules = [
        f".{base} {{\n  display: inline-block;\n  background-image: url({_string(image)});\n"
        "  background-repeat: no-repeat;\n  image-rendering: pixelated;\n}"
    ]
    for tag in atlas.animations:
        rules.extend(_rules(atlas, tag, base))
    return "\n".join(rules) + "\n"


def _rules(atlas: Atlas, tag: Tag, base: str) -> Iterator[str]:
    cels = [atlas.cels[number] for number in tag.order]
    own = _identifier(tag.name)
    lines = [*_look(atlas, cels[0])]
    if tag.moves:
        total = sum(cel.duration for cel in cels)
        often = tag.repeat or "infinite"
        lines.append(f"animation: {base}-{own} {total}ms step-end {often};")
    yield f".{base}.{own} {{\n" + "".join(f"  {line}\n" for line in lines) + "}"
    if tag.moves:
        shown, steps = 0, []
        for cel in cels:
            at = f"{100 * shown / total:.4f}".rstrip("0").rstrip(".")
            steps.append(f"  {at}% {{ {' '.join(_look(atlas, cel))} }}\n")
            shown += cel.duration
        yield f"@keyframes {base}-{own} {{\n" + "".join(steps) + "}"


def _look(atlas: Atlas, cel: Cel) -> Iterator[str]:
    """A frame's size, place on the sheet, and what was cut off around it."""
    width, height = atlas.source
    yield f"width: {cel.width}px;"
    yield f"height: {cel.height}px;"
    yield f"background-position: {-cel.x}px {-cel.y}px;"
    if atlas.trimmed(cel):
        right, below = width - cel.width - cel.left, height - cel.height - cel.top
        yield f"margin: {cel.top}px {right}px {below}px {cel.left}px;"


def _identifier(name: str) -> str:
    """A name as a class; what no class may hold is escaped (CSS Syntax 3, 4.3.7)."""
    plain = [c if c.isalnum() or c in "-_" or ord(c) > 127 else f"\\{ord(c):x} " for c in name]
    # Neither a digit nor a dash before one, or alone, begins a name.
    first = 1 if name[:1] == "-" and name[1:] else 0
    if name[first : first + 1].isascii() and (name[first : first + 1].isdecimal() or name == "-"):
        plain[first] = f"\\{ord(name[first]):x} "
    return "".join(plain) or "sprite"


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\a ") + '"'
