"""Temperatures: of codes, and of pixels that keep the size of the silhouette."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.temperature import (
    TEMPERATURES,
    PixelTemperature,
    best_temperature,
    code_probs,
)


def test_a_temperature_of_codes_is_of_all_alike() -> None:
    logits = torch.tensor([1.0, 0.0, -1.0])
    assert torch.allclose(code_probs(logits, 0.5), (logits / 0.5).softmax(-1))
    assert torch.allclose(code_probs(logits, 0.0), torch.eye(3)[0])


@pytest.mark.parametrize(("scale", "best"), [(0.5, 0.5), (1.0, 1.0), (3.0, 1.0)])
def test_the_best_temperature_undoes_a_lack_of_surety(scale: float, best: float) -> None:
    """Logits that are too flat are sharpened, and those that are too sharp are left alone."""
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 5, generator=generator)
    colors = torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]
    nats = [torch.nn.functional.cross_entropy(scale * logits / t, colors) for t in TEMPERATURES]
    assert best_temperature(torch.stack(nats)) == best


def test_a_gain_that_chance_may_explain_changes_nothing() -> None:
    nats = torch.full((len(TEMPERATURES),), 10.0)
    nats[2] = 9.95
    assert best_temperature(nats) == 1.0
    nats[2] = 9.85
    assert best_temperature(nats) == TEMPERATURES[2]


def test_at_one_nothing_changes() -> None:
    logits = torch.randn(2, 7, 4)
    assert torch.equal(PixelTemperature(1.0).probs(logits)[0], logits.softmax(-1))


@pytest.mark.parametrize("temperature", [0.0, 0.3, 2.0])
def test_colours_are_sharpened_among_themselves(temperature: float) -> None:
    logits = torch.randn(3, 50, 5, generator=torch.Generator().manual_seed(1))
    changed = PixelTemperature(temperature).probs(logits)[0]
    assert torch.allclose(changed.sum(-1), torch.ones(3, 50), atol=1e-5)
    wanted = code_probs(logits[..., 1:], temperature)
    assert torch.allclose(changed[..., 1:], wanted * (1 - changed[..., :1]), atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 0.7])
def test_a_low_temperature_does_not_empty_the_canvas(temperature: float) -> None:
    """Where every pixel is rather transparent than not, as many are drawn as without it."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.zeros(2, 400, 3)
    logits[..., 0] = 1.5 + 0.3 * torch.randn(2, 400, generator=generator)
    plain = logits.softmax(-1)[..., 0]
    # Sharpened by itself it would leave next to nothing.
    assert (code_probs(logits, temperature)[..., 0].mean() > plain.mean() + 0.08).all()
    changed = PixelTemperature(temperature).probs(logits)[0][..., 0]
    assert torch.allclose(changed.sum(1), plain.sum(1), atol=10.0)
    # And what is likelier to be transparent than others is it all the more.
    assert (changed.std(1) > plain.std(1)).all()


def test_draws_that_follow_pay_back_what_is_owed() -> None:
    """One pixel at a time, the same holds over all of them, up to a few pixels."""
    temperature = PixelTemperature(0.3)
    generator = torch.Generator().manual_seed(0)
    odds = 1.0 + torch.randn(1, 600, generator=generator)
    logits = torch.stack([odds, torch.zeros_like(odds)], -1)
    drawn = []
    for i in range(600):
        probabilities, lent = temperature.probs(logits[:, i : i + 1])
        drawn.append(probabilities[..., 0])
        temperature.book(lent, torch.ones(1, 1, dtype=torch.bool))
    changed = torch.cat(drawn, 1)
    assert float(changed.sum()) == pytest.approx(float(odds.sigmoid().sum()), abs=10)
    alone = (odds / 0.3).sigmoid()
    assert float(alone.sum()) > float(odds.sigmoid().sum()) + 40


def test_pixels_that_are_not_revealed_owe_nothing() -> None:
    logits = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(2))
    temperature = PixelTemperature(0.5)
    fresh, lent = temperature.probs(logits)
    temperature.book(lent, torch.zeros(1, 40, dtype=torch.bool))
    assert torch.equal(temperature.probs(logits)[0], fresh)
    temperature.book(lent, torch.arange(40).unsqueeze(0) < 20)
    assert not torch.equal(temperature.probs(logits)[0], fresh)


def test_a_high_temperature_keeps_the_silhouette_as_well() -> None:
    """Half of the pixels would be transparent by themselves where nearly all are to be."""
    logits = torch.zeros(1, 400, 3)
    logits[..., 0] = 4.0
    plain, changed = (PixelTemperature(t).probs(logits)[0][..., 0].mean() for t in (1.0, 20.0))
    assert float(changed) == pytest.approx(float(plain), abs=0.05)
    assert float(code_probs(logits, 20.0)[..., 0].mean()) < float(plain) - 0.4


def test_pixels_that_are_not_drawn_do_not_count() -> None:
    logits = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(2))
    drawn = torch.arange(40).unsqueeze(0) < 25
    part = PixelTemperature(0.5).probs(logits[:, :25])[0]
    assert torch.allclose(PixelTemperature(0.5).probs(logits, drawn)[0][:, :25], part, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 3.0])
def test_a_lock_holds_at_every_temperature(temperature: float) -> None:
    logits = torch.tensor([[0.3, -torch.inf, -torch.inf], [-torch.inf, 0.1, -torch.inf]])
    (drawn,) = PixelTemperature(temperature).probs(logits.unsqueeze(0))[0]
    assert torch.allclose(drawn, torch.eye(3)[:2])
