"""What holds for every test."""

from __future__ import annotations

import signal

import torch

# Tiny models lose more to threads that wait for one another than they gain.
torch.set_num_threads(1)
# What a script runs in the background is deaf to Ctrl-C, and so would be the programs tested here.
signal.signal(signal.SIGINT, signal.default_int_handler)
