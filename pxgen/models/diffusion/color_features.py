"""Where embeddings of colours start: those that look alike start alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pxgen.palette.oklab import to_oklab

LENGTH = 0.3
"""How far colours reach that start alike, in OKLab, where black and white are 1 apart."""


def color_features(palette: Sequence[tuple[int, int, int, int]], count: int) -> Tensor:
    """``(K, count)``: random Fourier features (Rahimi and Recht, 2007) of RGBA colours.

    The product of two colours' features falls as a Gaussian of their distance in OKLab and alpha,
    so that transparent has nothing in common with black. A colour has the same ones in every
    palette.
    """
    rgba = np.array(palette, np.uint8)
    seen = torch.from_numpy(np.concatenate([to_oklab(rgba[:, :3]), rgba[:, 3:] / 255], 1))
    generator = torch.Generator().manual_seed(0)
    with torch.device("cpu"):
        frequencies = torch.randn(4, count, generator=generator, dtype=torch.float32) / LENGTH
        phases = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float32)
        features: Tensor = math.sqrt(2) * (seen.float() @ frequencies + phases).cos()
    return features
