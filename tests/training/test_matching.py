"""What two collections have in common, and which of a model's weights can tell."""

from __future__ import annotations

import pytest

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.palette import Palette
from pxgen.training.matching import by_color, match_collections
from tests.support.tiny import tiny_model

OLD = Palette.of([(250, 0, 0), (0, 250, 0), (0, 0, 250)], "old")
NEW = Palette.of([(0, 0, 250), (240, 10, 10)], "new")


def card(palette: Palette, *labels: str) -> Card:
    return Card({}, Canvas(1, 6, 8), palette, labels, "0")


def test_labels_go_by_name_and_colours_by_the_nearest() -> None:
    found = match_collections(card(NEW, "b", "c", "a"), card(OLD, "a", "b"))
    pairs = {
        axis: list(zip(*(t.tolist() for t in each), strict=True))
        for axis, each in found.pairs.items()
    }
    assert pairs["labels"] == [(0, 1), (2, 0)]
    # Absent labels stand after all that are present.
    assert pairs["label states"] == [(0, 1), (2, 0), (3, 3), (5, 2)]
    assert pairs["next label"] == [(0, 1), (2, 0), (3, 2)]
    assert pairs["colors"] == [(0, 0), (1, 3), (2, 1)]
    assert pairs["tokens"] == [(0, 0), (1, 3), (2, 1), (3, 4)]
    assert found.summary == "2 of 3 labels, 2 of 3 colours exactly and the rest from the nearest"


def test_collections_are_alien_that_share_no_label_and_hardly_a_colour() -> None:
    other = Palette.of([(1, 2, 3)], "other")
    assert match_collections(card(other, "x"), card(OLD, "a")).alien
    assert not match_collections(card(other, "a"), card(OLD, "a")).alien
    assert not match_collections(card(NEW, "x"), card(OLD, "a")).alien


@pytest.mark.parametrize(("recipe", "can"), [("masked", True), ("uniform", True), ("ae", False)])
def test_some_families_can_be_matched_by_colour(recipe: str, can: bool) -> None:
    assert by_color(tiny_model(recipe).module) is can
