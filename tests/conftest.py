"""What holds for every test."""

from __future__ import annotations

import torch

# Tiny models lose more to threads that wait for one another than they gain.
torch.set_num_threads(1)
