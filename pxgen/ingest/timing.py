"""How often animations play and frames that have no delay, by what their files say."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

from pxgen.ingest.decoded import content_of
from pxgen.render.gif import REPEATS

FOREVER = 0
_GIF_CONTROL = re.compile(rb"!\xf9\x04.(..).\x00(?=[,!])", re.DOTALL)
_FCTL = re.compile(rb"fcTL.{20}(..)..", re.DOTALL)
_ANMF = re.compile(rb"ANMF.{16}(...)", re.DOTALL)


def timing_of(path: Path) -> tuple[int | None, int]:
    """How often an animation plays, 0 for ever, and how many of its frames have no delay.

    ``(None, 0)`` of stills and of files that say neither.
    """
    try:
        content = content_of(path)
        for mark, (plays, delay) in _FORMATS.items():
            if content.startswith(mark) and (often := plays(content)) is not None:
                delays = delay.findall(content)
                return often, sum(not any(each) for each in delays) if len(delays) > 1 else 0
    except (OSError, struct.error):
        pass  # whoever decodes it will say what is wrong
    return None, 0


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


_FORMATS: dict[bytes, tuple[Callable[[bytes], int | None], re.Pattern[bytes]]] = {
    b"GIF8": (_gif, _GIF_CONTROL),
    b"\x89PNG": (_png, _FCTL),
    b"RIFF": (_webp, _ANMF),
}
"""By the first bytes of a file: how often it plays, and where its delays stand."""
