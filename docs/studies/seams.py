"""How visible the seams of tiles are: a model of cobblestones, drawn with and without ``--tile``.

    python docs/studies/seams.py --minutes 3 -o build/study/seams

A seam is as visible as the share of its pixels that differ from their neighbours across it; the
columns inside of the same tiles say what share is usual.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pxgen.palette import Palette
from pxgen.render.png import decode_png, encode_png

U8 = NDArray[np.uint8]
SIDE, PLANE, STONES, TILES, DRAWN = 16, 640, 5200, 4000, 400
PALETTE = Palette.of([(40, 36, 44), *((grey, grey, grey + 4) for grey in (92, 116, 140, 168))])


def cobblestones(seed: int = 0) -> U8:
    """``(PLANE, PLANE) uint8``: stones of four greys with dark joints, nowhere periodic."""
    generator = np.random.default_rng(seed)
    sites = generator.uniform(0, PLANE, (STONES, 2))
    grey = generator.integers(2, 6, STONES)
    rows = np.arange(PLANE)[:, None]
    owner = np.zeros((PLANE, PLANE), np.int64)
    for top in range(0, PLANE, 32):
        near = np.flatnonzero((sites[:, 0] > top - 40) & (sites[:, 0] < top + 72))
        down = (rows[top : top + 32, :, None] - sites[near, 0]) ** 2
        across = (np.arange(PLANE)[None, :, None] - sites[near, 1]) ** 2
        owner[top : top + 32] = near[(down + across).argmin(-1)]
    plane = grey[owner]
    joint = np.zeros_like(plane, bool)
    joint[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    joint[1:] |= owner[1:] != owner[:-1]
    plane[joint] = 1
    return plane.astype(np.uint8)


def write_tiles(folder: Path) -> None:
    """Cut tiles anywhere out of the plane."""
    plane, generator = cobblestones(), np.random.default_rng(1)
    folder.mkdir(parents=True)
    for number, (top, left) in enumerate(generator.integers(0, PLANE - SIDE, (TILES, 2))):
        tile = plane[top : top + SIDE, left : left + SIDE]
        (folder / f"{number:05}.png").write_bytes(encode_png(tile, PALETTE))


def pxgen(*arguments: object) -> None:
    """Run a command of the tool."""
    command = [sys.executable, "-m", "pxgen", "-q", *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def differing(tiles: U8) -> tuple[float, NDArray[np.float64]]:
    """Of ``(n, H, W)`` tiles: the shares that differ across seams, and across each line inside."""
    seams, inside = [], []
    for maps in (tiles, tiles.swapaxes(1, 2)):
        seams.append((maps[:, :, 0] != maps[:, :, -1]).mean())
        inside.append((maps[:, :, 1:] != maps[:, :, :-1]).mean((0, 1)))
    return float(np.mean(seams)), np.concatenate(inside)


def main() -> None:
    """Prepare, train, draw both ways, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    out: Path = options.out
    write_tiles(out / "tiles")
    pxgen("prepare", out / "tiles", "-o", out / "dataset")
    train = ("--dataset", out / "dataset", "--minutes", options.minutes, "-o", out / "run")
    pxgen("train", *train)
    for name, tile in (("plain", ()), ("tiled", ("--tile", "xy"))):
        asked = ("-m", out / "run", "-n", DRAWN, *tile, "-o", f"{out / name}/")
        pxgen("sample", *asked)
        tiles = np.stack([decode_png(path)[0] for path in sorted((out / name).iterdir())])
        seam, inside = differing(tiles)
        print(
            f"{name}: {seam:.1%} differ across seams, {inside.mean():.1%} across lines inside "
            f"({inside.min():.1%} to {inside.max():.1%})"
        )
        pattern = np.tile(tiles[:8].reshape(2, 4, SIDE, SIDE), (1, 1, 3, 3))
        rows = [np.concatenate([*row], 1) for row in pattern]
        (out / f"{name}.png").write_bytes(encode_png(np.concatenate(rows), PALETTE))


if __name__ == "__main__":
    main()
