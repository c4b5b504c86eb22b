"""The forms that no recipe has, which `docs/recipes.md` measures the recipes against."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest
import torch

from pxgen.canvas import Domain
from pxgen.config.project import load_project
from pxgen.config.recipe import read_recipe, resolve
from pxgen.config.schema import Table, Where
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.models.registry import build_model
from pxgen.noise import BatchNoise, PictureNoise, seed_weights
from tests.support.tiny import TINY, domain

DOMAINS = [domain(), domain(frames=2, labels=0), domain(1, 9, 17)]
STUDIES = sorted((Path(__file__).parents[2] / "docs" / "studies").glob("*.toml"))
FORMS = {file.stem: resolve(load_project(file).model) for file in STUDIES}
FORMS |= {
    "conv-cvae-plain": Table({**read_recipe("conv-cvae"), "body": "plain"}, Where("test")),
    "ae-rgba-plain": Table({**read_recipe("ae-rgba"), "body": "plain"}, Where("test")),
}


def test_there_are_studies() -> None:
    assert len(STUDIES) > 3


@pytest.mark.parametrize(("name", "of"), [*zip(FORMS, cycle(DOMAINS), strict=False)], ids=str)
def test_they_learn_and_draw(name: str, of: Domain) -> None:
    seed_weights(0)
    small = {key: value for key, value in TINY.items() if key in FORMS[name]}
    model = build_model(Table({**FORMS[name], **small}, Where(name)), of)
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, of.colors, (4, *of.canvas), generator=generator)
    batch = Batch(pixels, torch.ones(4, of.label_count))
    stage = model.stages()[-1]
    stage.initialize(batch)
    optimizer = torch.optim.Adam(stage.module.parameters(), 0.01)
    losses = []
    for step in range(40):
        terms = stage.loss(batch, step / 40, BatchNoise(4, 0, step, pixels.device))
        loss = torch.stack([*terms.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    stage.fit_prior([batch])
    with torch.no_grad():
        figures = stage.held_out(batch, BatchNoise(4, 0, 0, pixels.device))
        drawn = model.sample(
            torch.zeros(3, of.label_count), PictureNoise(0, range(3)), SamplingParams()
        )
    assert all(figure.shape == (4,) and figure.isfinite().all() for figure in figures.values())
    assert "exact" not in figures or 0 <= figures["exact"].min() <= figures["exact"].max() <= 1
    assert drawn.shape == (3, *of.canvas)
    assert int(drawn.max()) < of.colors
