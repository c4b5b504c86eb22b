"""A judge's opinion of single sprites: the labels that it sees, and its doubts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pxgen.arrays import F32, Bools, IndexMaps
from pxgen.builtin import Cast, certify
from pxgen.data.dataset import NEITHER, Dataset
from pxgen.evaluation.judge import train_judges


class Opinion(NamedTuple):
    """What a judge sees in sprites."""

    doubts: F32
    """``(n,)`` in [0, 1]."""
    seen: Bools
    """``(n, L)`` labels that each shows."""
    about: str
    """A sentence on the judge, for people."""


def certified(pixels: IndexMaps, asked: F32, cast: Cast) -> Opinion:
    """Of the certifier, about built-in characters.

    Args:
        pixels: ``(n, T, H, W) uint8``.
        asked: ``(n, L)`` labels asked for, in [-1, 1].
        cast: the set that they are of.
    """
    certificates = [certify(clip, cast) for clip in pixels]
    seen = np.array([[name in c.label_names for name in cast.labels] for c in certificates])
    wrong = np.array([certificate.distance for certificate in certificates]) / pixels[0].size
    doubts = np.maximum(_missed(seen.astype(np.float32), asked), wrong).astype(np.float32)
    return Opinion(
        doubts,
        seen,
        "Doubts are those of the certifier, which knows every character of the built-in set: the "
        "share of pixels that are wrong, and 100 % where a label that was asked for is missing.",
    )


def judged(scores: F32, asked: F32) -> Opinion:
    """Of classifiers by their ``(n, L)`` scores, about sprites asked for ``(n, L)`` labels."""
    shown = (1 / (1 + np.exp(-np.clip(scores, -30, 30)))).astype(np.float32)
    unasked = 1 - shown.max(1, initial=0)
    doubts = np.where((asked != 0).any(1), _missed(shown, asked), unasked).astype(np.float32)
    return Opinion(
        doubts,
        scores > 0,
        "Doubts are those of a classifier trained on real sprites: how little it believes that the "
        "labels asked for are shown or, where none was, that any is.",
    )


def opinion_by(dataset: Dataset, pixels: IndexMaps, asked: F32) -> Opinion | None:
    """Of a classifier that is trained on all of a dataset; None where that bears no label.

    It learns for seconds; whole collections are judged by better ones, see ``labels``.
    """
    real = np.flatnonzero(dataset.split != NEITHER)
    if not dataset.marks[real].any():
        return None
    (judge,) = train_judges(dataset, [real], seed=0, workers=1)
    return judged(judge.scores(pixels), asked)


def labels_shown(names: Sequence[str], asked: F32, opinion: Opinion | None) -> list[list[str]]:
    """The labels of each sprite: those asked for, and those that a judge sees."""
    borne = asked > 0 if opinion is None else (asked > 0) | opinion.seen
    return [[names[int(k)] for k in np.flatnonzero(row)] for row in borne]


def _missed(shown: F32, asked: F32) -> F32:
    """``(n,)``: how surely a label asked for is missing, or a forbidden one shown, at most."""
    wrong = np.where(asked > 0, 1 - shown, np.where(asked < 0, shown, 0))
    worst: F32 = wrong.max(1, initial=0)
    return worst
