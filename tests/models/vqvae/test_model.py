"""Two levels of codes: quantizers, causality in time, priors that keep to their side."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pxgen.canvas import Canvas, Domain
from pxgen.errors import InputError
from pxgen.models.protocol import Batch, SamplingParams
from pxgen.models.vqvae.codec import Codec
from pxgen.models.vqvae.grids import CodecSpec, LevelCodes
from pxgen.models.vqvae.model import VqVae
from pxgen.models.vqvae.quantizer import Codebook, Lattice, lattice_levels, usage
from pxgen.noise import BatchNoise, PictureNoise
from tests.tiny import PALETTE, domain, tiny_model


def test_a_codebook_gives_the_nearest_code_and_passes_gradients() -> None:
    book = Codebook(16, 4)
    x = torch.randn(5, 3, 4, requires_grad=True)
    out = book(x)
    unit = torch.nn.functional.normalize(x.detach(), dim=-1)
    wanted = torch.cdist(unit.view(-1, 4), book.vectors).argmin(-1).view(5, 3)
    assert torch.equal(out.codes, wanted)
    assert torch.allclose(out.values, book.look_up(out.codes), atol=1e-6)
    out.values.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_a_codebook_keeps_its_codes_alive() -> None:
    """The code of the thesis kept 4 of 512 after two steps and threw the others far away."""
    torch.manual_seed(0)
    book = Codebook(128, 8)
    generator = torch.Generator().manual_seed(1)
    centres = torch.randn(40, 8, generator=generator)

    def data() -> torch.Tensor:
        chosen = torch.randint(0, 40, (512,), generator=generator)
        return centres[chosen] + 0.3 * torch.randn(512, 8, generator=generator)

    book.initialize(data(), torch.rand(128, generator=generator))
    costs = []
    for _ in range(60):
        x = data()
        costs.append(float(book(x).cost.mean()))
        book.update(x, torch.rand(128, generator=generator))
    assert torch.allclose(book.vectors.norm(dim=1), torch.ones(128), atol=1e-5)
    share, alike = usage(book(data()).codes, 128)
    assert share > 0.8
    assert alike > 60
    assert sum(costs[-5:]) <= sum(costs[:5])


def test_codes_that_nothing_chooses_start_anew_where_there_is_data() -> None:
    book = Codebook(4, 2)
    book.vectors.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]]))
    book.sums.copy_(book.vectors)
    x = torch.tensor([[1.0, 0.2], [1.0, -0.2]]).repeat(50, 1)
    for step in range(400):
        book.update(x, torch.full((4,), step % 7 / 7))
    assert (book.vectors[:, 0] > 0.9).all()


@given(codes=st.integers(2, 4096))
def test_a_lattice_numbers_its_points(codes: int) -> None:
    levels = lattice_levels(codes)
    lattice = Lattice(levels)
    assert math.prod(levels) == lattice.codes <= max(codes, 2)
    assert lattice.codes > codes / 2
    every = torch.arange(lattice.codes)
    points = lattice.look_up(every)
    inside = torch.special.logit((points + 1) / 2)
    assert torch.equal(lattice(inside).codes, every)
    assert torch.allclose(lattice(inside).values, points, atol=1e-6)


@pytest.mark.parametrize("quantizer", ["codebook", "lattice"])
@pytest.mark.parametrize(("bottom", "top"), [(1, 1), (1, 2), (2, 2), (2, 4), (3, 3)])
def test_codes_of_a_frame_do_not_depend_on_later_frames(
    quantizer: str, bottom: int, top: int
) -> None:
    torch.manual_seed(0)
    of = domain(frames=8)
    spec = CodecSpec(
        width=8,
        depth=2,
        hidden=8,
        codes=64,
        code_size=4,
        quantizer=quantizer,
        bottom_frames=bottom,
        top_frames=top,
    )
    codec = Codec(spec, of)
    for parameter in codec.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    codec.set_rate_weight(1.0)
    known = top * max(1, 4 // top)
    first = torch.randint(0, 5, (6, *of.canvas))
    second = first.clone()
    second[:, known:] = torch.randint(0, 5, second[:, known:].shape)
    with torch.no_grad():
        both = [codec.encode(clip.flatten(1)) for clip in (first, second)]
        for a, b, span in zip(*both, (top, bottom), strict=True):
            assert torch.equal(a.codes[:, : known // span], b.codes[:, : known // span])
            assert not torch.equal(a.codes[:, known // span :], b.codes[:, known // span :])
        levels = both[0]
        changed = []
        for own, span in zip(levels, (top, bottom), strict=True):
            later = own.values.clone()
            later[:, known // span :] = torch.randn_like(later[:, known // span :])
            changed.append(later)
        pixels = of.canvas.height * of.canvas.width
        labels = torch.zeros(len(first), of.labels)
        whole = codec.decode(*(level.values for level in levels), labels)
        other = codec.decode(*changed, labels)
        assert torch.equal(whole[:, : known * pixels], other[:, : known * pixels])
        # And what came before is seen.
        earlier = levels[0].values.clone()
        earlier[:, 0] += 1
        next_one = slice(top * pixels, 2 * top * pixels)
        moved = codec.decode(earlier, levels[1].values, labels)
        assert not torch.equal(whole[:, next_one], moved[:, next_one])


def test_a_top_code_stands_over_whole_bottom_codes() -> None:
    with pytest.raises(InputError, match="top_frames = 3 is no multiple of bottom_frames = 2"):
        Codec(CodecSpec(bottom_frames=2, top_frames=3), domain(frames=6))


def test_the_shapes_of_the_thesis_save_what_it_says() -> None:
    """16 RGB frames of 256×256 become 4×32×32 and 8×64×64 codes: 98.8 % less."""
    of = Domain(Canvas(16, 256, 256), PALETTE.rows, 0)
    spec = CodecSpec(
        width=8, depth=1, hidden=8, codes=256, code_size=4, patch=4, bottom_frames=2, top_frames=4
    )
    codec = Codec(spec, of)
    clip = torch.randint(0, 5, (1, *of.canvas))
    with torch.no_grad():
        top, bottom = codec.encode(clip.flatten(1))
        rebuilt = codec.decode(top.values, bottom.values, torch.zeros(1, 0))
    assert top.codes.shape == (1, 4, 32, 32)
    assert bottom.codes.shape == (1, 8, 64, 64)
    assert rebuilt.shape == (1, clip[0].numel(), 5)
    bits = (top.codes.numel() + bottom.codes.numel()) * math.log2(spec.codes)
    assert 1 - bits / (clip.numel() * 3 * 8) == pytest.approx(0.988, abs=5e-4)


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


def test_a_toll_decides_between_codes_that_are_about_as_near() -> None:
    book = Codebook(2, 2)
    book.vectors.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
    asked = torch.nn.functional.normalize(torch.tensor([[1.0, 0.9], [1.0, 0.1]]), dim=-1)
    assert book(asked).codes.tolist() == [0, 0]
    # Squared distances differ by 0.15 and by 1.8.
    assert book(asked, torch.tensor([0.3, 0.0])).codes.tolist() == [1, 0]
    assert book(asked, torch.tensor([0.1, 0.0])).codes.tolist() == [0, 0]


def test_codes_that_the_top_foretells_are_taken_as_the_codec_ripens() -> None:
    model = tiny_model("vqvae", domain(labels=0))
    assert isinstance(model, VqVae)
    entropy_model = model.codec.entropy_model
    assert entropy_model is not None
    with torch.no_grad():
        assert entropy_model.name.bias is not None
        entropy_model.name.bias[3] = 200.0
    pixels = torch.randint(0, 5, (8, 48))
    with torch.no_grad():
        nearest = model.codec.encode(pixels)[1].codes
        model.codec.set_rate_weight(1.0)
        tolled = model.codec.encode(pixels)[1].codes
    assert not (nearest == 3).all()
    # 200 nats at 0.05 are more than the sphere is wide.
    assert (tolled == 3).all()


def test_foretelling_teaches_nothing_else() -> None:
    codec = Codec(CodecSpec(width=8, depth=1, hidden=8, codes=8, code_size=4), domain())
    *_, code_logits = codec.quantize(torch.randint(0, 5, (4, 48)))
    assert code_logits is not None
    (code_logits * torch.randn_like(code_logits)).sum().backward()
    taught = {name for name, weight in codec.named_parameters() if weight.grad is not None}
    assert taught == {
        name for name, _ in codec.named_parameters() if name.startswith("entropy_model.")
    }


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
