"""Palette adherence: files are read back."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.adherence import Adherence
from tests.support.measuring import drawn
from tests.support.tiny import PALETTE


def test_adherence_reads_the_files_back() -> None:
    pixels = np.random.default_rng(0).integers(0, len(PALETTE), (5, 2, 4, 3), dtype=np.uint8)
    assert Adherence(PALETTE).of(drawn(pixels)) == {"pixels": 1.0, "identical": 1.0}


def test_adherence_notices_a_writer_that_changes_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    import pxgen.evaluation.adherence as module

    encode = module.encode_png
    monkeypatch.setattr(module, "encode_png", lambda map_, palette: encode(map_ * 0 + 1, palette))
    swapped = np.full((2, 1, 4, 3), 2, np.uint8)
    assert Adherence(PALETTE).of(drawn(swapped)) == {"pixels": 1.0, "identical": 0.0}
