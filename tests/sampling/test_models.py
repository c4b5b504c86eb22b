"""What a model may be asked: options that it or its sampler takes."""

from __future__ import annotations

import pytest

from pxgen.errors import UsageError
from pxgen.models.protocol import SamplingParams
from pxgen.sampling.model_choice import check_sampling
from tests.tiny import tiny_model


@pytest.mark.parametrize(("sampler", "own"), [("dpmpp", "ddim"), ("ddpm", "ddim"), (None, "dpmpp")])
def test_eta_is_refused_where_the_sampler_adds_no_noise_of_that_size(
    sampler: str | None, own: str
) -> None:
    model = tiny_model("ddpm-palette", sampler=own)
    with pytest.raises(UsageError, match=f"{sampler or own} has no use for --eta; .* ddim$"):
        check_sampling(SamplingParams(sampler=sampler, eta=1.0), model)


@pytest.mark.parametrize(("sampler", "own"), [("ddim", "dpmpp"), (None, "ddim")])
def test_eta_is_taken_by_ddim_asked_for_or_not(sampler: str | None, own: str) -> None:
    model = tiny_model("ddpm-palette", sampler=own)
    check_sampling(SamplingParams(sampler=sampler, eta=1.0), model)


@pytest.mark.parametrize("recipe", ["masked", "uniform", "pixelsnail", "vqvae", "ddpm"])
def test_the_default_sampler_is_one_of_the_table_and_may_be_named(recipe: str) -> None:
    model = tiny_model(recipe)
    check_sampling(SamplingParams(sampler=model.sampler), model)
    with pytest.raises(UsageError, match="no sampler 'painter' for this model"):
        check_sampling(SamplingParams(sampler="painter"), model)
