"""Samples of a model in training: the preview sheet, and sprites for a quick evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from pxgen.checkpoint.card import Card
from pxgen.devices import cores
from pxgen.evaluation.measure import Drawn, one_label
from pxgen.files import write_bytes
from pxgen.models.protocol import Model, SamplingParams
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet, strips
from pxgen.sampling.engine import PictureRequest, draw_pictures

PICTURES = 24
SCALE = 3


def draw_preview(model: Model, card: Card, device: torch.device) -> Drawn:
    """Samples of the same requests each time: labels in turn, at even distances."""
    count, sampling = len(card.label_names), SamplingParams()
    asked = np.full(PICTURES, -1, np.intp)
    if count and model.steerable:
        asked = np.arange(PICTURES) * max(1, count // PICTURES) % count
    labels = one_label(asked, count)
    requests = [PictureRequest(number, row, sampling) for number, row in enumerate(labels)]
    pictures = draw_pictures(model, requests, seed=0, device=device, workers=cores())
    return Drawn(np.stack(list(pictures)), asked)


def write_preview(path: Path, drawn: Drawn, card: Card) -> Path:
    """A sheet of the sprites, the frames of a clip in a row."""
    sheet = contact_sheet(strips(drawn.pixels))
    return write_bytes(path, encode_png(enlarge(sheet, SCALE), card.palette))
