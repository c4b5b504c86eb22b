"""The certifier: exact on what is legal, honest about what is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pxgen import builtin
from pxgen.builtin import HEADS, certify
from pxgen.errors import UsageError


def drawn(n, seed, frames=1):
    pixels, labels = zip(*builtin.generate(n, seed, frames=frames), strict=True)
    names = np.array(HEADS.labels)
    sets = [frozenset(names[row == 1].tolist()) for row in np.concatenate(labels)]
    return np.concatenate(pixels), sets


STILLS, STILL_LABELS = drawn(3000, 11)
LOOPS, LOOP_LABELS = drawn(120, 12, frames=HEADS.phases)


def test_every_still_is_legal_and_read_without_error():
    for still, labels in zip(STILLS[:, 0], STILL_LABELS, strict=True):
        certificate = certify(still)
        assert certificate.legal
        assert certificate.label_names == labels
        assert certificate.kind in labels
        assert (certificate.distance, certificate.phase) == (0, 0)


def test_every_frame_of_a_loop_is_a_legal_still_of_its_phase():
    for loop, labels in zip(LOOPS, LOOP_LABELS, strict=True):
        for frame in loop:
            certificate = certify(frame)
            assert certificate.legal
            assert certificate.label_names == labels
            assert np.array_equal(loop[certificate.phase], frame)


def test_a_clip_is_legal_from_any_phase_and_longer_than_the_loop():
    for number, (loop, labels) in enumerate(zip(LOOPS, LOOP_LABELS, strict=True)):
        clip = np.concatenate([np.roll(loop, -(number % 8), axis=0), loop])[: 3 + number % 6]
        certificate = certify(clip)
        assert certificate.legal
        assert certificate.label_names == labels


def test_frames_of_two_characters_or_in_the_wrong_order_are_no_legal_clip():
    mixed = LOOPS[0].copy()
    mixed[3] = LOOPS[1][3]
    certificate = certify(mixed)
    assert not certificate.legal
    assert certificate.label_names == LOOP_LABELS[0]
    assert certificate.distance == (LOOPS[0][3] != LOOPS[1][3]).sum()
    assert not certify(LOOPS[0][[0, 5, 2, 3, 4, 1, 6, 7]]).legal


@settings(max_examples=150)
@given(
    number=st.integers(0, len(STILLS) - 1),
    pixel=st.integers(0, 575),
    step=st.integers(1, len(builtin.PALETTE) - 1),
)
def test_one_changed_pixel_is_seen(number, pixel, step):
    still = STILLS[number, 0].copy()
    still.flat[pixel] = (still.flat[pixel] + step) % len(builtin.PALETTE)
    certificate = certify(still)
    # Two characters differ in two pixels at least; two frames of one may differ in one.
    if certificate.legal:
        assert certificate.phase > 0
        assert certificate.label_names == STILL_LABELS[number]
    else:
        assert certificate.distance == 1


def test_a_damaged_map_is_explained_by_the_character_it_was():
    rng = np.random.default_rng(0)
    right = 0
    for still, labels in zip(STILLS[:500, 0], STILL_LABELS[:500], strict=True):
        damaged = still.copy()
        damaged.flat[rng.integers(0, 576, 6)] = rng.integers(0, len(builtin.PALETTE), 6)
        certificate = certify(damaged)
        assert certificate.distance <= (damaged != still).sum()
        right += certificate.label_names == labels
    assert right >= 495


def test_one_slot_from_two_options_is_illegal():
    half = STILLS[0, 0].copy()
    other = next(still for still in STILLS[10::10, 0] if (still[:9] != half[:9]).sum() > 40)
    half[:9, :12] = other[:9, :12]
    assert not certify(half).legal


def test_a_forbidden_pair_is_illegal_though_drawn_exactly():
    stack = next(stack for stack in HEADS.stacks if stack.space.kind.name == "human")
    for a, x, b, y in stack.space.excluded:
        row = np.zeros((1, len(stack.space.factors)), np.uint8)
        row[0, a], row[0, b] = x, y
        certificate = certify(stack.compose(row, slice(1)).reshape(24, 24))
        assert not certificate.legal
        assert certificate.distance > 0
        assert certificate.kind == "human"


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_emptiness_get_a_certificate_too(seed):
    rng = np.random.default_rng(seed)
    assert certify(rng.integers(0, 32, (24, 24), dtype=np.uint8)).distance > 300
    assert not certify(np.zeros((24, 24), np.uint8)).legal


def test_wide_integers_are_not_wrapped_into_the_palette():
    assert certify(STILLS[0, 0].astype(np.int64)).legal
    assert not certify(STILLS[0, 0].astype(np.int64) + 256).legal


@pytest.mark.parametrize("shape", [(24,), (23, 24), (0, 24, 24), (1, 1, 24, 24)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match="24 x 24"):
        certify(np.zeros(shape, np.uint8))
