"""`prepare`: palettes, and near-duplicates that only the palette makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pxgen.data.dataset import open_dataset
from tests.support.preparing import hero, heroes, prepared, run, save, shown

pytestmark = pytest.mark.usefixtures("work")


def test_a_palette_by_name_and_a_colour_count() -> None:
    heroes("art")
    named = prepared("art", "--palette", "pico-8")
    assert len(named.palette) >= 16
    result = run("art", "--colors", 2, "--force")
    assert "dB" in result.stderr
    assert "suggested: --colors 3" in result.stderr
    assert len(open_dataset(Path("dataset")).palette) == 3
    assert run("art", "--palette", "pico-88", "--force").exit_code == 2


def test_near_duplicates_that_only_the_palette_makes_stay_on_one_side() -> None:
    """Shades that differ in the sources are one colour on the palette, and so are their sprites."""
    for seed in range(40):
        rgba = hero(seed)
        other = rgba.copy()
        # Elsewhere in the drawing one pixel is a shade off: another family, until it is reduced.
        other[0, 0] = (21, 21, 21, 255) if rgba[0, 0, 3] else (0, 0, 0, 1)
        rgba[0, 0] = (20, 20, 20, 255) if rgba[0, 0, 3] else (0, 0, 0, 0)
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}b.png", other)
    dataset = prepared("art", "--colors", 3, "--holdout", 0.3)
    learnt = {dataset.pixels[i].tobytes() for i in dataset.train}
    assert len(dataset.held_out) > 4
    assert not [i for i in dataset.held_out if dataset.pixels[i].tobytes() in learnt]
    for first, second in ((f"{s}.png", f"{s}b.png") for s in range(40)):
        sides = {int(dataset.split[dataset.names.index(name)]) for name in (first, second)}
        assert len(sides) == 1


def test_a_shadow_of_the_palette_stays_when_other_colours_are_dithered() -> None:
    shadow = (10, 10, 10, 90)
    rgba = hero(1)
    rgba[0] = shadow
    rgba[1] = (180, 60, 60, 255)
    save("art/a.png", rgba)
    palette = [(20, 20, 20, 255), (200, 30, 30, 255), (240, 220, 90, 255), shadow]
    rows = "".join(f"{a:02x}{r:02x}{g:02x}{b:02x}\n" for r, g, b, a in palette)
    Path("own.hex").write_text(rows)
    dataset = prepared("art", "--palette", "own.hex", "--dither", "bayer2", "--alpha", "keep")
    assert (shown(dataset, "a.png")[0, 0] == shadow).all()
