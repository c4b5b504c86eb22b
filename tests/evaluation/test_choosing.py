"""What is known of sprites on a page, in sentences, and their colours."""

from __future__ import annotations

import numpy as np

from pxgen.checkpoint.store import load_model
from pxgen.evaluation.choosing import Colorings, Known, nearest_real
from pxgen.evaluation.opinion import judged
from pxgen.palette import Palette
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE, tiny_dataset


def test_what_is_missing_is_named_with_its_reason() -> None:
    nothing = Known(None, None, "the moon is new")
    assert nothing.sentences() == [
        "Novelty is unknown: the moon is new.",
        "Doubts are unknown: the moon is new.",
    ]
    opinion = judged(np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32))
    novelty, doubts = Known(opinion, None, "the moon is new").sentences()
    assert (novelty.count("unknown"), doubts.count("unknown")) == (1, 0)


def test_each_real_sprite_stands_there_once(tmp_path) -> None:
    dataset = tiny_dataset(tmp_path, 24)
    drawn = np.concatenate([dataset.pixels[:3], dataset.pixels[:3]])
    found = nearest_real(dataset, drawn)
    assert len(found.pixels) == len(np.unique(found.pixels, axis=0))
    assert np.array_equal(found.pixels[found.which], drawn)
    assert found.distances.tolist() == [0] * 6


def test_a_palette_that_is_not_shipped_is_one_more(tmp_path) -> None:
    loaded = load_model(save(tmp_path))
    maps = np.ones((1, 1, 6, 8), np.uint8)
    own = tmp_path / "two.hex"
    own.write_text("102030\nfedcba\n")
    colorings = Colorings(loaded, maps, [PALETTE], str(own))
    assert colorings.shown == len(colorings.all) - 1
    last = colorings.all[-1]
    assert last.options == {"palette": str(own)}
    assert list(last.inputs) == [str(own)]
    allowed = {*Palette.from_hex(["00000000", "102030ff", "fedcbaff"]).rows}
    assert {tuple(row) for row in last.tables[0].tolist()} <= allowed
