"""The figures: charming, but exact."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from pxgen.arrays import Bytes
from pxgen.builtin import FIGURES, PALETTE, certify, generate
from pxgen.builtin.colors import symbol
from pxgen.builtin.compose import Stack
from pxgen.builtin.figures import FRAME_NAMES
from pxgen.builtin.figures.art import drawings
from pxgen.builtin.figures.kinds import EXCLUDED, KINDS, RAMPS, RECOLORED
from pxgen.builtin.figures.walk import mirrored
from pxgen.builtin.reading import readers
from pxgen.errors import UsageError
from tests.support.readable import assert_readable

BY_NAME = dict(zip(FIGURES.kind_names, FIGURES.stacks, strict=True))
FRAME = {name: number for number, name in enumerate(FRAME_NAMES)}


def drawn(count: int, seed: int) -> tuple[Bytes, list[frozenset[str]]]:
    pixels, marks = zip(*generate(count, seed, cast=FIGURES), strict=True)
    names = np.array(FIGURES.labels)
    return np.concatenate(pixels), [
        frozenset(names[row == 1].tolist()) for row in np.concatenate(marks)
    ]


def row_of(stack: Stack, *options: str) -> Bytes:
    """The first legal choices with these options and nothing else in any slot."""
    space = stack.space
    row = np.zeros(len(space.factors), np.uint8)
    wanted = {next(f for f, names in enumerate(space.factors) if o in names): o for o in options}
    for factor, option in wanted.items():
        row[factor] = space.factors[factor].index(option)
    free = [range(len(names)) for f, names in enumerate(space.kind.colors) if f not in wanted]
    places = [f for f in range(space.first_slot) if f not in wanted]
    rows = np.repeat(row[None], prod(map(len, free)), axis=0)
    rows[:, places] = list(product(*free))
    legal: Bytes = rows[space.legal(rows)][0]
    return legal


def figure(kind: str, *options: str) -> Bytes:
    stack = BY_NAME[kind]
    return stack.compose(row_of(stack, *options)[None], slice(1)).reshape(FIGURES.picture)


PIXELS, LABELS = drawn(1200, 3)


def test_there_are_enough_kinds_attributes_and_few_colours() -> None:
    assert len(FIGURES.kind_names) >= 8
    assert len(FIGURES.labels) - len(FIGURES.kind_names) >= 40
    assert len(PALETTE) <= 32
    assert FIGURES.count > 1_000_000
    assert PIXELS.shape == (1200, 16, 24, 16)
    assert set(np.unique(PIXELS)) == set(range(len(PALETTE)))


def test_the_same_seed_draws_the_same_figures_and_no_two_alike() -> None:
    again, labels = drawn(50, 3)
    assert np.array_equal(again, PIXELS[:50])
    assert labels == LABELS[:50]
    assert not np.array_equal(drawn(50, 4)[0], again)
    assert len({each.tobytes() for each in PIXELS}) == len(PIXELS) == len(set(LABELS))
    with pytest.raises(UsageError, match="figures have 16 frames, not 8"):
        generate(1, 0, cast=FIGURES, frames=8)


def test_every_drawing_and_every_colour_is_used() -> None:
    options = {option for kind in KINDS for slot in kind.slots for option in slot}
    own = {f"{kind.name}.{part}" for kind in KINDS for part in ("head", "tail")}
    names = {name.partition("@")[0] for name in drawings()}
    assert names <= options | own | {"legs", "torso", "arms"}
    assert options - {""} <= names | set(RECOLORED)
    assert set(RAMPS) == {color for kind in KINDS for ramp in kind.colors for color in ramp} - {""}


@pytest.mark.parametrize("reader", readers(FIGURES), ids=FIGURES.kind_names)
def test_every_choice_shows_in_pixels_that_no_other_choice_touches(reader) -> None:
    """So no two sets of attributes draw the same sixteen frames, and every label is seen."""
    assert_readable(reader)


@pytest.mark.parametrize("kind", FIGURES.kind_names)
def test_every_attribute_composes_with_every_kind_that_has_it(kind: str) -> None:
    stack = BY_NAME[kind]
    for option in (option for options in stack.space.factors for option in options if option):
        certificate = certify(figure(kind, option), FIGURES)
        assert certificate.legal
        assert certificate.label_names == stack.space.names(row_of(stack, option))
        assert option in certificate.label_names


def test_the_steps_of_every_view_differ_and_no_frame_is_almost_empty() -> None:
    views = PIXELS.reshape(-1, 4, 4, 24, 16)
    for one in range(4):
        for other in range(one):
            assert (views[:, :, one] != views[:, :, other]).any((2, 3)).all()
    assert (PIXELS != 0).mean((2, 3)).min() > 1 / 4


def test_every_figure_is_read_exactly() -> None:
    for each, labels in zip(PIXELS, LABELS, strict=True):
        certificate = certify(each, FIGURES)
        assert certificate.legal
        assert certificate.label_names == labels
        assert certificate.distance == 0


def test_damaged_figures_are_illegal_and_explained_by_what_they_were() -> None:
    rng = np.random.default_rng(0)
    right = 0
    for each, labels in zip(PIXELS[:300], LABELS[:300], strict=True):
        damaged = each.copy()
        damaged.flat[rng.integers(0, damaged.size, 60)] = rng.integers(0, len(PALETTE), 60)
        certificate = certify(damaged, FIGURES)
        assert not certificate.legal
        assert certificate.distance <= (damaged != each).sum()
        right += certificate.label_names == labels
    assert right >= 297


def test_one_changed_pixel_is_seen() -> None:
    rng = np.random.default_rng(1)
    for each, labels in zip(PIXELS[:200], LABELS[:200], strict=True):
        damaged = each.copy()
        place = rng.integers(damaged.size)
        damaged.flat[place] = (damaged.flat[place] + rng.integers(1, len(PALETTE))) % len(PALETTE)
        certificate = certify(damaged, FIGURES)
        assert (certificate.distance, certificate.label_names) == (1, labels)


def test_frames_of_two_figures_or_in_the_wrong_order_are_illegal() -> None:
    mixed = PIXELS[0].copy()
    mixed[5] = PIXELS[10][5]
    certificate = certify(mixed, FIGURES)
    assert certificate.label_names == LABELS[0]
    assert certificate.distance == (PIXELS[0][5] != PIXELS[10][5]).sum()
    assert not certify(np.roll(PIXELS[0], 1, axis=0), FIGURES).legal


@pytest.mark.parametrize("shape", [(24, 16), (4, 24, 16), (16, 16, 24), (16, 24, 24)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="16 frames of 24 x 16"):
        certify(np.zeros(shape, np.uint8), FIGURES)


def test_what_a_hand_holds_stays_in_it() -> None:
    """The right hand is on the viewer's left of a figure that comes, on the right of one that goes;
    of one that walks left it is behind the body, of one that walks right in front."""
    plain = figure("human")
    for held, down_is_left in (("sword", True), ("shield-kite", False)):
        changed = figure("human", held) != plain
        for view in ("down", "up"):
            columns = np.flatnonzero(changed[FRAME[f"{view}/0"]].any(0))
            on_left = columns.mean() < 7.5
            assert on_left == (down_is_left == (view == "down")), (held, view)
        near, far = ("right", "left") if held == "sword" else ("left", "right")
        shown = {view: int(changed[FRAME[f"{view}/0"]].sum()) for view in (near, far)}
        assert shown[near] > shown[far], held


def test_an_eyepatch_stays_on_the_left_eye() -> None:
    patched = figure("human", "face-patch")
    changed = patched != figure("human")
    assert changed[FRAME["left/0"], 10:12, 3:6].any()
    assert not changed[FRAME["right/0"], 10:12, 10:13].any()
    # Of one that comes, the left is on the viewer's right.
    columns = np.flatnonzero((changed & (patched == 1))[FRAME["down/0"]].any(0))
    assert columns.mean() > 7.5


def test_arms_and_legs_swing_in_opposition_and_the_body_bobs() -> None:
    plain = figure("human", "skin-fair", "cloth-red", "hair-blond")
    top = [int(np.flatnonzero(frame.any(1))[0]) for frame in plain]
    assert top == [3, 4, 3, 4] * 4
    left_feet, right_feet = plain[FRAME["down/1"]][22:], plain[FRAME["down/3"]][22:]
    assert left_feet[:, 8:].astype(bool).sum() > left_feet[:, :8].astype(bool).sum()
    assert right_feet[:, :8].astype(bool).sum() > right_feet[:, 8:].astype(bool).sum()


def test_a_mirrored_drawing_keeps_its_light_on_the_left() -> None:
    line = np.array([[symbol(letter) for letter in ".K3321Kxzy"]], np.uint8)
    wanted = np.array([[symbol(letter) for letter in "xzyK3321K."]], np.uint8)
    assert np.array_equal(mirrored(line), wanted)


def test_excluded_pairs_never_appear_together_and_are_illegal_though_drawn_exactly() -> None:
    for pair in EXCLUDED:
        assert not any(set(pair) <= labels for labels in LABELS)
    stack = BY_NAME["human"]
    row = row_of(stack, "face-mask", "sword")
    for option in ("hat-hood", "basket"):
        slot = next(f for f, names in enumerate(stack.space.factors) if option in names)
        row[slot] = stack.space.factors[slot].index(option)
    certificate = certify(stack.compose(row[None], slice(1)).reshape(FIGURES.picture), FIGURES)
    assert not certificate.legal
    assert certificate.distance > 0
    assert not any(set(pair) <= certificate.label_names for pair in EXCLUDED)
