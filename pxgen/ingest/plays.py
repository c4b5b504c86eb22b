"""How often animations play, by what their files say."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from pxgen.render.gif import REPEATS

FOREVER = 0


def plays_of(path: Path) -> int | None:
    """How often an animation plays, 0 for ever; None of files that do not say."""
    try:
        content = path.read_bytes()
        for mark, read in _READERS.items():
            if content.startswith(mark):
                return read(content)
    except (OSError, struct.error):
        pass  # whoever decodes it will say what is wrong
    return None


def _gif(content: bytes) -> int | None:
    at = content.find(REPEATS)
    if at < 0:
        return 1
    kind, repeats = struct.unpack_from("<BH", content, at + len(REPEATS) + 1)
    return FOREVER if kind != 1 or not repeats else repeats + 1


def _png(content: bytes) -> int | None:
    at = content.find(b"acTL")
    return None if at < 0 else int(struct.unpack_from(">II", content, at + 4)[1])


def _webp(content: bytes) -> int | None:
    at = content.find(b"ANIM")
    return None if at < 0 else int(struct.unpack_from("<H", content, at + 12)[0])


_READERS: dict[bytes, Callable[[bytes], int | None]] = {
    b"GIF8": _gif,
    b"\x89PNG": _png,
    b"RIFF": _webp,
}
"""By the first bytes of a file."""
