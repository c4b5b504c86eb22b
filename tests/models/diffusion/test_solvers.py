"""Samplers of Gaussian diffusion, beside the schedulers of diffusers."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import Tensor

from pxgen.models.diffusion.schedule import MIN_ALPHA_BAR, Step
from pxgen.models.diffusion.solvers import ddim, ddim_invert, dpmpp_2m, slerp
from tests.support.schedulers import LEVELS, SCHEDULE, STEPS, settings

MIX = torch.randn(6, 6, generator=torch.Generator().manual_seed(3)) * 0.3


def guess(x: Tensor, time: int) -> Tensor:
    """Something smooth that depends on all that a network depends on."""
    return torch.tanh(x @ MIX + time / LEVELS)


SPREAD = torch.tensor([0.05, 0.1, 0.3, 0.5, 0.9, 1.2])


MIDDLE = torch.tensor([0.9, -0.7, 0.5, 0.0, -0.3, 0.1])


def known(x: Tensor, time: int) -> Tensor:
    """The best guess where clean planes are normal of a known middle and spread."""
    kept = float(SCHEDULE.alpha_bars[time])
    trust = SPREAD**2 * kept**0.5 / (SPREAD**2 * kept + 1 - kept)
    return MIDDLE + trust * (x - kept**0.5 * MIDDLE)


def noises(count: int) -> Tensor:
    return torch.randn(3, count, 6, generator=torch.Generator().manual_seed(count))


def exactly(scheduler: Any) -> Any:
    """Their scheduler with shares in double precision: near 1 float32 leaves little of 1 - kept."""
    scheduler.alphas_cumprod = torch.from_numpy(SCHEDULE.alpha_bars.copy())
    return scheduler


def watched(walk: Any, *arguments: Any) -> list[Tensor]:
    """The noisy planes that a way of stepping shows the network, and the result."""
    seen: list[Tensor] = []

    def look(x: Tensor, time: int) -> Tensor:
        seen.append(x)
        return guess(x, time)

    *_, last = walk(look, *arguments)
    return [*seen, last]


def assert_steps_equal(ours: Sequence[Tensor], path: Sequence[Step], step: Any) -> None:
    for number, at in enumerate(path):
        theirs = step(number, guess(ours[number], at.time), at.time, ours[number])
        assert (theirs - ours[number + 1]).abs().max() < 1e-5, number


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("eta", [0.0, 0.5, 0.9])
def test_ddim_steps_as_theirs(steps: int, eta: float) -> None:
    schedulers = import_module("diffusers.schedulers")
    theirs = exactly(schedulers.DDIMScheduler(**settings(clip_sample=False)))
    theirs.set_timesteps(steps)
    drawn, path = noises(steps), SCHEDULE.steps(steps)

    def step(number: int, clean: Tensor, time: int, x: Tensor) -> Tensor:
        added = drawn[:, min(number + 1, steps - 1)]
        done = theirs.step(clean, time, x, eta=eta, variance_noise=added)
        return torch.as_tensor(done.prev_sample)

    assert_steps_equal(watched(ddim, drawn, path, eta), path, step)


@pytest.mark.parametrize("steps", STEPS)
def test_ddpm_is_ddim_with_all_its_noise(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ddpm = import_module("diffusers.schedulers.scheduling_ddpm")
    theirs = exactly(ddpm.DDPMScheduler(**settings(clip_sample=False)))
    theirs.set_timesteps(steps)
    drawn, path = noises(steps), SCHEDULE.steps(steps)

    def step(number: int, clean: Tensor, time: int, x: Tensor) -> Tensor:
        added = drawn[:, min(number + 1, steps - 1)]
        monkeypatch.setattr(ddpm, "randn_tensor", lambda *_, **__: added)
        return torch.as_tensor(theirs.step(clean, time, x).prev_sample)

    assert_steps_equal(watched(ddim, drawn, path, 1.0), path, step)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("steps", STEPS)
def test_the_multistep_solver_steps_as_theirs(steps: int) -> None:
    schedulers = import_module("diffusers.schedulers")
    more = settings(algorithm_type="dpmsolver++", solver_order=2, final_sigmas_type="zero")
    theirs = exactly(schedulers.DPMSolverMultistepScheduler(**more))
    # A ratio of signal and noise needs a little signal, and both take the same.
    theirs.alphas_cumprod[-1] = MIN_ALPHA_BAR
    theirs.set_timesteps(steps)
    path = SCHEDULE.steps(steps)

    def step(number: int, clean: Tensor, time: int, x: Tensor) -> Tensor:
        return torch.as_tensor(theirs.step(clean, time, x).prev_sample)

    assert_steps_equal(watched(dpmpp_2m, noises(1), path), path, step)


def test_more_steps_come_nearer_to_the_same_end_and_the_second_order_sooner() -> None:
    """Without noise added, a start that is some spreads off its middle ends as many off."""
    start = noises(1)
    end = MIDDLE + SPREAD * start[:, 0]

    def gap(walk: Any, steps: int, *more: Any) -> float:
        *_, clean = walk(known, start, SCHEDULE.steps(steps), *more)
        return float((clean - end).abs().max())

    first = [gap(ddim, steps, 0.0) for steps in (5, 10, 20, 50, 100)]
    second = [gap(dpmpp_2m, steps) for steps in (5, 10, 20)]
    assert first == sorted(first, reverse=True)
    assert second == sorted(second, reverse=True)
    assert second[1] < first[2] / 2


def test_added_noise_keeps_the_spread() -> None:
    """A thousand DDPM drawings lie as far apart as what was learnt."""
    drawn = torch.randn(4000, LEVELS, 6, generator=torch.Generator().manual_seed(0))
    *_, clean = ddim(known, drawn, SCHEDULE.steps(LEVELS), 1.0)
    assert (clean.mean(0) - MIDDLE).abs().max() < 0.06
    # Few levels are too coarse for what lies within the last of them.
    assert (clean.std(0) / SPREAD - 1)[2:].abs().max() < 0.08


def test_an_inverted_sprite_comes_back() -> None:
    clean = MIDDLE + SPREAD * noises(1)[:, 0]
    for steps, bound in ((100, 0.06), (20, 0.3)):
        path = SCHEDULE.steps(steps)
        start = ddim_invert(known, clean, path).unsqueeze(1)
        *_, again = ddim(known, start, path, 0.0)
        assert (again - clean).abs().max() < bound


def test_between_two_noises_lies_noise_as_loud() -> None:
    a, b = torch.randn(2, 4, 3, 5000, generator=torch.Generator().manual_seed(0))
    for weight in (0.0, 0.25, 0.5, 1.0):
        loud = slerp(a, b, weight).std(-1)
        assert (loud - 1).abs().max() < 0.05
    assert torch.allclose(slerp(a, b, 0.0), a, atol=1e-5)
    assert torch.allclose(slerp(a, b, 1.0), b, atol=1e-5)
    assert torch.allclose(slerp(a, a, 0.3), a, atol=1e-5)
