"""The hierarchical VQ-VAE and its priors."""

from __future__ import annotations

import pytest
import torch

from pxgen.models.protocol import Batch, SamplingParams
from pxgen.models.vqvae.grids import LevelCodes
from pxgen.models.vqvae.model import VqVae
from pxgen.noise import BatchNoise, PictureNoise
from tests.support.tiny import domain, tiny_model


def test_codes_lie_still_once_the_codec_has_learnt() -> None:
    model = tiny_model("vqvae")
    assert isinstance(model, VqVae)
    batch = Batch(torch.randint(0, 5, (8, 1, 6, 8)), torch.ones(8, 2))
    stages = {stage.name: stage for stage in model.stages()}
    for name in ("decoder", "top", "bottom"):
        model.module.zero_grad()
        torch.stack([*stages[name].loss(batch, 0.5, BatchNoise(8, 0, 0)).values()]).sum().backward()
        for part, module in model.module.items():
            touched = {key for key, p in module.named_parameters() if p.grad is not None}
            if part == "codec" and name == "decoder":
                assert touched
                assert all(key.startswith("decode.") for key in touched)
            else:
                assert bool(touched) == (part == name)


def test_how_much_of_the_codes_is_used_is_told_by_level() -> None:
    for quantizer in ("codebook", "lattice"):
        model = tiny_model("vqvae", domain(height=4, width=8), quantizer=quantizer, codes=16)
        assert isinstance(model, VqVae)
        stage = next(stage for stage in model.stages() if stage.name == "codec")
        batch = Batch(torch.zeros(8, *model.domain.canvas).long(), torch.zeros(8, 2))
        stage.initialize(batch)
        for step in range(400):
            assert stage.before_step is not None
            stage.before_step(batch, BatchNoise(8, 0, step))
        figures = stage.state()
        assert set(figures) == {"top_usage", "top_perplexity", "bottom_usage", "bottom_perplexity"}
        places = {"top": model.codec.grids.top.pixels, "bottom": model.codec.grids.bottom.pixels}
        for level, cells in places.items():
            # A codebook's dead codes start anew at the same place, and are chosen in turn.
            most = cells if quantizer == "lattice" else 16
            assert 1 <= figures[f"{level}_perplexity"] <= most + 0.01
            assert figures[f"{level}_usage"] <= most / 16


def test_codes_do_not_depend_on_the_precision_of_a_training() -> None:
    """Priors that had learnt codes of bf16 gave those of fp32 no chance."""
    model = tiny_model("vqvae", codes=256)
    assert isinstance(model, VqVae)
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    batch = Batch(torch.randint(0, 5, (64, *model.domain.canvas)), torch.zeros(64, 2))
    own = model.precompute(batch)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.precompute(batch), own)
        # The loss is computed in bf16, where some of them are others.
        top, *_ = model.codec.quantize(batch.pixels.flatten(1))
    assert not torch.equal(top.codes.flatten(1), own[:, : model.codec.grids.top.pixels])


def test_stages_read_codes_that_were_kept() -> None:
    model = tiny_model("vqvae")
    assert isinstance(model, VqVae)
    batch = Batch(torch.randint(0, 5, (8, *model.domain.canvas)), torch.zeros(8, 2))
    # As they begin, priors expect all codes alike.
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    for stage in model.stages():
        if stage.precompute is not None:
            # The decoder learns to paint pixels, priors have no need of them.
            pixels = batch.pixels if stage.name == "decoder" else torch.zeros_like(batch.pixels)
            kept = Batch(pixels, batch.labels, stage.precompute(batch))
            own = stage.loss(batch, 0.5, BatchNoise(8, 0, 0))
            assert own == stage.loss(kept, 0.5, BatchNoise(8, 0, 0))
            others = kept._replace(codes=stage.precompute(batch).roll(1, 0))
            assert own != stage.loss(others, 0.5, BatchNoise(8, 0, 0))


def test_the_bottom_is_drawn_knowing_the_top() -> None:
    model = tiny_model("vqvae")
    assert isinstance(model, VqVae)
    for parameter in model.bottom.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    labels = torch.zeros(1, 2)
    codes = torch.zeros(1, model.codec.grids.bottom.pixels, dtype=torch.long)
    N = model.codec.grids.top.pixels
    with torch.no_grad():
        first, second = (model.bottom(codes, labels, torch.full((1, N), code)) for code in (1, 2))
    assert ((first - second).abs() > 1e-4).all()


@pytest.mark.parametrize("told", [True, False])
def test_a_decoder_knows_labels_if_it_is_told(told: bool) -> None:
    model = tiny_model("vqvae", decoder_labels=told)
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    assert isinstance(model, VqVae)
    codes = model.codec.vectors(LevelCodes(torch.zeros(1, 4).long(), torch.zeros(1, 16).long()))
    with torch.no_grad():
        same = torch.equal(
            *(model.codec.decode(*codes, sign * torch.ones(1, 2)) for sign in (1, -1))
        )
    assert same is not told


def test_levels_alone_are_pictures_too() -> None:
    model = tiny_model("vqvae")
    assert isinstance(model, VqVae)
    pixels = torch.randint(0, 5, (3, 1, 6, 8)).to(torch.uint8)
    with torch.inference_mode():
        code = model.encode(pixels, torch.zeros(3, 2), PictureNoise(0, range(3)))
        for top, bottom in ((True, False), (False, True), (True, True)):
            made = model.decode_levels(code, top=top, bottom=bottom)
            assert made.shape == pixels.shape
        assert torch.equal(made, model.decode(code, PictureNoise(0, range(3))))


STEPS = 300
"""Those of a training of two levels of which the toll grows to its end."""


def test_a_codec_learns_to_rebuild_what_it_sees() -> None:
    """Bars in four colours on either side: both levels together get every pixel."""
    model = tiny_model(
        "vqvae", domain(labels=0), width=16, decoder_width=16, hidden=16, codes=16, code_size=8
    )
    assert isinstance(model, VqVae)
    pixels = torch.zeros(32, 1, 6, 8, dtype=torch.long)
    for number in range(32):
        side = number % 2
        pixels[number, :, 1:5, 1 + 4 * side : 3 + 4 * side] = 1 + number % 4
    batch = Batch(pixels, torch.zeros(32, 0))
    stage = model.stages()[0]
    stage.initialize(batch)
    optimizer = torch.optim.Adam(stage.module.parameters(), lr=1e-2)
    for step in range(STEPS):
        assert stage.before_step is not None
        stage.before_step(batch, BatchNoise(32, 0, step))
        terms = stage.loss(batch, step / STEPS, BatchNoise(32, 1, step))
        loss = torch.stack([*terms.values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        figures = stage.held_out(batch, BatchNoise(32, 0, 0))
    assert float(figures["exact"].mean()) > 0.99
    assert float(figures["top_exact"].mean()) > 0.9


def test_drawing_takes_the_likeliest_codes_where_nothing_is_left_to_chance() -> None:
    model = tiny_model("vqvae")
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    labels = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    sampling = SamplingParams(temperature=0.0)
    first = model.sample(labels, PictureNoise(0, [0, 1]), sampling)
    assert torch.equal(first, model.sample(labels, PictureNoise(5, [0, 1]), sampling))


@pytest.mark.parametrize("given", [1, 2, 3])
def test_a_clip_is_gone_on_with_from_however_few_frames(given: int) -> None:
    """Codes of two frames: the first is known of one frame, too, as if it held still."""
    model = tiny_model("vqvae", domain(frames=4), top_frames=2)
    assert isinstance(model, VqVae)
    for parameter in model.module.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    frames = torch.randint(0, 5, (given, 6, 8)).to(torch.uint8)
    clip = torch.cat([frames, frames[-1:].expand(4 - given, -1, -1)])
    with torch.inference_mode():
        code = model.draw(
            torch.zeros(3, 2), PictureNoise(0, range(3)), SamplingParams(prefix=frames)
        )
        own = model.encode(clip[None], torch.zeros(1, 2), PictureNoise(0, [0])).levels
    for drawn, known in zip(code.levels, own, strict=True):
        half = known.shape[1] // 2
        assert torch.equal(drawn[:, :half], known[:, :half].expand(3, -1))
        assert not torch.equal(drawn[:, half:], known[:, half:].expand(3, -1))


def test_vectors_are_kept_near_their_codes() -> None:
    model = tiny_model("vqvae")
    assert isinstance(model, VqVae)
    batch = Batch(torch.randint(0, 5, (8, *model.domain.canvas)), torch.zeros(8, 2))
    with torch.no_grad():
        terms = model.loss(batch, 0.0, BatchNoise(8, 0, 0))
        top, bottom, _ = model.codec.quantize(batch.pixels.flatten(1))
    distance = float(top.cost.mean() + bottom.cost.mean())
    assert float(terms["code"]) == pytest.approx(distance / 4) != 0


@pytest.mark.parametrize("wrong", [0.0, 0.3])
def test_the_bottom_learns_below_top_codes_of_which_some_are_wrong(wrong: float) -> None:
    model = tiny_model("vqvae", codes=16, corruption=wrong)
    assert isinstance(model, VqVae)
    batch = Batch(torch.randint(0, 5, (64, *model.domain.canvas)), torch.zeros(64, 2))
    own, seen = model.encode(batch.pixels, batch.labels, PictureNoise(0, range(64))), []
    prior = model.bottom.forward

    def watched(codes: torch.Tensor, labels: torch.Tensor, top: torch.Tensor, *more: object):  # type: ignore[no-untyped-def]
        seen.append((top != own.levels.top).float().mean())
        return prior(codes, labels, top, *more)  # type: ignore[arg-type]

    model.bottom.forward = watched  # type: ignore[method-assign]
    for step in range(20):
        model.bottom_loss(batch, 0.0, BatchNoise(64, 0, step))
    # A wrong code is the right one by chance, once in 16.
    assert float(torch.stack(seen).mean()) == pytest.approx(wrong * 15 / 16, abs=0.02)
