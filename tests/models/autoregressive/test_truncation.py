"""Temperature, top-k and top-p."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pxgen.models.autoregressive.truncation import truncated
from pxgen.models.protocol import SamplingParams
from pxgen.models.temperature import code_probs
from pxgen.noise import PictureNoise
from tests.support.tiny import tiny_model

CHANCES = torch.tensor([[0.05, 0.5, 0.15, 0.3]]).double()


def test_without_wishes_chances_stay_as_they_are() -> None:
    assert torch.allclose(truncated(CHANCES, SamplingParams()), CHANCES)


@pytest.mark.parametrize(
    ("truncation", "left"),
    [
        ({"top_k": 1}, [0, 1, 0, 0]),
        ({"top_k": 2}, [0, 0.625, 0, 0.375]),
        ({"top_k": 9}, [0.05, 0.5, 0.15, 0.3]),
        ({"top_p": 0.0}, [0, 1, 0, 0]),
        ({"top_p": 0.49}, [0, 1, 0, 0]),
        ({"top_p": 0.51}, [0, 0.625, 0, 0.375]),
        ({"top_p": 1.0}, [0.05, 0.5, 0.15, 0.3]),
        # Of the two likeliest, the first is 0.625 already.
        ({"top_k": 2, "top_p": 0.6}, [0, 1, 0, 0]),
    ],
)
def test_only_likely_codes_are_left(truncation: dict[str, float], left: list[float]) -> None:
    sampling = SamplingParams(**truncation)  # type: ignore[arg-type]
    assert torch.allclose(truncated(CHANCES, sampling), torch.tensor([left]).double())


@given(
    logits=st.lists(st.floats(-20, 20), min_size=1, max_size=9),
    top_k=st.none() | st.integers(1, 12),
    top_p=st.none() | st.floats(0, 1),
    heat=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
)
def test_chances_sum_to_one_and_keep_the_likeliest(
    logits: list[float], top_k: int | None, top_p: float | None, heat: float
) -> None:
    probs = code_probs(torch.tensor([logits]).double(), heat)
    chances = truncated(probs, SamplingParams(top_k=top_k, top_p=top_p))
    assert float(chances.sum()) == pytest.approx(1)
    assert chances.argmax() == probs.argmax()
    assert int((chances > 0).sum()) <= (top_k or len(logits))


@pytest.mark.parametrize("recipe", ["vqvae", "vqvae-transformer", "pixelsnail"])
def test_the_likeliest_code_alone_needs_no_luck(recipe: str) -> None:
    model = tiny_model(recipe)
    labels = torch.tensor([[1.0, -1.0]])
    sampling = SamplingParams(top_k=1)
    with torch.inference_mode():
        drawn = [model.sample(labels, PictureNoise(0, [k]), sampling) for k in range(4)]
        freely = [model.sample(labels, PictureNoise(0, [k]), SamplingParams()) for k in range(4)]
    assert all(torch.equal(drawn[0], other) for other in drawn)
    assert not all(torch.equal(freely[0], other) for other in freely)
