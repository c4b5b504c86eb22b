"""The sheet that shows what a model in training draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pxgen.card import Card
from pxgen.drawing import Wish, draw
from pxgen.files import write_bytes
from pxgen.lanes import cores
from pxgen.models.protocol import Model, Sampling
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet

PICTURES = 24
SCALE = 3


def write_preview(path: Path, model: Model, card: Card, device: torch.device) -> Path:
    """Draw a sheet of the same wishes each time: labels in turn, spread over the vocabulary."""
    count = len(card.label_names)
    wishes, how = [], Sampling()
    for index in range(PICTURES):
        labels = np.zeros(count, np.float32)
        if count:
            labels[index * max(1, count // PICTURES) % count] = 1
        wishes.append(Wish(index, labels, how))
    pictures = draw(model, wishes, seed=0, device=device, workers=cores())
    strips = np.stack([np.concatenate(list(clip), axis=1) for clip in pictures])
    return write_bytes(path, encode_png(enlarge(contact_sheet(strips), SCALE), card.palette))
