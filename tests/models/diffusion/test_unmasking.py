"""Unmasking orders: what they reveal when, and the distribution that they draw."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.models.diffusion.unmasking import ORDERS, unmask
from pxgen.models.layers import at_places
from pxgen.noise import PictureNoise
from tests.support.chain import CHAIN, PAIRS, START, conditionals

PIXELS, COLORS = 20, 3
HIDDEN = COLORS


def uncertain(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(PIXELS, COLORS, generator=generator)
    return at_places(logits.expand(len(tokens), -1, -1), places)


def run(order: str, steps: int, tokens: Tensor | None = None, predict=uncertain) -> list[Tensor]:
    start = torch.full((2, PIXELS), HIDDEN) if tokens is None else tokens
    return drafts_of(start, order=order, steps=steps, predict=predict, seed=3)


def drafts_of(
    start: Tensor,
    *,
    order: str,
    steps: int,
    predict=uncertain,
    seed: int = 0,
    temperature: float = 1.0,
    mask_token: int = HIDDEN,
    canvas: Canvas | None = None,
) -> list[Tensor]:
    return list(
        unmask(
            predict,
            start,
            mask_token,
            PictureNoise(seed, range(len(start))),
            canvas=canvas or Canvas(1, 1, start.shape[1]),
            order=ORDERS[order],
            steps=steps,
            temperature=temperature,
        )
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("steps", [1, 2, 7, PIXELS, 3 * PIXELS])
def test_every_pixel_is_revealed_within_the_steps(order: str, steps: int) -> None:
    drafts = run(order, steps)
    assert len(drafts) <= steps + 1
    assert (drafts[-1] < COLORS).all()


@pytest.mark.parametrize("order", ["confidence", "random"])
def test_revealed_pixels_stay(order: str) -> None:
    drafts = run(order, 6)
    for before, after in pairwise(drafts):
        seen = before != HIDDEN
        assert torch.equal(before[seen], after[seen])


def test_remasking_draws_every_pixel_once_more_given_all_others() -> None:
    """In the last third of the steps; the network is asked for the pixels that it must not see."""
    asked: list[Tensor] = []

    def watched(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        asked.append(places)
        hidden = (tokens == HIDDEN).sum(1)
        assert (tokens.gather(1, places) == HIDDEN).all()
        if len(asked) > 8:
            assert (hidden == places.shape[1]).all()
        return uncertain(tokens, places, progress)

    run("remask", 12, predict=watched)
    first, again = torch.cat(asked[:8], 1), torch.cat(asked[8:], 1)
    assert len(asked) == 12
    for places in (first, again):
        assert (places.sort(1).values == torch.arange(PIXELS)).all()
    assert [places.shape[1] for places in asked[8:]] == [5, 5, 5, 5]


def parts_drawn_again(canvas: Canvas, seed: int, steps: int = 24) -> list[Tensor]:
    """The ``(k,)`` places that each remasking step draws anew."""
    asked: list[Tensor] = []

    def watched(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        asked.append(places[0])
        return torch.zeros(*places.shape, COLORS)

    start = torch.full((1, canvas.pixels), HIDDEN)
    noise = PictureNoise(seed, [0])
    made = unmask(
        watched,
        start,
        HIDDEN,
        noise,
        canvas=canvas,
        order=ORDERS["remask"],
        steps=steps,
        temperature=1.0,
    )
    assert (list(made)[-1] < COLORS).all()
    return asked[steps - steps // 3 :]


def apart(places: Tensor, canvas: Canvas) -> float:
    """The mean distance from a place to the nearest other, in pixels."""
    rest, column = places // canvas.width, places % canvas.width
    at = torch.stack([rest // canvas.height, rest % canvas.height, column], 1).float()
    return float(torch.cdist(at, at).fill_diagonal_(torch.inf).min(1).values.mean())


@pytest.mark.parametrize("canvas", [Canvas(1, 24, 24), Canvas(1, 16, 24), Canvas(4, 12, 12)])
def test_pixels_that_do_not_see_each_other_lie_apart(canvas: Canvas) -> None:
    """Farther than as many pixels at random do, whichever way the lattice is mirrored."""
    chance = torch.Generator().manual_seed(0)
    for seed in range(8):
        parts = parts_drawn_again(canvas, seed)
        anywhere = [torch.randperm(canvas.pixels, generator=chance)[: len(p)] for p in parts]
        ours, theirs = (sum(apart(p, canvas) for p in each) for each in (parts, anywhere))
        assert ours > (1.25 if canvas.frames == 1 else 1.05) * theirs


@pytest.mark.parametrize("order", ORDERS)
def test_given_pixels_are_never_touched(order: str) -> None:
    start = torch.full((2, PIXELS), HIDDEN)
    start[:, 3:9] = 1
    for draft in run(order, 5, start):
        assert (draft[:, 3:9] == 1).all()


def test_random_order_with_a_step_a_pixel_reveals_one_each() -> None:
    counts = [int((draft[0] == HIDDEN).sum()) for draft in run("random", PIXELS)]
    assert counts == list(range(PIXELS, -1, -1))


@pytest.mark.parametrize("order", ["random", "confidence"])
def test_the_reveal_schedule_is_a_cosine(order: str) -> None:
    """A hundred times the cosine of the way to a quarter turn, rounded down."""
    start = torch.full((2, 100), HIDDEN)
    drafts = run(order, 10, start, lambda _, places, __: torch.zeros(*places.shape, COLORS))
    counts = [int((draft[0] == HIDDEN).sum()) for draft in drafts]
    assert counts == [100, 98, 95, 89, 80, 70, 58, 45, 30, 15, 0]


@pytest.mark.parametrize("step", [0, 4, 8])
def test_the_gumbel_noise_of_the_confidence_order_fades(step: int) -> None:
    """With Gumbel noise times t a pixel comes next in proportion to its chance to the power 1/t."""
    n, pixels = 20_000, 10
    # Place i draws evenly from i + 1 colours, so that every draw of its is as sure.
    allowed = torch.arange(pixels).unsqueeze(1) >= torch.arange(pixels)

    def predict(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        return allowed[places].float().log()

    start = torch.full((n, pixels), pixels)
    drafts = drafts_of(start, order="confidence", steps=pixels, predict=predict, mask_token=pixels)
    before, after = drafts[step] == pixels, drafts[step + 1] == pixels
    assert (before & ~after).sum(1).tolist() == [1] * n
    fading = 1 - (step + 1) / pixels
    chances = 1 / torch.arange(1.0, pixels + 1)
    wanted = torch.where(before, chances.log() / fading, -torch.inf).softmax(1)
    assert torch.allclose((before & ~after).float().mean(0), wanted.mean(0), atol=0.015)


def test_confidence_order_ends_with_the_least_sure() -> None:
    """One pixel is a coin toss, the others nearly certain: the toss is rarely among the first."""

    def one_toss(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        logits = torch.zeros(len(tokens), PIXELS, COLORS)
        logits[:, 1:, 0] = 12.0
        return at_places(logits, places)

    start = torch.full((1, PIXELS), HIDDEN)
    late = 0
    for seed in range(20):
        drafts = drafts_of(start, order="confidence", steps=8, predict=one_toss, seed=seed)
        late += int(drafts[6][0, 0] == HIDDEN)
    assert late > 10


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("order", ["random", "remask"])
def test_orders_draw_what_the_network_says(order: str, steps: int) -> None:
    """Of a known chain: shares of colours and of pairs, at 1, 2 and 5 steps a pixel."""
    if order != "remask" and steps > 1:
        pytest.skip("all is revealed after a step a pixel")
    length = 16
    start = torch.full((6000, length), HIDDEN)
    *_, last = drafts_of(start, order=order, steps=steps * length, predict=conditionals)
    pairs = torch.zeros(3, 3)
    for left in range(3):
        for right in range(3):
            pairs[left, right] = ((last[:, :-1] == left) & (last[:, 1:] == right)).float().mean()
    assert torch.allclose(pairs, PAIRS, atol=0.008)
    shares = torch.stack([(last == color).float().mean() for color in range(3)])
    assert torch.allclose(shares, START, atol=0.012)


def test_the_confidence_order_sharpens() -> None:
    """As its help says: rare colours become rarer than they are."""
    *_, last = drafts_of(
        torch.full((1000, 16), HIDDEN), order="confidence", steps=16, predict=conditionals
    )
    assert (last == 2).float().mean() < START[2] / 2
    assert CHAIN[2, 2] > START[2]


def always(chances: list[float]):
    """Each place of each colour by its chance, whatever is known."""
    logits = torch.tensor(chances).log()
    return lambda tokens, places, progress: logits.expand(*places.shape, COLORS)


@pytest.mark.parametrize(
    ("chances", "temperature", "stays"),
    [
        ([0.6, 0.36, 0.04], 1.0, True),
        ([0.6, 0.38, 0.02], 1.0, False),
        ([0.4, 0.48, 0.12], 0.5, True),
        ([0.4, 0.5, 0.1], 0.5, False),
        ([0.6, 0.28, 0.12], 0.4, True),
    ],
)
def test_consensus_strikes_what_is_twenty_times_less_likely(
    chances: list[float], temperature: float, stays: bool
) -> None:
    """At a temperature of 1, e cubed; what is likelier than that keeps its share.

    So does the background at any temperature, unless it is that much less likely.
    """
    shares, clear = {}, {}
    for order in ("random", "consensus"):
        *_, last = drafts_of(
            torch.full((1500, PIXELS), HIDDEN),
            order=order,
            steps=16,
            predict=always(chances),
            temperature=temperature,
        )
        shares[order] = float((last == 2).float().mean())
        clear[order] = float((last == 0).float().mean())
    assert shares["random"] > 0.01
    assert clear["consensus"] == pytest.approx(clear["random"], abs=0.03)
    assert shares["consensus"] == pytest.approx(shares["random"] if stays else 0.0, abs=0.008)


@pytest.mark.parametrize(
    ("steps", "readings"), [(1, 0), (3, 0), (4, 1), (8, 2), (11, 2), (16, 4), (40, 4)]
)
def test_consensus_reads_a_whole_sprite_once_in_four_steps(steps: int, readings: int) -> None:
    """At most four times, in two calls each; guidance has come to its whole by then."""
    asked: list[tuple[int, float]] = []

    def watched(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        asked.append((places.shape[1], progress))
        return torch.zeros(*places.shape, COLORS)

    start = torch.full((1, 2 * steps), HIDDEN)
    *_, last = drafts_of(start, order="consensus", steps=steps, predict=watched)
    draws = steps - 2 * readings
    assert (last < COLORS).all()
    assert [progress for _, progress in asked[:draws]] == [step / draws for step in range(draws)]
    assert asked[draws:] == [(steps, 1.0)] * (2 * readings)


def test_consensus_mends_what_most_readings_deny() -> None:
    """A network that errs wherever it sees neither neighbour errs nowhere in the end."""

    def mostly_right(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
        masked = tokens == HIDDEN
        alone = masked.roll(1, 1) & masked.roll(-1, 1)
        logits = torch.zeros(*tokens.shape, COLORS)
        logits[..., 0] = -30.0
        logits[..., 1] = torch.where(alone, -2.0, 8.0)
        return at_places(logits, places)

    start = torch.full((50, PIXELS), HIDDEN)
    ends = {
        order: drafts_of(start, order=order, steps=16, predict=mostly_right, temperature=0.1)[-1]
        for order in ("random", "consensus")
    }
    assert (ends["random"] != 1).float().mean() > 0.2
    assert (ends["consensus"] == 1).float().mean() > 0.99


def twins_vouch(tokens: Tensor, places: Tensor, progress: float) -> Tensor:
    """Two frames are drawn alike, in colour 1 or 2; read again, 2 is right where a twin shows it.

    Hidden in both frames it is 50 times less likely.
    """
    twin = tokens.roll(PIXELS, 1)
    unseen = torch.tensor([-20.0, 0.0, -4.0 * (progress == 1)]).expand(*tokens.shape, COLORS)
    seen = 40.0 * torch.eye(COLORS + 1)[twin][..., :COLORS]
    return at_places(torch.where((twin == HIDDEN).unsqueeze(-1), unseen, seen), places)


@pytest.mark.parametrize(("known", "left"), [(0, 0.47), (4, 0.47), (5, 0.0)])
def test_consensus_lets_no_frame_vouch_for_its_twin(known: int, left: float) -> None:
    """A place is hidden in both frames where as much as one is known, else pixels by themselves.

    These are both hidden in all of four readings one time in sixteen.
    """
    canvas = Canvas(2, 5, PIXELS // 5)
    start = torch.full((100, 2, PIXELS), HIDDEN)
    start[:, :, : 2 * known] = 1
    drafts = drafts_of(
        start.flatten(1), order="consensus", steps=16, predict=twins_vouch, canvas=canvas
    )
    drawn, agreed = (draft.view(start.shape)[..., 2 * known :] == 2 for draft in drafts[-2:])
    assert drawn.float().mean() == pytest.approx(0.5, abs=0.06)
    assert agreed.float().mean() == pytest.approx(left, abs=0.06)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("canvas", "predict"),
    [(Canvas(1, 1, PIXELS), uncertain), (Canvas(2, 5, PIXELS // 5), twins_vouch)],
)
def test_a_picture_is_the_same_in_any_company(order: str, canvas: Canvas, predict) -> None:
    """Though of one all is unknown, of another a part, and of a third nothing."""
    start = torch.full((3, canvas.pixels), HIDDEN)
    start[1, : 13 * canvas.frames] = 1
    start[2] = 2
    together = drafts_of(start, order=order, steps=12, predict=predict, seed=3, canvas=canvas)[-1]
    for row in range(3):
        alone = unmask(
            predict,
            start[row : row + 1],
            HIDDEN,
            PictureNoise(3, [row]),
            canvas=canvas,
            order=ORDERS[order],
            steps=12,
            temperature=1.0,
        )
        assert torch.equal(list(alone)[-1][0], together[row])


def test_low_temperature_draws_the_likeliest_colour_of_opaque_pixels() -> None:
    start = torch.full((300, PIXELS), HIDDEN)
    *_, last = drafts_of(start, order="random", steps=3, temperature=0.0)
    logits = uncertain(start[:1], torch.arange(PIXELS).unsqueeze(0), 0.0)[0]
    likeliest = 1 + logits[:, 1:].argmax(-1)
    assert ((last == 0) | (last == likeliest)).all()
    assert (last == 0).float().mean() == pytest.approx(
        float(logits.softmax(-1)[:, 0].mean()), abs=0.1
    )
