"""Label conditioning: embeddings of labels, label dropout, and a prior over sets of labels.

A user asks for `alien` and says nothing about hats: that is another question than an alien known
to wear none. So a label is asked for (1), forbidden (-1) or open (0). Open labels are drawn first,
from a small model of which labels go together; the sprite is then drawn given all of them. A hat
is easy to decide for a model of labels and hard for single pixels, which would all have to agree.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from pxgen.canvas import MAX_PAIRED_LABELS, Domain
from pxgen.models.axes import Axes
from pxgen.models.protocol import Batch, Model, Stage
from pxgen.noise import Noise, categorical

LABEL_DROPOUT = 0.1
"""Share of training sprites whose labels are dropped, unless a model's settings say another."""
FORBIDDEN = 0.02
"""Share of the absent labels that the label prior is trained with as forbidden."""


class LabelEmbedding(nn.Module):
    """Labels and the level of noise to a vector.

    The embeddings of the labels present and of those known absent are summed, each weighted. With
    ``label_count`` 0 it embeds the level alone.
    """

    def __init__(self, label_count: int, width: int) -> None:
        super().__init__()
        self.count = label_count
        self.axes: Axes = {"project.weight": ("label states and level", 1)} if label_count else {}
        self.project = nn.Linear(2 * label_count + 2, width)
        self.mix = nn.Linear(width, width)

    def forward(
        self, labels: Tensor, level: Tensor | None = None, more: Tensor | float = 0.0
    ) -> Tensor:
        """``(B, L)`` labels and ``(B,)`` levels in [0, 1], 0 unless given, to ``(B, width)``.

        ``more``, ``(B, width)``, is added before the first nonlinearity.
        """
        labels = labels[:, : self.count]
        time = (labels.new_zeros(len(labels)) if level is None else level).unsqueeze(1)
        state = torch.cat([labels.relu(), labels.neg().relu(), time, time.square()], dim=1)
        return nn.functional.silu(self.mix(nn.functional.silu(self.project(state) + more)))


class LabelTokens(nn.Module):
    """A token a label for cross-attention, so that each place reads what concerns it.

    Open labels are zero. Register tokens (2309.16588), the same for all labels, are further keys:
    over a single key attention would be a constant.
    """

    REGISTERS = 4
    axes: ClassVar[Axes] = {"present": ("labels", 0), "absent": ("labels", 0)}

    def __init__(self, label_count: int, width: int) -> None:
        super().__init__()
        self.present = nn.Parameter(nn.init.normal_(torch.empty(label_count, width)))
        self.absent = nn.Parameter(nn.init.normal_(torch.empty(label_count, width)))
        self.always = nn.Parameter(nn.init.normal_(torch.empty(self.REGISTERS, width)))

    def forward(self, labels: Tensor) -> Tensor:
        """``(B, L)`` labels in [-1, 1] to ``(B, REGISTERS + L, width)``."""
        weight = labels.unsqueeze(-1)
        tokens = weight.relu() * self.present + weight.neg().relu() * self.absent
        return torch.cat([self.always.expand(len(labels), -1, -1), tokens], 1)


class LabelPrior(nn.Module):
    """An any-order autoregressive model of sets of labels: the next label of a set, or its end.

    Sets grow by one present label at a time, so a set of seven labels takes eight draws however
    large the vocabulary, and few draws seldom end in an impossible set. What a network leaves to
    pairs that never go together, thousandths a draw, adds up to a set in a hundred: such pairs are
    counted beforehand, and never drawn.
    """

    exclusive: Tensor
    """``(L, L) uint8``: 1 where two labels exclude each other; empty where labels are too many."""

    axes: ClassVar[Axes] = {
        "enter.weight": ("label states", 1),
        "leave.weight": ("next label", 0),
        "leave.bias": ("next label", 0),
    }
    PREFIXES = 8
    """Random subsets of each sprite's labels that one step learns to continue."""

    def __init__(self, label_count: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * label_count, width)
        self.middle = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.leave = nn.Linear(width, label_count + 1)
        paired = label_count if label_count <= MAX_PAIRED_LABELS else 0
        self.register_buffer("exclusive", torch.zeros(paired, paired, dtype=torch.uint8))

    def forward(self, labels: Tensor) -> Tensor:
        """``(B, L)`` labels, 0 where open, to ``(B, L + 1)`` logits: the next label, or the end."""
        state = torch.cat([labels.relu(), labels.neg().relu()], dim=1)
        hidden = nn.functional.silu(self.enter(state))
        for layer in self.middle:
            hidden = hidden + nn.functional.silu(layer(hidden))
        logits = self.leave(hidden).float()
        # What is decided cannot come next.
        decided = nn.functional.pad(labels != 0, (0, 1))
        return torch.where(decided, -torch.inf, logits)

    def loss(self, labels: Tensor, noise: Noise, forbidden_share: float = FORBIDDEN) -> Tensor:
        """``(B,)`` nats of the present labels of ``(B, L)`` in {-1, 1}, by random subsets.

        ``forbidden_share`` of the absent ones are given away.
        """
        B, L = labels.shape
        present = (labels > 0).repeat_interleave(self.PREFIXES, 0)
        size = present.sum(1, keepdim=True)
        keys = noise.uniform(self.PREFIXES, L).view(-1, L).masked_fill(~present, 2.0)
        known_size = (noise.uniform(self.PREFIXES).view(-1, 1) * (size + 1)).long()
        known = present & (keys.argsort(1).argsort(1) < known_size)
        # Forbidding is learnt from what a sprite does not show.
        forbidden = ~present & (noise.uniform(self.PREFIXES, L).view(-1, L) < forbidden_share)
        logits = self(known.float() - forbidden.float())
        # Any of the remaining labels may come next; the end only when none remains.
        target = nn.functional.pad(present & ~known, (0, 1)).float()
        target[:, L] = (known_size == size).squeeze(1).float()
        target = target / target.sum(1, keepdim=True)
        logp = logits.log_softmax(1).masked_fill(target == 0, 0.0)
        # A set of s labels is s + 1 draws, of which each part is one.
        # They may come in any of s! orders.
        orders = torch.lgamma(size.squeeze(1) + 1.0)
        nats: Tensor = -(target * logp).sum(1) * (size + 1).squeeze(1) - orders
        return nats.view(B, self.PREFIXES).mean(1)

    def clashes(self, labels: Tensor) -> Tensor | float:
        """``(n,)``: pairs in each of ``(n, L)`` sets that exclude each other."""
        if not len(self.exclusive):
            return 0.0
        present = (labels > 0).float()
        return ((present @ self.exclusive.float()) * present).sum(1) / 2

    def barred(self, labels: Tensor) -> Tensor:
        """``(n, L) bool``: what never goes with the present ones of ``(n, L)`` labels."""
        if not len(self.exclusive):
            return torch.zeros_like(labels, dtype=torch.bool)
        return (labels > 0).float() @ self.exclusive.float() > 0

    def complete(self, asked: Tensor, noise: Noise) -> Tensor:
        """Draw the open labels of ``(n, L)``; those that were asked for keep their weight."""
        # All at once: what a picture reads of its stream must not depend on its company.
        return self.fill(asked, noise.uniform(asked.shape[1] + 1))

    def fill(self, asked: Tensor, uniform: Tensor) -> Tensor:
        """The same by ``(n, L + 1)`` draws in [0, 1)."""
        L = asked.shape[1]
        labels, open_ = asked, torch.ones(len(asked), 1, dtype=torch.bool, device=asked.device)
        for turn in range(L + 1):
            barred = nn.functional.pad(self.barred(labels), (0, 1))
            logits = self(labels).masked_fill(barred, -torch.inf)
            # The end is always possible, so a draw never lacks a possible label.
            drawn = categorical(logits.softmax(1), uniform[:, turn])
            chosen = nn.functional.one_hot(drawn, L + 1)[:, :L].bool()
            labels = torch.where(chosen & open_, 1.0, labels)
            open_ = open_ & (drawn < L).unsqueeze(1)
            if not open_.any():
                break
        return torch.where(labels == 0, -1.0, labels)


def label_stage(prior: LabelPrior) -> Stage:
    """The stage that trains a label prior, before those of pixels."""

    def loss(batch: Batch, progress: float, noise: Noise) -> Mapping[str, Tensor]:
        return {"cross_entropy": prior.loss(batch.labels, noise).mean() / batch.labels.shape[1]}

    def held_out(batch: Batch, noise: Noise) -> Mapping[str, Tensor]:
        return {"bits": prior.loss(batch.labels, noise, 0.0) / math.log(2)}

    # A perceptron over labels is done in a fraction of the time that pixels take, and no masking
    # keeps it from overfitting the sets of a small collection.
    return Stage(
        "labels",
        prior,
        loss,
        held_out,
        share=0.05,
        max_epochs=16,
        counts_in_bits=False,
        takes_incomplete=True,
    )


class LabelledModel(Model):
    """A model with a label prior, which is trained first and draws the open labels.

    ``parts`` are its other modules by their names in checkpoints, ``width`` the prior's.
    """

    def __init__(
        self, domain: Domain, parts: Mapping[str, nn.Module], width: int, *, steerable: bool = True
    ) -> None:
        self.domain = domain
        self.steerable = steerable and domain.label_count > 0
        self.module = nn.ModuleDict(parts)
        self.prior = LabelPrior(domain.label_count, width) if self.steerable else None
        if self.prior is not None:
            self.module["labels"] = self.prior

    def stages(self) -> tuple[Stage, ...]:
        """The label prior, where labels steer; then the stages of sprites."""
        stages = self.sprite_stages()
        return stages if self.prior is None else (label_stage(self.prior), *stages)

    @abstractmethod
    def sprite_stages(self) -> tuple[Stage, ...]:
        """The stages that learn sprites given labels."""

    def exclude(self, pairs: Callable[[], Tensor]) -> None:
        """Take ``(L, L) uint8`` pairs of labels that exclude each other."""
        if self.prior is not None and len(self.prior.exclusive):
            self.prior.exclusive.copy_(pairs())

    def unseen_pairs(self, labels: Tensor) -> Sequence[tuple[int, int]]:
        """The pairs among ``(L,)`` labels fully asked for that exclude each other."""
        if self.prior is None or not len(self.prior.exclusive):
            return ()
        asked = labels >= 1
        both = (self.prior.exclusive.cpu() > 0) & torch.outer(asked, asked)
        return [(int(a), int(b)) for a, b in (both | both.t()).triu(1).nonzero()]

    def complete_labels(self, asked: Tensor, noise: Noise) -> Tensor:
        """``(n, L)`` labels with the open ones drawn, where labels steer."""
        return asked if self.prior is None else self.prior.complete(asked, noise)


def drop_labels(labels: Tensor, noise: Noise, dropout: float = LABEL_DROPOUT) -> Tensor:
    """Label dropout: a random part of ``(B, L)`` labels in {-1, 1} becomes 0, open.

    A share ``dropout`` of the sprites loses all labels, which trains the unconditional model that
    guidance needs (2207.12598). Of the others eight in ten keep all; one in ten keeps a random
    part of the present ones only; one in ten keeps a random part of all.
    """
    mode, rate = noise.uniform(2).unbind(1)
    kept = noise.uniform(labels.shape[1]) < rate.unsqueeze(1)
    all_known = (mode < 0.8).unsqueeze(1)
    only_present = (mode < 0.9).unsqueeze(1)
    known = all_known | (kept & ~(only_present & (labels < 0)))
    # `mode` and `rate` are spent; whether a sprite loses all labels is a draw of its own.
    labelled = noise.uniform(1) >= dropout
    return labels * (known & labelled)
