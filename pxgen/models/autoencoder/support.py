"""The support encoding, for sprites drawn to a template: logits of the colours seen at each place.

A hat never turns up where the chin is. Of all pairs of a place and a colour few ever occur (one in
28 of the CryptoPunks), so dense layers over those alone are that much smaller than over one plane
a colour, and learn sooner.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pxgen.canvas import Domain
from pxgen.models.autoencoder.encodings import Encoding

UNSEEN_COUNT = 0.5
"""Smoothing: added to the count of the colours that have no logit at a place."""
MIN_LOGIT = -80.0
"""Below the highest of a place; lower ones add nothing to a sum."""
MAX_COUNT = 2**40
"""More pixels than any training sees of a colour; sums of a palette's counts stay exact."""


class SupportEncoding(Encoding):
    """A softmax at each place over the colours seen there and one escape for all others.

    The commonest pairs of place and colour share ``slots`` logits a place on average, so places
    of many colours get more of them. The escape's probability is divided among the remaining
    colours by how common they are, so every colour is possible everywhere. A sprite enters as ones
    at the slots of its colours.
    """

    place: Tensor
    color: Tensor
    common: Tensor
    slots: Tensor
    behind: Tensor

    def __init__(self, domain: Domain, *, slots: int) -> None:
        super().__init__()
        self.enter = self.leave = slots
        self.places = domain.canvas.pixels
        logits = self.places * slots
        self.bias = nn.Parameter(torch.zeros(logits))
        # Logit n speaks of `color[n]` at `place[n]`. The first of each place is its escape; one
        # whose place is P is out of use.
        numbers = torch.arange(logits)
        self.register_buffer("place", torch.where(numbers < self.places, numbers, self.places))
        self.register_buffer("color", torch.zeros(logits, dtype=torch.int64))
        self.register_buffer("common", torch.ones(domain.colors, dtype=torch.int64))
        # Derived from these, and looked up at every step.
        escapes = torch.arange(self.places).unsqueeze(1).repeat(1, domain.colors)
        self.register_buffer("slots", escapes, persistent=False)
        behind = torch.full((self.places,), domain.colors)
        self.register_buffer("behind", behind, persistent=False)
        self.register_load_state_dict_post_hook(_loaded)  # type: ignore[no-untyped-call]

    def forward(self, tokens: Tensor) -> Tensor:
        """``(B, P)`` to ``(B, P, slots)`` zeros and ones, in the order of the logits."""
        entered = torch.zeros(len(tokens), len(self.bias), device=tokens.device)
        entered.scatter_(1, self.slots.gather(1, tokens.t()).t(), 1.0)
        return torch.unflatten(entered, 1, (self.places, self.enter))

    def start_from(self, tokens: Tensor) -> None:
        """Take the commonest pairs of ``(M, P)`` sprites, and their log-counts as bias."""
        P, K = self.places, len(self.common)
        counts = torch.zeros(P, K, dtype=torch.int64, device=tokens.device)
        counts.scatter_add_(1, tokens.t(), torch.ones_like(tokens.t()))
        often, pairs = counts.flatten().sort(descending=True, stable=True)
        # In order of the places, which lie together in memory then.
        pairs = pairs[often > 0][: len(self.place) - P].sort().values
        used = slice(P, P + len(pairs))
        self.common.copy_(counts.sum(0) + 1)
        self.place[P:] = P
        self.place[used] = pairs // K
        self.color[used] = pairs % K
        taken = counts.flatten()[pairs]
        left = counts.sum(1).index_add(0, pairs // K, -taken)
        with torch.no_grad():
            self.bias[:P] = (left + UNSEEN_COUNT).log()
            self.bias[used] = taken.log()
        self.index()

    def index(self) -> None:
        """Derive ``slots`` and ``behind`` from the tables."""
        self.slots, self.behind = self._find_slots(), self._find_behind()

    def cost(self, features: Tensor, tokens: Tensor) -> Tensor:
        """``(B,)`` cross-entropy in nats of ``(B, P)`` tokens by ``(B, P, slots)`` features."""
        logits = self._logits(features)
        slot = self.slots.gather(1, tokens.t())
        behind = self.behind.log().unsqueeze(1) - self.common.log()[tokens.t()]
        nats = self._total(logits) - logits.gather(0, slot)
        return (nats + torch.where(slot < self.places, behind, 0)).sum(0)

    def decide(self, features: Tensor) -> Tensor:
        """``(B, P) int64``, the likeliest colours; the lowest of equals."""
        P = self.places
        logits = self._logits(features)
        # An escape stands for the commonest colour behind it.
        commonest = torch.where(self.slots < P, self.common, 0).max(1)
        escape = (commonest.values / self.behind.clamp(min=1)).log().unsqueeze(1)
        scores = torch.cat([logits[:P] + escape, logits[P:]])
        colors = torch.cat([commonest.indices, self.color[P:]]).unsqueeze(1)
        won = scores == self._highest(scores)[self.place]
        names = torch.where(won, colors, len(self.common))
        lowest = torch.full_like(names[: P + 1], len(self.common))
        place = self.place.unsqueeze(1).expand_as(names)
        decided = lowest.scatter_reduce_(0, place, names, "amin")[:P].t()
        # Of logits that are not finite none is the highest.
        return decided.clamp(max=len(self.common) - 1)

    def _logits(self, features: Tensor) -> Tensor:
        """``(N, B)``; -inf for an escape with no colour behind it."""
        escape = self.bias[: self.places].masked_fill(self.behind == 0, -torch.inf)
        bias = torch.cat([escape, self.bias[self.places :]])
        return (features.flatten(1).float() + bias).t().contiguous()

    def _find_behind(self) -> Tensor:
        """``(P,)`` counts of all the colours behind each place's escape."""
        used = torch.where(self.place < self.places, self.common[self.color], 0)
        used[: self.places] = 0
        seen = torch.zeros(self.places + 1, dtype=torch.int64, device=used.device)
        return self.common.sum() - seen.index_add(0, self.place, used)[:-1]

    def _find_slots(self) -> Tensor:
        """``(P, K)``: the logit of each colour, its own or the escape."""
        slots = torch.arange(self.places, device=self.place.device).unsqueeze(1)
        slots = slots.repeat(1, len(self.common))
        used = (self.place < self.places).nonzero().squeeze(1)[self.places :]
        slots[self.place[used], self.color[used]] = used
        return slots

    def _highest(self, logits: Tensor) -> Tensor:
        """``(P + 1, B)`` the highest logit of each place."""
        highest = logits.new_full((self.places + 1, logits.shape[1]), -torch.inf)
        return highest.scatter_reduce_(0, self.place.unsqueeze(1).expand_as(logits), logits, "amax")

    def _total(self, logits: Tensor) -> Tensor:
        """``(P, B)`` log-sum-exp of each place."""
        highest = self._highest(logits.detach())
        below = logits - highest.index_select(0, self.place)
        # Numbers too small to be normal take an exponential ten times as long.
        shares = below.clamp_(min=MIN_LOGIT).exp()
        total = torch.zeros_like(highest).index_add(0, self.place, shares)
        return (total.log() + highest)[:-1]


def _loaded(encoding: SupportEncoding, incompatible: object) -> None:
    """Refuse tables from a file that would index beside the canvas or the palette."""
    P, K = encoding.places, len(encoding.common)
    place, color, common = encoding.place, encoding.color, encoding.common
    if not (
        torch.equal(place[:P], torch.arange(P, device=place.device))
        and ((place >= 0) & (place <= P)).all()
        and ((color >= 0) & (color < K)).all()
        and ((common > 0) & (common <= MAX_COUNT)).all()
    ):
        raise ValueError("the table of colours seen at each place is damaged")
    encoding.index()
