"""Editing with every diffusion and sampler: inits, masks, tiles, locks, larger canvases."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from pxgen.canvas import Canvas
from pxgen.models.diffusion.base import Diffusion, low_discrepancy_levels
from pxgen.models.protocol import EDITS, Batch, SamplingParams
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import PALETTE, RECIPES, domain, tiny_model

DRAWERS = [
    (recipe, sampler)
    for recipe in RECIPES
    if (model := tiny_model(recipe)).takes >= EDITS
    for sampler in model.samplers
]


FIRST = [*dict(reversed(DRAWERS)).items()]
"""Where all samplers of a recipe come by the same code, its first stands for them."""
SQUARE = domain(height=8, width=8)


LABELS = torch.tensor([[1.0, 0.0], [0.0, -1.0], [0.0, 0.0]])


INIT = torch.randint(0, len(PALETTE), (1, 8, 8), generator=torch.Generator().manual_seed(7))


INIT = INIT.to(torch.uint8)


PIXELS = torch.randint(0, len(PALETTE), (8, 1, 6, 8), generator=torch.Generator().manual_seed(8))


def drawn(recipe: str, sampling: SamplingParams) -> torch.Tensor:
    return tiny_model(recipe, SQUARE).sample(LABELS, PictureNoise(4, range(3)), sampling)


def test_all_diffusions_edit() -> None:
    assert {recipe for recipe, _ in DRAWERS} >= {"masked", "ddpm", "ddpm-palette"}


@pytest.mark.parametrize(("recipe", "sampler"), DRAWERS)
def test_no_strength_returns_the_sprite_and_full_strength_forgets_it(
    recipe: str, sampler: str
) -> None:
    sampling = SamplingParams(sampler=sampler, steps=5)
    kept = drawn(recipe, replace(sampling, init=INIT, strength=0.0))
    assert torch.equal(kept, INIT.expand_as(kept))
    fresh = drawn(recipe, replace(sampling, init=INIT, strength=1.0))
    assert torch.equal(fresh, drawn(recipe, sampling))


@pytest.mark.parametrize("strength", [None, 0.5])
@pytest.mark.parametrize(("recipe", "sampler"), DRAWERS)
def test_what_lies_outside_a_mask_stays_as_it_is(
    recipe: str, sampler: str, strength: float | None
) -> None:
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[:, 2:5, 1:7] = True
    sampling = SamplingParams(sampler=sampler, steps=6, init=INIT, mask=mask, strength=strength)
    pictures = drawn(recipe, sampling)
    outside = ~mask.expand_as(pictures)
    assert torch.equal(pictures[outside], INIT.expand_as(pictures)[outside])
    assert not torch.equal(pictures, INIT.expand_as(pictures))


@pytest.mark.parametrize("temperature", [None, 0.0])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize(("recipe", "sampler"), FIRST)
def test_a_locked_palette_lends_no_other_entry(
    recipe: str, sampler: str, guidance: float, temperature: float | None
) -> None:
    lock = torch.tensor([False, False, True, False, True])
    sampling = SamplingParams(
        sampler=sampler, steps=4, lock=lock, guidance=guidance, temperature=temperature
    )
    assert set(drawn(recipe, sampling).unique().tolist()) <= {2, 4}


@pytest.mark.parametrize("tile", [None, (True, True), (False, True)])
@pytest.mark.parametrize(("recipe", "sampler"), FIRST)
def test_a_larger_canvas_keeps_what_was_placed_on_it(
    recipe: str, sampler: str, tile: tuple[bool, bool] | None
) -> None:
    large = Canvas(1, 11, 19)
    placed = torch.zeros(large, dtype=torch.uint8)
    placed[:, 3:, 5:13] = INIT
    mask = torch.ones(large, dtype=torch.bool)
    mask[:, 3:, 5:13] = False
    sampling = SamplingParams(
        sampler=sampler, steps=3, canvas=large, init=placed, mask=mask, tile=tile
    )
    pictures = drawn(recipe, sampling)
    assert pictures.shape == (3, *large)
    assert torch.equal(pictures[:, :, 3:, 5:13], INIT.expand(3, -1, -1, -1))


@pytest.mark.parametrize(("recipe", "sampler"), DRAWERS)
def test_edited_pictures_do_not_depend_on_their_company(recipe: str, sampler: str) -> None:
    model = tiny_model(recipe, SQUARE)
    mask = torch.ones(1, 8, 8, dtype=torch.bool)
    mask[:, 0] = False
    sampling = SamplingParams(
        sampler=sampler, steps=5, init=INIT, mask=mask, strength=0.8, tile=(True, False)
    )
    together = model.sample(LABELS, PictureNoise(1, range(3)), sampling)
    for i in range(3):
        alone = model.sample(LABELS[i : i + 1], PictureNoise(1, [i]), sampling)
        assert torch.equal(alone[0], together[i])


@pytest.mark.parametrize(("recipe", "sampler"), DRAWERS)
def test_the_trace_of_an_edit_ends_in_it(recipe: str, sampler: str) -> None:
    model = tiny_model(recipe, SQUARE)
    sampling = SamplingParams(sampler=sampler, steps=4, init=INIT, strength=0.6)
    *_, last = model.trace(LABELS, PictureNoise(4, range(3)), sampling)
    assert torch.equal(last, model.sample(LABELS, PictureNoise(4, range(3)), sampling))


@pytest.mark.parametrize("recipe", ["masked", "uniform", "ddpm-palette"])
def test_full_label_dropout_trains_the_unconditional_model(recipe: str) -> None:
    """What guidance sets out from is learnt from sprites whose labels are all hidden."""

    def cost(label_dropout: float, label: float) -> float:
        stage = tiny_model(recipe, label_dropout=label_dropout).stages()[-1]
        with torch.no_grad():
            for parameter in stage.module.parameters():
                # Layers that start at zero would let no label through.
                parameter.add_(0.1 * torch.sin(torch.arange(parameter.numel())).view_as(parameter))
            batch = Batch(PIXELS, torch.full((8, 2), label))
            (term,) = stage.loss(batch, 0.0, BatchNoise(8, 0, 0)).values()
        return float(term)

    assert cost(0.0, 1.0) != cost(0.0, -1.0)
    assert cost(1.0, 1.0) == cost(1.0, -1.0)


def test_levels_of_a_batch_are_spread_evenly() -> None:
    """However they begin: one sprite in each eighth."""
    for step in range(5):
        levels = low_discrepancy_levels(8, BatchNoise(8, 0, step))
        assert (8 * levels).long().sort().values.tolist() == list(range(8))


def _of_two_frames() -> tuple[Batch, Batch]:
    """Clips whose second frames are missing, and the same with something else in these."""
    of = domain(frames=2)
    generator = torch.Generator().manual_seed(1)
    clips = torch.randint(0, of.colors, (6, *of.canvas), generator=generator)
    present = torch.ones(6, 2, dtype=torch.bool)
    present[:4, 1] = False
    others = torch.where(present[..., None, None], clips, (clips + 1) % of.colors)
    labels = torch.ones(6, 2)
    return Batch(clips, labels, present=present), Batch(others, labels, present=present)


@pytest.mark.parametrize("recipe", ["masked", "uniform", "ddpm", "ddpm-palette"])
def test_nothing_depends_on_what_a_missing_frame_holds(recipe: str) -> None:
    """It is neither seen nor a target: losses, held-out figures and start values are equal."""
    one, other = _of_two_frames()
    figures = []
    for batch in (one, other):
        model = tiny_model(recipe, domain(frames=2))
        stage = model.stages()[-1]
        assert all(stage.takes_incomplete for stage in model.stages())
        stage.initialize(batch)
        (loss,) = stage.loss(batch, 0.0, BatchNoise(6, 0, 0)).values()
        held_out, rest = stage.held_out(batch, BatchNoise(6, 0, 1)).values()
        assert torch.isfinite(rest).all()
        figures.append((loss, held_out, stage.loss(one, 0.0, BatchNoise(6, 0, 0))))
    assert torch.equal(figures[0][0], figures[1][0])
    assert torch.equal(figures[0][1], figures[1][1])
    assert figures[0][2] == figures[1][2]
    whole = one._replace(present=None)
    seen, _ = stage.held_out(whole, BatchNoise(6, 0, 1)).values()
    assert not torch.equal(seen[:4], figures[0][1][:4])


@pytest.mark.parametrize("recipe", ["masked", "uniform", "ddpm-palette"])
def test_a_sprite_costs_the_bits_of_the_frames_that_it_has(recipe: str) -> None:
    """Where the network knows nothing but evenly likely colours, half a clip is half the bits."""
    one, _ = _of_two_frames()
    model = tiny_model(recipe, domain(frames=2))
    assert isinstance(model, Diffusion)
    assert model.head is not None
    with torch.no_grad():
        model.head.palette.zero_()
        model.head.bias.zero_()
        each = [model.held_out(one, BatchNoise(6, 0, step)) for step in range(16)]
    bits, rest = (sum(figures[key] for figures in each) for key in ("bits", "rest_bits"))
    # Given one of two frames there are as many to tell.
    assert float(rest[4:].mean() / bits[4:].mean()) == pytest.approx(0.5, rel=0.15)
    assert float(bits[:4].mean() / bits[4:].mean()) == pytest.approx(0.5, rel=0.15)


@pytest.mark.parametrize(
    ("canvas", "batch"),
    [
        (Canvas(1, 16, 32), 64),
        (Canvas(1, 24, 24), 32),
        (Canvas(1, 32, 32), 32),
        (Canvas(4, 16, 32), 16),
    ],
)
def test_large_sprites_are_learnt_by_few_at_a_time(canvas: Canvas, batch: int) -> None:
    *_, denoiser = tiny_model("masked", domain(*canvas)).stages()
    assert (denoiser.batch, denoiser.microbatch) == (batch, batch // 2)
    # The costs of an autoencoder's step hardly depend on its sprites.
    assert {stage.batch for stage in tiny_model("ae", domain(*canvas)).stages()} == {64}
