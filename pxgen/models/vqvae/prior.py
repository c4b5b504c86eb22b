"""Autoregressive priors over the codes of a hierarchical VQ-VAE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Domain
from pxgen.config.schema import setting
from pxgen.models.autoregressive.pixelsnail import CachedPixelSnail, PixelSnail
from pxgen.models.autoregressive.transformer import CachedTransformer, CausalTransformer
from pxgen.models.conditioning import LabelEmbedding
from pxgen.models.layers import ResidualBlock
from pxgen.models.vqvae.codec import Codec
from pxgen.models.vqvae.grids import CodecSpec
from pxgen.noise import Noise


@dataclass(frozen=True, kw_only=True)
class PriorSpec(CodecSpec):
    """Settings of the codec and of the priors' size."""

    prior: Literal["pixelsnail", "transformer"] = setting(
        "pixelsnail", "the network over codes: convolutions and attention, or attention alone"
    )
    prior_width: int = setting(64, "features a code in the priors", low=8, high=1024)
    prior_blocks: int = setting(4, "blocks of each prior", low=1, high=32)
    dropout: float = setting(0.1, "priors: share of features left out in training", low=0, high=0.9)


_NETWORKS: Mapping[str, type[PixelSnail | CausalTransformer]] = {
    "pixelsnail": PixelSnail,
    "transformer": CausalTransformer,
}

CachedNetwork = CachedPixelSnail | CachedTransformer


class Prior(nn.Module):
    """A prior over one level of codes, given labels and, for the bottom, the top codes."""

    def __init__(self, spec: PriorSpec, domain: Domain, codec: Codec, *, above: bool) -> None:
        super().__init__()
        level, grid = (codec.bottom, codec.grids.bottom) if above else (codec.top, codec.grids.top)
        width = spec.prior_width
        self.labels = LabelEmbedding(domain.label_count, spec.hidden)
        self.net = _NETWORKS[spec.prior](
            grid,
            level.codes,
            width=width,
            blocks=spec.prior_blocks,
            condition=spec.hidden,
            dropout=spec.dropout,
        )
        self.above = nn.Embedding(codec.top.codes, width) if above else None
        self.look = nn.ModuleList(ResidualBlock(width, spec.hidden) for _ in range(2 * above))
        self._over, self._steps = codec.grids.top, codec.grids.steps

    def forward(
        self, codes: Tensor, labels: Tensor, top: Tensor | None, noise: Noise | None = None
    ) -> Tensor:
        """``(B, N)`` nats of codes given the top codes above them; no dropout without noise."""
        condition = self.labels(labels)
        logits = self.net(codes, condition, self._context(top, condition), noise)
        return F.cross_entropy(logits.mT, codes, reduction="none")

    def cached(self, labels: Tensor, top: Tensor | None) -> CachedNetwork:
        """Cached sampling, position by position."""
        condition = self.labels(labels)
        return self.net.cached(condition, self._context(top, condition))

    def _context(self, top: Tensor | None, condition: Tensor) -> Tensor | None:
        """``(B, N, width)``: features of the top codes at the bottom codes below them."""
        if self.above is None or top is None:
            return None
        T, H, W = self._over
        x = self.above(top).view(-1, H, W, self.above.embedding_dim).permute(0, 3, 1, 2)
        framewise = condition.repeat_interleave(T, 0)
        for block in self.look:
            x = block(x, framewise)
        x = F.interpolate(x, scale_factor=2, mode="nearest").repeat_interleave(self._steps, 0)
        return x.permute(0, 2, 3, 1).reshape(len(top), -1, x.shape[1])
