"""The two-level codec: causality in time, and entropy-constrained codes."""

from __future__ import annotations

import math

import pytest
import torch

from pxgen.canvas import Canvas, Domain
from pxgen.errors import InputError
from pxgen.models.vqvae.codec import Codec
from pxgen.models.vqvae.grids import CodecSpec
from pxgen.models.vqvae.model import VqVae
from tests.support.tiny import PALETTE, domain, tiny_model


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
        labels = torch.zeros(len(first), of.label_count)
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
