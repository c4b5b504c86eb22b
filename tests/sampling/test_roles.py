"""Roles of colours: which entries stand for the colours of a recoloured character."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import pxgen
from pxgen.checkpoint.store import Loaded
from pxgen.errors import InputError
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette.oklab import distinct_entries, to_oklab
from pxgen.sampling.familiar import Known
from pxgen.sampling.roles import SAME, entries_by_role
from tests.support.checkpoints import save

FIRST = np.broadcast_to((np.arange(4) == 0)[:, None, None], (4, 6, 8))
NO_LABELS = np.zeros(2, np.float32)


def loaded_clips(folder: Path, recipe: str = "masked") -> Loaded:
    return pxgen.load(save(folder, recipe=recipe, frames=4)).loaded


def stripes(*colors: tuple[int, int, int]) -> IndexedSprite:
    """A frame of 6x8 with a row of each colour below a clear one, and three that are not known."""
    rgba = np.zeros((4, 6, 8, 4), np.uint8)
    for row, color in enumerate(colors, 1):
        rgba[0, row] = (*color, 255)
    return IndexedSprite.of(rgba)


def in_rows(sprite: IndexedSprite, entries: np.ndarray) -> list[int]:
    """The entries of the rows that show anything, from above."""
    table = np.zeros(len(sprite.colors), int)
    table[sprite.colors != 0] = entries
    rows = table[sprite.indices[0, :, 0]]
    return [int(entry) for entry in rows if entry]


def test_a_colour_stands_for_what_is_expected_where_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first row decides what is expected in the others, which alone say nothing."""
    loaded = loaded_clips(tmp_path)
    asked: list[torch.Tensor] = []

    def expected(pixels: torch.Tensor, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        nats = torch.zeros(*pixels.shape, 5)
        nats[0, 1, :, 2] = 9.0
        if not hidden[0, 1, 0] and pixels[0, 1, 0] == 2:
            nats[0, 2, :, 4] = nats[0, 3, :, 1] = 8.0
        asked.append(hidden)
        assert hidden[1:].all()
        return nats.log_softmax(-1)

    monkeypatch.setattr(loaded.model, "expected_entries", expected)
    monkeypatch.setattr("pxgen.sampling.roles.LIGHTNESS", (0.0,))
    sprite = stripes((90, 90, 91), (90, 91, 90), (91, 90, 90))
    assert in_rows(sprite, entries_by_role(loaded, sprite, FIRST, NO_LABELS)) == [2, 4, 1]
    assert [int(hidden[0].sum()) for hidden in asked] == [24, 16, 8, 8, 8, 8]


def test_colours_are_looked_at_again_when_all_others_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first row is the surest, and another once the second is known."""
    loaded = loaded_clips(tmp_path)

    def expected(pixels: torch.Tensor, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        nats = torch.zeros(*pixels.shape, 5)
        nats[0, 1, :, 1], nats[0, 2, :, 3] = 9.0, 8.0
        if not hidden[0, 2, 0] and pixels[0, 2, 0] == 3:
            nats[0, 1, :, 4] = 18.0
        return nats.log_softmax(-1)

    monkeypatch.setattr(loaded.model, "expected_entries", expected)
    monkeypatch.setattr("pxgen.sampling.roles.LIGHTNESS", (0.0,))
    sprite = stripes((90, 90, 91), (90, 91, 90))
    for looks in (2, 1):
        monkeypatch.setattr("pxgen.sampling.roles.SECOND_LOOKS", looks)
        found = in_rows(sprite, entries_by_role(loaded, sprite, FIRST, NO_LABELS))
        assert found == ([4, 3] if looks == 2 else [1, 3])


@pytest.mark.parametrize(("nats", "changed"), [(SAME - 0.1, False), (SAME + 0.1, True)])
def test_a_colour_of_the_palette_is_itself_unless_much_speaks_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nats: float, changed: bool
) -> None:
    loaded = loaded_clips(tmp_path)
    rows = loaded.card.palette.rows
    lightest = max(range(1, 5), key=lambda entry: sum(rows[entry][:3]))

    def expected(pixels: torch.Tensor, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        told = torch.full((*pixels.shape, 5), -SAME)
        told[..., lightest] = -SAME + nats
        return told

    monkeypatch.setattr(loaded.model, "expected_entries", expected)
    monkeypatch.setattr("pxgen.sampling.roles.LIGHTNESS", (0.0,))
    own = 1 + (lightest == 1)
    sprite = stripes(rows[own][:3])
    found = entries_by_role(loaded, sprite, FIRST, NO_LABELS)
    assert [*found] == [lightest if changed else own]


def test_of_several_choices_the_one_of_fewest_bits_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Near in lightness is one entry, expected another: which weighs more is tried."""
    loaded = loaded_clips(tmp_path)
    lightness = to_oklab(loaded.card.palette.rgba[1:, :3])[:, 0]
    dark, light = 1 + int(lightness.argmin()), 1 + int(lightness.argmax())

    def expected(pixels: torch.Tensor, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        nats = torch.zeros(*pixels.shape, 5)
        nats[..., light] = 6.0
        return nats.log_softmax(-1)

    monkeypatch.setattr(loaded.model, "expected_entries", expected)
    monkeypatch.setattr("pxgen.sampling.roles.LIGHTNESS", (0.0, 1000.0))
    sprite = stripes((0, 0, 1))
    cheap = dark

    def bits(of: Loaded, pixels: np.ndarray, known: np.ndarray, labels: np.ndarray) -> Known:
        assert known[0].all()
        assert not known[1:].any()
        return Known(float(cheap not in pixels[0]), 0.0, 1.0)

    monkeypatch.setattr("pxgen.sampling.roles.known_of", bits)
    assert [*entries_by_role(loaded, sprite, FIRST, NO_LABELS)] == [dark]
    cheap = light
    assert [*entries_by_role(loaded, sprite, FIRST, NO_LABELS)] == [light]


def test_no_two_colours_stand_for_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = loaded_clips(tmp_path)

    def expected(pixels: torch.Tensor, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.arange(5.0).expand(*pixels.shape, 5).log_softmax(-1)

    monkeypatch.setattr(loaded.model, "expected_entries", expected)
    sprite = stripes((90, 90, 91), (90, 91, 90), (91, 90, 90), (91, 91, 90))
    for at_once in (1, 2, 8):
        monkeypatch.setattr("pxgen.sampling.roles.AT_ONCE", at_once)
        monkeypatch.setattr("pxgen.sampling.roles.SECOND_LOOKS", at_once)
        found = entries_by_role(loaded, sprite, FIRST, NO_LABELS)
        assert sorted(found) == [1, 2, 3, 4]


def test_models_that_expect_nothing_have_the_entries_that_look_alike(tmp_path: Path) -> None:
    loaded = loaded_clips(tmp_path, "ddpm-palette")
    sprite = stripes((250, 10, 10), (10, 10, 250))
    found = entries_by_role(loaded, sprite, FIRST, NO_LABELS)
    assert np.array_equal(found, distinct_entries(loaded.card.palette, sprite.visible))
    many = stripes(*[(40 * row, 5, 5) for row in range(5)])
    with pytest.raises(InputError, match="5 colours for a palette of 4"):
        entries_by_role(loaded, many, FIRST, NO_LABELS)


@pytest.mark.parametrize("frames", [(0,), (4, 9)])
def test_recoloured_figures_are_read_by_role(frames: tuple[int, ...]) -> None:
    """Of all frames with their hues turned hardly a colour is the palette's."""
    model = pxgen.load("starter-figures")
    labels = np.zeros(len(model.label_names), np.float32)
    whole = np.isin(np.arange(16), frames)
    known = np.broadcast_to(whole[:, None, None], (16, 24, 16))
    right = drawn = 0
    for seed in range(4):
        clip = model.sample(seed=seed, steps=8).indices[0] * whole[:, None, None].astype(np.uint8)
        rgba = model.palette.colors(clip)
        for channels, least in (((0, 1, 2), 1.0), ((1, 2, 0), 0.0)):
            sprite = IndexedSprite.of(rgba[..., [*channels, 3]])
            found = entries_by_role(model.loaded, sprite, known, labels)
            assert len(set(found)) == len(found)
            table = np.zeros(len(sprite.colors), int)
            table[sprite.colors != 0] = found
            same = (table[sprite.indices] == clip)[clip > 0]
            assert same.mean() >= least
            if not least:
                right, drawn = right + int(same.sum()), drawn + same.size
    assert right > 0.75 * drawn


def test_recoloured_heads_are_read_though_a_part_is_hidden() -> None:
    model = pxgen.load("starter")
    labels = np.zeros(len(model.label_names), np.float32)
    known = np.broadcast_to(np.arange(24)[:, None] >= 8, (1, 24, 24))
    right = drawn = 0
    for seed in range(6):
        still = model.sample(seed=seed).indices[0] * known
        sprite = IndexedSprite.of(model.palette.colors(still)[..., [1, 2, 0, 3]])
        found = entries_by_role(model.loaded, sprite, known, labels)
        table = np.zeros(len(sprite.colors), int)
        table[sprite.colors != 0] = found
        right += int((table[sprite.indices] == still)[still > 0].sum())
        drawn += int((still > 0).sum())
    assert right > 0.7 * drawn


def test_nothing_is_read_of_what_shows_nothing(tmp_path: Path) -> None:
    assert not len(entries_by_role(loaded_clips(tmp_path), stripes(), FIRST, NO_LABELS))
