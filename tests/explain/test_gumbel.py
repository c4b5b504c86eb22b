"""Ways of drawing categories."""

from __future__ import annotations

import numpy as np

from pxgen.explain.gumbel import DRAWS, distances, simplex


def test_every_way_of_drawing_draws_what_it_should() -> None:
    # Six categories at 20,000 draws: a larger distance than this is a wrong method, not chance.
    for name, distance in distances().items():
        assert distance < 3 * np.sqrt(6 / DRAWS / 4), name


def test_samples_move_to_the_corners_as_the_temperature_falls() -> None:
    frames = simplex()
    middle = frames[:, 45:75, 38:62]
    assert (middle[0] > 2).sum() > 5 * (middle[-1] > 2).sum()
