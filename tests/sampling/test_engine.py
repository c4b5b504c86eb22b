"""Groups of pictures: each has its own seat whoever sits beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pxgen.canvas import Canvas, Domain
from pxgen.config.recipe import recipe_names
from pxgen.models.protocol import Model, SamplingParams
from pxgen.noise import PictureNoise
from pxgen.sampling.engine import (
    MAX_GROUP,
    WINDOW,
    PictureRequest,
    draw_pictures,
    trace,
)
from tests.support.tiny import domain, tiny_model

CPU = torch.device("cpu")


LABELS = [np.array(labels, np.float32) for labels in ((0, 0), (1, 0), (0, 1), (1, -1))]


class Recorder:
    """Stands for a model: a picture says who it is, and each call is noted."""

    def __init__(self, of: Domain) -> None:
        self.domain = of
        self.calls: list[tuple[SamplingParams, list[int]]] = []

    def sample(
        self, labels: torch.Tensor, noise: PictureNoise, sampling: SamplingParams
    ) -> torch.Tensor:
        """The number that is also the first label."""
        numbers = labels[:, 0].long()
        self.calls.append((sampling, numbers.tolist()))
        assert len(noise) == len(labels)
        return numbers.to(torch.uint8).view(-1, 1, 1, 1)


def seats_of(height: int, width: int, frames: int = 1) -> int:
    recorder = Recorder(domain(frames, height, width))
    list(draw_pictures(recorder, [PictureRequest(0, LABELS[0], SamplingParams())], 0, device=CPU))  # type: ignore[arg-type]
    ((_, numbers),) = recorder.calls
    return len(numbers)


def test_large_canvases_are_drawn_alone() -> None:
    assert seats_of(8, 8) == seats_of(24, 24) == MAX_GROUP
    assert seats_of(32, 32) == MAX_GROUP // 2
    assert seats_of(24, 24, 8) == seats_of(64, 64) == 1
    assert (seats_of(48, 48), seats_of(48, 49)) == (2, 1)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2)), max_size=40), st.integers(1, 3))
def test_pictures_come_in_order_and_sit_where_their_number_says(
    asked: list[tuple[int, int]], workers: int
) -> None:
    samplings = [SamplingParams(steps=steps) for steps in (1, 2, 3)]
    recorder = Recorder(domain(1, 8, 8))
    requests = [
        PictureRequest(n, np.array([n, 0], np.float32), samplings[which]) for n, which in asked
    ]
    pictures = draw_pictures(recorder, requests, 0, device=CPU, workers=workers)  # type: ignore[arg-type]
    assert [int(picture.item()) for picture in pictures] == [number for number, _ in asked]
    for sampling, numbers in recorder.calls:
        assert len(numbers) == MAX_GROUP
        for seat, number in enumerate(numbers):
            assert samplings.index(sampling) in {which for n, which in asked if n == number}
            assert number % MAX_GROUP == seat or numbers.count(number) > 1


def test_as_few_groups_as_can_be() -> None:
    recorder, samplings = (
        Recorder(domain(1, 8, 8)),
        [SamplingParams(steps=1), SamplingParams(steps=2)],
    )
    count = 2 * WINDOW
    requests = [
        PictureRequest(n % 200, np.array([n % 200, 0], np.float32), samplings[n // 2 % 2])
        for n in range(count)
    ]
    list(draw_pictures(recorder, requests, 0, device=CPU))  # type: ignore[arg-type]
    # Each way of drawing has only half of the seats' numbers, so that half of the seats stay empty.
    assert len(recorder.calls) == count // (MAX_GROUP // 2)


def alone(model: Model, number: int, labels: int, sampling: SamplingParams) -> bytes:
    (picture,) = draw_pictures(
        model, [PictureRequest(number, LABELS[labels], sampling)], 5, device=CPU
    )
    return picture.tobytes()


@pytest.mark.parametrize("recipe", recipe_names())
@settings(max_examples=5)
@given(
    asked=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=2, max_size=9, unique=True
    )
)
def test_the_bytes_of_a_picture_are_its_own(recipe: str, asked: list[tuple[int, int]]) -> None:
    model, sampling = (
        tiny_model(recipe, Domain(Canvas(1, 8, 8), domain().palette, 2)),
        SamplingParams(steps=3),
    )
    requests = [PictureRequest(number, LABELS[labels], sampling) for number, labels in asked]
    together = [
        picture.tobytes() for picture in draw_pictures(model, requests, 5, device=CPU, workers=2)
    ]
    assert together == [alone(model, number, labels, sampling) for number, labels in asked]
    *_, last = trace(model, requests[0], 5, device=CPU)
    assert last.tobytes() == together[0]
