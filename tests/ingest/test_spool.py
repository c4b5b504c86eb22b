"""The spool gives back what was put in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.errors import PxgenError
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.spool import Spool
from pxgen.palette import Palette
from tests.support.drawings import SPRITES, redrawn


def visible(rgba: np.ndarray) -> np.ndarray:
    shown = rgba.copy()
    shown[rgba[..., 3] == 0] = 0
    return shown


@given(st.lists(SPRITES, min_size=1, max_size=5))
def test_the_spool_gives_back_what_can_be_seen(
    tmp_path_factory: pytest.TempPathFactory, sprites: list[np.ndarray]
) -> None:
    with closing(Spool(tmp_path_factory.getbasetemp())) as spool:
        for rgba in sprites:
            spool.append(IndexedSprite.of(rgba))
        for _ in range(2):
            for rgba, stored in zip(sprites, spool, strict=True):
                palette = Palette.of([tuple(c) for c in visible(rgba).reshape(-1, 4).tolist()])
                drawn = redrawn(stored, given=palette, alpha="keep")
                np.testing.assert_array_equal(palette.colors(drawn), visible(rgba))


def test_more_than_256_colours_in_one_sprite_survive_the_spool(tmp_path: Path) -> None:
    rgba = np.full((1, 20, 20, 4), 255, np.uint8)
    rgba[..., :2] = np.stack(np.meshgrid(np.arange(20), np.arange(20)), -1)
    with closing(Spool(tmp_path)) as spool:
        spool.append(IndexedSprite.of(rgba))
        (stored,) = spool
    assert len(stored.colors) == 400
    assert (stored.colors[stored.indices] >> 24 == rgba[..., 0]).all()


@pytest.mark.parametrize("pixels", [4, 40_000])
def test_a_full_disk_is_told_with_its_folder(tmp_path: Path, pixels: int) -> None:
    """At once, or when what was held in memory must be written to be read."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    sprite = IndexedSprite.of(np.full((1, pixels, 1, 4), 255, np.uint8))
    with closing(Spool(tmp_path)) as spool:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
        try:
            with pytest.raises(PxgenError) as told:
                spool.append(sprite)
                next(iter(spool))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(told.value) == f"cannot write {tmp_path}: File too large"
