"""Held-out bits: the sum over the stages, the mean over sprites."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pxgen.evaluation.bits import held_out_bits
from pxgen.evaluation.figures import t95
from pxgen.models.protocol import Stage
from tests.support.tiny import tiny_dataset, tiny_model

CPU = torch.device("cpu")


def no_loss(*_: object) -> dict[str, torch.Tensor]:
    return {}


class Stub:
    """A model of two stages whose bits are known."""

    def __init__(self) -> None:
        module = torch.nn.Identity()
        self._stages = (
            Stage("a", module, no_loss, lambda b, _: {"bits": b.pixels.flatten(1).sum(1).float()}),
            Stage("b", module, no_loss, lambda b, _: {"bits": 10 * (b.labels > 0).float().sum(1)}),
        )

    def stages(self) -> tuple[Stage, ...]:
        return self._stages

    def code_use(self, _: object) -> dict[str, int]:
        return {}


def test_bits_are_the_mean_over_held_out_sprites_of_the_sum_over_stages(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    figures = held_out_bits(Stub(), dataset, seed=0, device=CPU, workers=2)
    pixels, labels = dataset.take(dataset.held_out)
    by_hand = pixels.sum((1, 2, 3)) + 10.0 * labels.sum(1)
    assert figures["bits"] == pytest.approx(by_hand.mean())
    half = t95(len(by_hand) - 1) * by_hand.std(ddof=1) / len(by_hand) ** 0.5
    assert figures["high"] - figures["bits"] == pytest.approx(half, rel=1e-3)
    assert figures["sprites"] == len(dataset.held_out)
    assert figures["by_stage"] == pytest.approx(
        {"a": pixels.sum((1, 2, 3)).mean(), "b": 10 * labels.sum(1).mean()}
    )
    assert figures["files"]["raw"] == pytest.approx(48 * np.log2(5))
    assert figures["files"]["png"] % 8 == 0


def test_the_codes_of_two_levels_are_what_their_priors_say(tmp_path: Path) -> None:
    model, dataset = tiny_model("vqvae"), tiny_dataset(tmp_path)
    figures = held_out_bits(model, dataset, seed=0, device=CPU, workers=1)
    stages = figures["by_stage"]
    assert figures["code_bits"] == pytest.approx(stages["top"] + stages["bottom"])
    assert figures["bits"] == pytest.approx(figures["code_bits"] + stages["decoder"])


def test_bits_are_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path, count=300)
    figures = [held_out_bits(tiny_model(), dataset, seed=0, device=CPU, workers=w) for w in (1, 3)]
    assert figures[0] == figures[1]
    assert figures[0] != held_out_bits(tiny_model(), dataset, seed=1, device=CPU, workers=1)
