"""What the art of every built-in set must hold."""

from __future__ import annotations

from pxgen.arrays import Bytes
from pxgen.builtin.reading import KindReader


def assert_readable(reader: KindReader) -> None:
    """Every choice shows in two pixels at least that no other choice touches."""
    assert _all_differ(reader.templates), "colours"
    for options, signs in zip(reader.stack.space.kind.slots, reader.signs, strict=True):
        for ink in reader.stack.inks:
            assert _all_differ(ink[signs]), options


def _all_differ(rows: Bytes) -> bool:
    """Whether each two rows differ in two pixels at least."""
    return all(
        ((row != rows[number + 1 :]).sum(axis=1) >= 2).all() for number, row in enumerate(rows)
    )
