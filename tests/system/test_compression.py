"""What codes of clips take, against numbers in closed form."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import pytest

from pxgen.canvas import Canvas, Domain
from pxgen.config.recipe import resolve
from pxgen.config.schema import Table, Where
from pxgen.models.registry import build_model
from pxgen.noise import seed_weights
from tests.support.scripts import load_script

FILE = Path(__file__).parents[2] / "docs" / "studies" / "compression.py"


@pytest.fixture(scope="module")
def study() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        # It limits the threads of its own process.
        patch.setenv("OMP_NUM_THREADS", "1")
        return load_script(FILE)


def test_the_claim(study: ModuleType) -> None:
    whole = study.rgb_bits(study.CLAIMED)
    assert whole == 16 * 256 * 256 * 3 * 8 == 25_165_824
    named, written, bottom = study.claimed()
    assert named.bits == (4 * 32 * 32 + 8 * 64 * 64) * 9 == 331_776
    assert written.bits == (4 * 32 * 32 + 8 * 32 * 32) * 9 == 110_592
    shares = [f"{size.less_than(whole):.2f}" for size in (named, written, bottom)]
    assert shares == ["98.68", "99.56", "98.83"]


def test_our_codes_span_the_same_share_of_a_clip(study: ModuleType) -> None:
    seed_weights(0)
    table = resolve(Table(study.SHAPED, Where("test")))
    clip = Canvas(8, 24, 24)
    model = build_model(table, Domain(clip, ((0, 0, 0, 0),) * 3, 0))
    codes, priors, exact = study.sizes(model, {"top": 5.0, "bottom": 2.5, "decoder": 0.5})
    assert model.codec.grids[1:3] == ((2, 3, 3), (4, 6, 6))
    assert codes.bits == (2 * 3 * 3 + 4 * 6 * 6) * math.log2(512) == 1458
    assert (priors.bits, exact.bits) == (7.5, 8.0)
    named, *_ = study.claimed()
    whole = study.rgb_bits(clip)
    assert codes.less_than(whole) == named.less_than(study.rgb_bits(study.CLAIMED))
