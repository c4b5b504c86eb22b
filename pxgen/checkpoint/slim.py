"""Make a checkpoint small enough to ship: ``python -m pxgen.checkpoint.slim RUN OUT``.

What is left samples as before and cannot be trained on: the averaged weights, in 16 bits.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from pxgen.checkpoint.card import checkpoint_file, read_card
from pxgen.checkpoint.store import PALETTES, group, load_tensors, prefixed, save_checkpoint


def slim(run: Path, out: Path) -> Path:
    """Write the sampling half of the checkpoint at ``run`` to ``out`` and return its path.

    Raises:
        InputError: the checkpoint is missing or malformed.
        PxgenError: ``out`` cannot be written.
    """
    file = checkpoint_file(run)
    card, _ = read_card(file)
    tensors = load_tensors(file, "weights", PALETTES)
    halved = {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in group(tensors, "weights").items()
    }
    palettes = prefixed(group(tensors, PALETTES), PALETTES)
    bare = dataclasses.replace(card, training={})
    return save_checkpoint(out, bare, prefixed(halved, "weights") | palettes)


if __name__ == "__main__":
    print(slim(Path(sys.argv[1]), Path(sys.argv[2])))
