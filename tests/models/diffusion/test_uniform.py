"""Uniform diffusion: its arithmetic against enumeration, and what it ends in."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.models.diffusion.uniform import UniformDiffusion, posterior_x0, reverse_step
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import certain, domain, tiny_model

K = domain().colors
P = domain().canvas.pixels


def stay(kept: float) -> torch.Tensor:
    """``(K, K)``: from an entry to each."""
    return kept * torch.eye(K) + (1 - kept) / K


def test_steps_backwards_are_bayes_rule() -> None:
    """All ways from a clean pixel by one with less noise to one with more, listed."""
    chances = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05])
    now, after = 0.3, 0.7
    for token in range(K):
        # (clean, between) given the noisy one, where the clean one follows `chances` already.
        joint = stay(after).unsqueeze(-1) * stay(now / after)[:, token].view(1, K, 1)
        joint = joint.squeeze(-1) / stay(now)[:, token].view(K, 1)
        wanted = (chances.view(K, 1) * joint).sum(0)
        got = reverse_step(
            torch.tensor([[token]]),
            chances.log().view(1, 1, K),
            torch.full((1, 1, 1), now),
            torch.full((1, 1, 1), after),
        )
        assert torch.allclose(got.view(-1), wanted, atol=1e-6)
        assert float(got.sum()) == pytest.approx(1)


def test_a_pixel_bears_witness_of_itself() -> None:
    prior = torch.tensor([0.5, 0.2, 0.15, 0.1, 0.05])
    for token in range(K):
        wanted = prior * stay(0.4)[:, token]
        got = posterior_x0(
            prior.log().view(1, 1, K), torch.tensor([[token]]), torch.full((1, 1, 1), 0.4)
        )
        assert torch.allclose(got.exp().view(-1), wanted / wanted.sum(), atol=1e-6)


def test_the_bound_is_that_of_the_data_where_the_network_knows_it() -> None:
    """Pixels drawn on their own by known chances cost their entropy, whatever the noise."""
    model = tiny_model("uniform", levels=200)
    assert isinstance(model, UniformDiffusion)
    chances = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05])
    generator = torch.Generator().manual_seed(0)
    shape = (128, *model.domain.canvas)
    drawn = torch.multinomial(chances, math.prod(shape), replacement=True, generator=generator)
    with torch.no_grad():
        model.denoiser.palette.zero_()
        model.denoiser.bias.copy_(chances.log().expand_as(model.denoiser.bias))
        batch = Batch(drawn.view(shape), torch.zeros(128, 2))
        parts = [model.held_out(batch, BatchNoise(128, 0, k))["bits"] for k in range(8)]
    entropy = -float((chances * chances.log2()).sum()) * P
    assert float(torch.stack(parts).mean()) == pytest.approx(entropy, rel=0.03)


def test_the_last_step_is_decided() -> None:
    """No step after it could mend an unlikely draw."""
    model = tiny_model("uniform", temperature=1.0)
    assert isinstance(model, UniformDiffusion)
    chances = torch.tensor([0.1, 0.2, 0.15, 0.3, 0.25])
    with torch.no_grad():
        model.denoiser.palette.zero_()
        model.denoiser.bias.copy_(chances.log().expand_as(model.denoiser.bias))
        drawn = model.sample(torch.zeros(3, 2), PictureNoise(0, range(3)), SamplingParams(steps=1))
    # One step from noise alone knows no more than these chances.
    assert (drawn == 3).all()


@pytest.mark.parametrize("sampler", UniformDiffusion.samplers)
def test_every_pixel_ends_in_what_the_network_is_sure_of(sampler: str) -> None:
    model = tiny_model("uniform")
    assert isinstance(model, UniformDiffusion)
    wanted = torch.arange(P) % K
    with torch.no_grad():
        certain(model.denoiser, wanted)
        sampling = SamplingParams(steps=5, sampler=sampler)
        drawn = model.sample(torch.zeros(3, 2), PictureNoise(0, range(3)), sampling)
    assert torch.equal(drawn.flatten(1).long(), wanted.expand(3, -1))


@pytest.mark.parametrize("own", UniformDiffusion.samplers)
def test_a_model_draws_by_its_own_sampler_unless_told(own: str) -> None:
    model, labels = tiny_model("uniform", sampler=own), torch.zeros(3, 2)
    drawn = {
        asked: model.sample(labels, PictureNoise(0, range(3)), SamplingParams(sampler=asked))
        for asked in (None, *UniformDiffusion.samplers)
    }
    assert torch.equal(drawn[None], drawn[own])
    assert not torch.equal(drawn["psi"], drawn["ancestral"])


@pytest.mark.parametrize("sampler", UniformDiffusion.samplers)
def test_what_is_drawn_follows_the_chances_that_the_network_names(sampler: str) -> None:
    """Pixels on their own: many steps of small changes end in the shares of one draw."""
    model = tiny_model("uniform", temperature=1.0)
    assert isinstance(model, UniformDiffusion)
    chances = torch.tensor([0.4, 0.3, 0.15, 0.1, 0.05])
    with torch.no_grad():
        model.denoiser.palette.zero_()
        model.denoiser.bias.copy_(chances.log().expand_as(model.denoiser.bias))
        sampling = SamplingParams(steps=40, sampler=sampler)
        drawn = model.sample(torch.zeros(80, 2), PictureNoise(0, range(80)), sampling)
    shares = torch.bincount(drawn.flatten().long(), minlength=K) / drawn.numel()
    assert torch.allclose(shares, chances, atol=0.03)


@pytest.mark.parametrize("sampler", UniformDiffusion.samplers)
def test_known_pairs_are_drawn_as_they_are(sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that knows the joint distribution of neighbours exactly: four in five are alike."""
    model = tiny_model("uniform", temperature=1.0)
    assert isinstance(model, UniformDiffusion)
    assert P % 2 == 0
    pairs, partner = stay(0.75) / K, torch.arange(P) ^ 1

    def exact(tokens: torch.Tensor, _labels: object, time: int, _sampling: object) -> torch.Tensor:
        noisy = stay(float(model.schedule.alpha_bars[time]))
        return (pairs @ noisy).log()[tokens[:, partner]].log_softmax(-1)

    monkeypatch.setattr(model, "_guided", exact)
    sampling = SamplingParams(steps=100, sampler=sampler)
    drawn = model.sample(torch.zeros(400, 2), PictureNoise(0, range(400)), sampling).flatten(1)
    alike = (drawn[:, ::2] == drawn[:, 1::2]).float().mean()
    assert alike == pytest.approx(0.75 + 0.25 / K, abs=0.015)
    assert torch.bincount(drawn.flatten().long()) / drawn.numel() == pytest.approx(1 / K, abs=0.02)


def test_guidance_sets_out_from_no_labels_and_passes_the_labels() -> None:
    """Of two likely entries it takes the one that labels make likelier, though it is the less."""
    model = tiny_model("uniform", temperature=1.0)
    assert isinstance(model, UniformDiffusion)
    free = torch.tensor([0.5, 0.3, 0.1, 0.05, 0.05]).log()
    told = torch.tensor([0.4, 0.35, 0.15, 0.05, 0.05]).log()

    def network(tokens: torch.Tensor, labels: torch.Tensor, *_: object) -> torch.Tensor:
        return torch.where(labels.any(1).view(-1, 1, 1), told, free).expand(-1, P, -1)

    model.denoiser.forward = network  # type: ignore[method-assign]
    for guidance in (1.0, 2.0, 4.0):
        sampling = SamplingParams(steps=1, guidance=guidance)
        drawn = model.sample(torch.ones(2, 2), PictureNoise(0, range(2)), sampling)
        assert (drawn == int((free + guidance * (told - free)).argmax())).all()
