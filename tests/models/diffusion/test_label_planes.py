"""Label planes: labels that are present draw, others do not, and the table is bounded."""

from __future__ import annotations

import pytest
import torch

from pxgen.canvas import Canvas
from pxgen.models.diffusion.label_planes import MAX_TABLE, LabelPlanes, make_label_planes
from pxgen.noise import seed_weights

CANVAS = Canvas(2, 3, 4)


@pytest.fixture
def planes() -> LabelPlanes:
    seed_weights(0)
    made = LabelPlanes(3, CANVAS, numbers=2, features=5)
    torch.nn.init.normal_(made.table.weight)
    return made


def test_they_begin_with_no_say() -> None:
    assert not LabelPlanes(3, CANVAS, 2, 5)(torch.ones(1, 3)).any()


def test_labels_present_are_summed_by_weight(planes: LabelPlanes) -> None:
    alone = planes(torch.eye(3))
    assert alone.shape == (3, *CANVAS, 5)
    together = planes(torch.tensor([[1.0, 0.5, -1.0]]))
    torch.testing.assert_close(together[0], alone[0] + 0.5 * alone[1])


def test_labels_absent_or_open_draw_nothing(planes: LabelPlanes) -> None:
    assert not planes(torch.tensor([[-1.0, 0.0, -1.0]])).any()


@pytest.mark.parametrize("state", [-1.0, 1.0])
def test_a_search_by_gradient_feels_what_a_label_would_draw(
    planes: LabelPlanes, state: float
) -> None:
    labels = torch.full((1, 3), state, requires_grad=True)
    (slope,) = torch.autograd.grad(planes(labels).sum(), labels)
    drawn = planes(torch.eye(3)).flatten(1).sum(1)
    torch.testing.assert_close(slope[0], drawn)


def test_a_table_has_as_many_numbers_as_it_may_hold() -> None:
    def numbers(labels: int, side: int, most: int = 16) -> int:
        made = make_label_planes(labels, Canvas(1, side, side), most, 5)
        return 0 if made is None else made.expand.in_features

    assert numbers(92, 24) == 16
    assert numbers(92, 24, most=3) == 3
    assert numbers(MAX_TABLE // (64 * 64 * 2), 64) == 2
    assert [numbers(0, 24), numbers(92, 24, most=0), numbers(MAX_TABLE, 24)] == [0, 0, 0]
