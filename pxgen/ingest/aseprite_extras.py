"""What an Aseprite file holds beside frames, tags and palette: none of it reaches another file."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from pxgen.engines.aseprite import LAYER, PROFILE, TAGS, USER_DATA
from pxgen.errors import InputError
from pxgen.ingest.aseprite import TILESET, aseprite_frames, is_aseprite
from pxgen.ingest.decoded import content_of

EXTERNAL_FILES, SLICE = 0x2008, 0x2022
ICC = 2
"""The kind of a colour profile that the file brings itself."""


def extras_remark(paths: Iterable[Path]) -> str | None:
    """A line about what is lost of files once their frames are drawn; None if nothing is."""
    layers, others, named = 0, Counter[str](), Counter[str]()
    for path in paths:
        try:
            content = content_of(path)
            found = Counter(_extras(content)) if is_aseprite(content) else Counter()
        except (InputError, OSError, struct.error):
            continue  # whoever decodes it will say what is wrong
        count = found.pop("layers", 0)
        layers += count if count > 1 else 0
        others += found
        if count > 1 or found:
            named[path.name] += 1
    parts = [f"{layers} layers are drawn as one"] if layers else []
    if others:
        told = ", ".join(f"{count} {what}" for what, count in others.items())
        parts.append(f"left out: {told}")
    if not parts:
        return None
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    return f"{next(iter(named))}{more}: {'; '.join(parts)}"


def _extras(content: bytes) -> Iterator[str]:
    """A word for each part of a file that frames, tags and palette do not tell."""
    tags = 0
    frames = aseprite_frames(content)
    for kind, chunk in (each for _, chunks in frames for each in chunks):
        if kind == USER_DATA:
            # The first ones after tags are of these, one each.
            tags -= 1
            if tags < 0 and any(chunk[:4]):
                yield "user data"
            continue
        tags = struct.unpack_from("<H", chunk)[0] if kind == TAGS else 0
        if kind == LAYER:
            yield "layers"
        elif kind == SLICE:
            yield "slices"
        elif kind == TILESET:
            yield "tile sets"
        elif kind == EXTERNAL_FILES:
            yield "lists of other files"
        elif kind == PROFILE and struct.unpack_from("<H", chunk)[0] == ICC:
            yield "colour profiles"
