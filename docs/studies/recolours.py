"""Recoloured characters: how the rest of one is drawn in colours that no training sprite has.

    python docs/studies/recolours.py runs/0001-masked --dataset dataset --given front -n 24

The red, green and blue of held-out characters change places, which turns their hues by a third of
a circle. A view of each is given, as it was and recoloured, with its colours snapped to the palette
and by ``--palette given``. Of the foreground that was not given, a row tells how much has exactly
the colour it should have, and how much could have it: has a colour that the given view shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import pxgen
from pxgen.arrays import Bools, Rgba
from pxgen.data.dataset import subsample

TURNS = {"as they were": (0, 1, 2), "a third": (1, 2, 0), "two thirds": (2, 0, 1)}
"""Which channels are red, green and blue."""


def shown(rgba: Rgba, given: Bools) -> Bools:
    """Of each pixel of ``(T, H, W, 4)`` frames whether the ``(T,)`` given frames have its color."""
    known = {tuple(color) for color in rgba[given].reshape(-1, 4).tolist()}
    colors = [tuple(color) in known for color in rgba.reshape(-1, 4).tolist()]
    return np.array(colors).reshape(rgba.shape[:-1])


def main() -> None:
    """Print a row for each turn of the hues, and each way to read a given picture's colours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument(
        "--given", required=True, help="the name or number of the frame that is given"
    )
    parser.add_argument("-n", "--count", type=int, default=24)
    options = parser.parse_args()
    model, dataset = pxgen.load(options.model), pxgen.open_dataset(options.dataset)
    clips, _ = dataset.take(subsample(dataset.held_out, options.count))
    named = options.given in model.frame_names
    frame = model.frame_names.index(options.given) if named else int(options.given)
    given = np.arange(clips.shape[1]) == frame
    print("| hues turned by | `--palette` | exact | could be |\n|---|---|---|---|")
    for turn, channels in TURNS.items():
        for palette in (None, "given"):
            exact = possible = foreground = 0
            for seed, clip in enumerate(clips):
                wanted = dataset.palette.colors(clip)[..., [*channels, 3]]
                drawn = model.animate(
                    given={options.given: wanted[frame]}, palette=palette, seed=seed
                )
                made = drawn.palettes[0].colors(drawn.indices[0])
                judged = ((made[..., 3] > 0) | (wanted[..., 3] > 0)) & ~given[:, None, None]
                right = (made == wanted).all(-1)
                exact += int((right & judged).sum())
                possible += int((shown(wanted, given) & judged).sum())
                foreground += int(judged.sum())
            shares = " | ".join(f"{part / foreground:.1%}" for part in (exact, possible))
            print(f"| {turn} | {palette or 'its own'} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
