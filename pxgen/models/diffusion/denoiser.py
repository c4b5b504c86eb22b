"""The denoiser of masked diffusion: logits of every pixel of a partly masked index map."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from pxgen.canvas import Domain
from pxgen.models.axes import Axes
from pxgen.models.diffusion.backbone import Backbone, BackboneSpec, color_embedding
from pxgen.models.diffusion.color_cache import ColorCache
from pxgen.models.diffusion.head import SpriteHead
from pxgen.models.layers import NO_WRAP, Wrap, at_places, prefer_channels_last


class Denoiser(Backbone, SpriteHead):
    """Logits over the palette for chosen pixels of a partly masked sprite."""

    axes: ClassVar[Axes] = {**SpriteHead.axes, "embed.weight": ("tokens", 0)}
    reads_places: ClassVar[tuple[str, ...]] = (*SpriteHead.reads_places, "cache.lean.weight")

    def __init__(self, spec: BackboneSpec, domain: Domain) -> None:
        super().__init__(spec, domain, color_embedding(domain, 1), spec.rank)
        self.mask_token = domain.colors
        """The token of a pixel that is not known yet."""
        self.add_head(domain, spec.rank, template=spec.has_template)
        # Frames share their colours, each by its role; what stills gain was not measured.
        rank = spec.rank if domain.canvas.frames > 1 else 0
        features, pixels = self.palette.shape[1], domain.canvas.pixels
        self.cache = ColorCache(domain.colors, pixels, features, rank)
        prefer_channels_last(self)

    def forward(self, tokens: Tensor, conditions: Tensor, wrap: Wrap = NO_WRAP) -> Tensor:
        """``(B, P)`` tokens and conditions to ``(B, P, R)`` features for the head."""
        share = (tokens == self.mask_token).float().mean(1)
        maps = self.pad(tokens.view(-1, *self.canvas), self.mask_token)
        return self.with_places(self.features(self.embed(maps), conditions, share, wrap))

    def score(self, features: Tensor, tokens: Tensor, places: Tensor | None = None) -> Tensor:
        """``(B, P, R)`` features of ``(B, P)`` tokens to ``(B, M, K)`` logits.

        They are those of ``(B, M) int64`` places, by default of all pixels.
        """
        asking = features if places is None else at_places(features, places)
        leant: Tensor = self.cache(asking, features, tokens)
        return self.project(asking) + leant
