"""Groups of pictures: each has its own seat whoever sits beside it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pxgen.canvas import Canvas, Domain
from pxgen.cli.options import shard_of
from pxgen.config.recipe import recipe_names
from pxgen.models.protocol import Model, Sampling
from pxgen.noise import PictureNoise
from pxgen.sampling.engine import SEATED_PIXELS, SEATS, WINDOW, Wish, draw, trace
from tests.tiny import domain, tiny_model

CPU = torch.device("cpu")
LABELS = [np.array(labels, np.float32) for labels in ((0, 0), (1, 0), (0, 1), (1, -1))]


class Recorder:
    """Stands for a model: a picture says who it is, and each call is noted."""

    def __init__(self, of: Domain) -> None:
        self.domain = of
        self.calls: list[tuple[Sampling, list[int]]] = []

    def sample(self, labels: torch.Tensor, noise: PictureNoise, how: Sampling) -> torch.Tensor:
        """The number that is also the first label."""
        numbers = labels[:, 0].long()
        self.calls.append((how, numbers.tolist()))
        assert len(noise) == len(labels)
        return numbers.to(torch.uint8).view(-1, 1, 1, 1)


def seats_of(height: int, width: int, frames: int = 1) -> int:
    recorder = Recorder(domain(frames, height, width))
    list(draw(recorder, [Wish(0, LABELS[0], Sampling())], 0, device=CPU))  # type: ignore[arg-type]
    ((_, numbers),) = recorder.calls
    return len(numbers)


def test_large_canvases_are_drawn_alone() -> None:
    assert seats_of(8, 8) == seats_of(24, 24) == SEATS
    assert seats_of(32, 32) == 2
    assert seats_of(24, 24, 8) == seats_of(64, 64) == 1
    assert SEATED_PIXELS >= 4 * 24 * 24


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2)), max_size=40), st.integers(1, 3))
def test_pictures_come_in_order_and_sit_where_their_number_says(
    asked: list[tuple[int, int]], workers: int
) -> None:
    hows = [Sampling(steps=steps) for steps in (1, 2, 3)]
    recorder = Recorder(domain(1, 8, 8))
    wishes = [Wish(n, np.array([n, 0], np.float32), hows[which]) for n, which in asked]
    pictures = draw(recorder, wishes, 0, device=CPU, workers=workers)  # type: ignore[arg-type]
    assert [int(picture.item()) for picture in pictures] == [number for number, _ in asked]
    for how, numbers in recorder.calls:
        assert len(numbers) == SEATS
        for seat, number in enumerate(numbers):
            assert hows.index(how) in {which for n, which in asked if n == number}
            assert number % SEATS == seat or numbers.count(number) > 1


def test_as_few_groups_as_can_be() -> None:
    recorder, hows = Recorder(domain(1, 8, 8)), [Sampling(steps=1), Sampling(steps=2)]
    count = 2 * WINDOW
    wishes = [
        Wish(n % 200, np.array([n % 200, 0], np.float32), hows[n // 2 % 2]) for n in range(count)
    ]
    list(draw(recorder, wishes, 0, device=CPU))  # type: ignore[arg-type]
    # Each way of drawing has only half of the seats' numbers, so that half of the seats stay empty.
    assert len(recorder.calls) == count // (SEATS // 2)


def alone(model: Model, number: int, labels: int, how: Sampling) -> bytes:
    (picture,) = draw(model, [Wish(number, LABELS[labels], how)], 5, device=CPU)
    return picture.tobytes()


@pytest.mark.parametrize("recipe", recipe_names())
@settings(max_examples=5, deadline=None)
@given(
    asked=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=2, max_size=9, unique=True
    )
)
def test_the_bytes_of_a_picture_are_its_own(recipe: str, asked: list[tuple[int, int]]) -> None:
    model, how = tiny_model(recipe, Domain(Canvas(1, 8, 8), domain().palette, 2)), Sampling(steps=3)
    wishes = [Wish(number, LABELS[labels], how) for number, labels in asked]
    together = [picture.tobytes() for picture in draw(model, wishes, 5, device=CPU, workers=2)]
    assert together == [alone(model, number, labels, how) for number, labels in asked]
    *_, last = trace(model, wishes[0], 5, device=CPU)
    assert last.tobytes() == together[0]


@given(st.integers(0, 60), st.integers(1, 70))
def test_parts_of_a_run_are_the_whole_of_it(count: int, parts: int) -> None:
    shards = [shard_of(count, (part, parts)) for part in range(parts)]
    assert [number for shard in shards for number in shard] == list(range(count))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
