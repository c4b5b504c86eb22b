"""What four deviations from pallets change: each is put back, and the recipe trained beside.

    python docs/studies/as_in_pallets.py --dataset cast/ --minutes 2 -o build/study/pallets

Writes the rows of ``pxgen compare`` for every recipe of ``WAYS`` as it is, and as pallets has it.
Options for these would be settings that nobody should choose, so they are put back from outside.
"""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast
from unittest import mock

import torch
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas
from pxgen.commands.compare import compare
from pxgen.config.project import load_project
from pxgen.config.requests import CompareSettings
from pxgen.models.autoencoder import bodies, latents
from pxgen.models.autoencoder import model as autoencoder
from pxgen.models.layers import to_planes
from pxgen.models.protocol import Batch
from pxgen.noise import Noise
from pxgen.training import optimizer


class TiledEncoder(bodies.ConvEncoder):
    """Labels enter as planes that each hold one of them."""

    def __init__(
        self, canvas: Canvas, channels: int, labels: int, width: int, code: int, *, keep_map: bool
    ) -> None:
        super().__init__(canvas, channels, 0, width, code, keep_map=keep_map)
        planes = channels * canvas.frames + labels
        self.enter = nn.Conv2d(planes, width, 3, padding=1)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(B, P, C)`` and ``(B, L)`` to ``(B, code)``."""
        x = to_planes(features, self.canvas, bodies.STRIDE)
        tiled = labels[:, :, None, None].expand(-1, -1, *x.shape[2:])
        x = F.silu(self.enter(torch.cat([x, tiled], 1)))
        x = F.silu(self.second(F.silu(self.first(x))))
        code: Tensor = self.leave(x.flatten(1))
        return code


class PlaneTargets(autoencoder.Autoencoder):
    """The decoder answers a plane a label, too, each pixel of which is learnt."""

    def __init__(self, spec: Any, domain: Any) -> None:
        with mock.patch.object(autoencoder, "_decoder", _wider_decoder):
            super().__init__(spec, domain)
        self.target = None
        if "target" in self.codec:
            del self.codec["target"]

    def loss(self, batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        """Pixels, code, and the mean cost of a label plane's pixels."""
        terms = dict(super().loss(batch, progress, noise))
        planes: Tensor = cast(_Wider, self.decoder).seen.planes
        wanted = (batch.labels > 0).to(planes.dtype)[:, None].expand_as(planes)
        cost = F.binary_cross_entropy_with_logits(planes, wanted, reduction="sum")
        return terms | {"labels": cost / len(planes) / self.domain.canvas.pixels}


class _Wider(nn.Module):
    """A decoder whose last planes are labels; kept apart for each thread that learns."""

    def __init__(self, decoder: nn.Module, labels: int) -> None:
        super().__init__()
        self.decoder, self.labels, self.seen = decoder, labels, threading.local()

    def forward(self, code: Tensor, labels: Tensor) -> Tensor:
        out: Tensor = self.decoder(code, labels)
        self.seen.planes = out[..., -self.labels :]
        return out[..., : -self.labels]


def _wider_decoder(spec: Any, domain: Any, channels: int, code: int) -> nn.Module:
    return _Wider(DECODER(spec, domain, channels + domain.label_count, code), domain.label_count)


DECODER = autoencoder._decoder


@contextmanager
def tiled_labels() -> Iterator[None]:
    """Labels as tiled planes."""
    with mock.patch.object(bodies, "ConvEncoder", TiledEncoder):
        yield


@contextmanager
def plane_targets() -> Iterator[None]:
    """A plane a label as target."""
    with mock.patch.object(autoencoder, "Autoencoder", PlaneTargets):
        yield


@contextmanager
def unbounded() -> Iterator[None]:
    """Log-variances as the encoder says them."""
    with mock.patch.object(latents, "_moments", lambda params: params.float().chunk(2, 1)):
        yield


@contextmanager
def adam() -> Iterator[None]:
    """All weights by AdamW (whose decay is that of both)."""
    with mock.patch.object(optimizer, "CanvasLinear", (nn.Linear, nn.Conv2d, nn.Conv3d)):
        yield


@contextmanager
def as_it_is() -> Iterator[None]:
    """Nothing put back."""
    yield


class Way(NamedTuple):
    """A recipe, and what is put back of pallets in it."""

    name: str
    recipe: str
    back: Callable[[], Any]
    train: Mapping[str, Any] = {}


WAYS = (
    Way("label vector", "labeled-conv-vae", as_it_is),
    Way("tiled planes", "labeled-conv-vae", tiled_labels),
    Way("one label vector as target", "labeled-conv-cvae", as_it_is),
    Way("label planes as target", "labeled-conv-cvae", plane_targets),
    Way("bounded", "conv-vae", as_it_is),
    Way("unbounded", "conv-vae", unbounded),
    Way("last weights", "conv-vae", as_it_is, {"ema": 0.0}),
    Way("AdamW at 0.001", "conv-vae", adam, {"lr": 0.001}),
    Way("AdamW at 0.001, last weights", "conv-vae", adam, {"lr": 0.001, "ema": 0.0}),
)


def main() -> None:
    """Train and measure them all, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    rows = {}
    for way in WAYS:
        settings = CompareSettings(
            dataset=options.dataset,
            recipes=(way.recipe,),
            minutes=options.minutes,
            out=options.out / way.name.replace(" ", "-"),
            device="cpu",
            resume=False,
            **way.train,
        )
        with way.back():
            rows[way.name] = compare(settings, load_project(), Console(stderr=True))[0]
        row = rows[way.name]
        print(
            f"{way.name} ({way.recipe}): {row['bits']:.1f} bits, {row['code_bits']:.1f} of code, "
            f"{row['whole_sprites']:.1%} whole, {row['steps']} steps"
        )
    (options.out / "pallets.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
