"""The noise schedule, beside that of diffusers."""

from __future__ import annotations

from importlib import import_module

import torch

from tests.support.schedulers import SCHEDULE, STEPS, settings


def test_the_schedule_is_theirs_and_ends_in_noise_alone() -> None:
    schedulers = import_module("diffusers.schedulers")
    theirs = schedulers.DDPMScheduler(**settings())
    ours = torch.from_numpy(SCHEDULE.alpha_bars).float()
    assert (ours - theirs.alphas_cumprod).abs().max() < 1e-6
    assert ours[-1] == 0
    for steps in (*STEPS, 7, 33):
        theirs.set_timesteps(steps)
        assert SCHEDULE.times(steps) == theirs.timesteps.tolist()
