"""The kinds of arrays, each named once. Shapes stand beside each use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IndexMaps = NDArray[np.uint8]
"""``(..., H, W)`` palette indices."""
Rgba = NDArray[np.uint8]
"""``(..., 4)`` red, green, blue and alpha."""
Marks = NDArray[np.uint8]
"""``(N, L)``: 1 where a sprite bears a label, else 0."""
Bytes = NDArray[np.uint8]
"""Any other bytes: masks of 0 and 255, parts of files."""
Bools = NDArray[np.bool_]
Colors32 = NDArray[np.uint32]
"""RGBA packed into one number each."""
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
