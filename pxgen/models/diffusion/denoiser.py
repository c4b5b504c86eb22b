"""The denoiser of masked diffusion: logits of every pixel of a partly masked index map."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from pxgen.canvas import Domain
from pxgen.models.axes import Axes
from pxgen.models.diffusion.backbone import EMBEDDING, Backbone, BackboneSpec
from pxgen.models.diffusion.color_cache import ColorCache
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.layers import NO_WRAP, Wrap, prefer_channels_last


class Denoiser(Backbone, SpriteHead):
    """Logits over the palette for chosen pixels of a partly masked sprite."""

    axes: ClassVar[Axes] = {**SpriteHead.axes, "embed.weight": ("tokens", 0)}
    reads_places: ClassVar[tuple[str, ...]] = (*SpriteHead.reads_places, "cache.lean.weight")

    def __init__(self, spec: BackboneSpec, domain: Domain) -> None:
        super().__init__(spec, domain, nn.Embedding(domain.colors + 1, EMBEDDING), spec.rank)
        self.mask_token = domain.colors
        """The token of a pixel that is not known yet."""
        self.add_head(domain, spec.rank, template=spec.has_template)
        self.cache = ColorCache(domain.colors, domain.canvas.pixels, self.palette.shape[1])
        prefer_channels_last(self)

    def forward(self, tokens: Tensor, conditions: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """``(B, P)`` tokens and conditions to ``(B, P, R)`` features for the head."""
        share = (tokens == self.mask_token).float().mean(1)
        maps = self.pad(tokens.view(-1, *self.canvas), self.mask_token)
        return self.with_places(self.features(self.embed(maps), conditions, share, wrap))

    def score(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B, M, R)`` features of some pixels of ``(B, P)`` tokens to ``(B, M, K)`` logits."""
        leant: Tensor = self.cache(features, tokens)
        return self.project(features) + leant
