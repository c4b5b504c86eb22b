"""A schedule, and the settings of diffusers that make the same."""

from __future__ import annotations

from typing import Any

from pxgen.models.diffusion.schedule import Schedule

LEVELS = 100


SCHEDULE = Schedule(LEVELS)


STEPS = [100, 50, 20, 10, 4, 2, 1]


def settings(**more: Any) -> dict[str, Any]:
    return {
        "num_train_timesteps": LEVELS,
        "beta_schedule": "squaredcos_cap_v2",
        "rescale_betas_zero_snr": True,
        "prediction_type": "sample",
        "timestep_spacing": "trailing",
        **more,
    }
