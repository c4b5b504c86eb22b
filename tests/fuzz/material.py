"""A good file of each kind that pxgen reads, and the commands that read it."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.palette.formats import encode_palette
from pxgen.render.apng import encode_apng
from pxgen.render.gif import encode_gif
from pxgen.render.png import encode_png
from pxgen.render.video import encode_mp4, encode_webm
from pxgen.render.webp import encode_webp
from tests.support import aseprites, pictures
from tests.support.tiny import MODEL_TABLE, PALETTE, tiny_dataset

Commands = Sequence[Sequence[str]]


class Kind(NamedTuple):
    """Files of one kind."""

    file: str
    """Where it lies, relative to the folder of a case."""
    good: bytes
    commands: Commands
    """What reads it."""


def good_files(folder: Path) -> dict[str, Kind]:
    """A whole project in ``folder``, and one good file of each kind."""
    (folder / "pxgen.toml").write_text(f"{MODEL_TABLE}\n[train]\nsteps = 2\nbatch = 8\n")
    (folder / "dataset").mkdir()
    tiny_dataset(folder / "dataset", 24)
    _run(["--project", str(folder), "train", "-o", str(folder / "run")])
    (folder / "art").mkdir()
    frames = np.zeros((2, 6, 8), np.uint8)
    frames[:, 1:5, 1:4] = 2
    frames[1, 2, 2] = 4
    for number in range(4):
        (folder / "art" / f"{number}.png").write_bytes(encode_png(frames[number % 2], PALETTE))
    sample = ["sample", "-m", "run", "-n", "3", "-o", "drawn/", "--manifest", "m.jsonl"]
    with inside(folder):
        _run(sample)
    colors = PALETTE.colors(frames)
    arrays, packed = io.BytesIO(), io.BytesIO()
    np.save(arrays, colors)
    np.savez(packed, images=colors, labels=np.eye(2, dtype=np.uint8))
    images: dict[str, bytes] = {
        "a.png": encode_png(frames[0], PALETTE),
        "rgba.png": _pillow(colors[0], "PNG"),
        "a.gif": encode_gif(frames, PALETTE, 100),
        "a.apng": encode_apng(frames, PALETTE, 100),
        "a.webp": encode_webp(frames, PALETTE, 100),
        "a.bmp": _pillow(colors[0][..., :3], "BMP"),
        "a.jpg": _pillow(colors[0][..., :3], "JPEG"),
        "a.aseprite": encode_aseprite([Clip("idle", frames, [100.0, 100.0])], PALETTE),
        "a.piskel": _piskel(colors[0]),
        "a.mp4": encode_mp4(frames, PALETTE, 100),
        "a.webm": encode_webm(frames, PALETTE, 100),
        **_odd_images(),
        "a.npy": arrays.getvalue(),
        "a.npz": packed.getvalue(),
    }
    kinds = {name: Kind(f"in/{name}", data, _image_commands(name)) for name, data in images.items()}
    for suffix in (".hex", ".gpl", ".pal", ".txt", ".png"):
        data = encode_palette(PALETTE, suffix)
        kinds[f"palette{suffix}"] = _palette_kind(suffix, data)
    kinds["palette.ase"] = _palette_kind(".ase", _ase())
    kinds["palette.aco"] = _palette_kind(".aco", _aco())
    kinds["palette.act"] = _palette_kind(".act", _act())
    kinds["palette.json"] = _palette_kind(".json", b'{"name": "a", "colors": ["c80a0a", "0ac80a"]}')
    for name, data in _large_images().items():
        kinds[name] = Kind(f"in/{name}", data, [["inspect", f"in/{name}"]])
    for name, data in (
        ("labels.csv", b'Image Index,Labels\n0.png,"[1 0]"\n1.png,"[0 1]"\n2.png,a\n3.png,b\n'),
        ("labels.jsonl", b'{"file_name": "0.png", "kind": "a"}\n{"file_name": "1.png", "n": 2}\n'),
        ("dataset.json", b'{"labels": [["0.png", 0], ["1.png", 1], ["2.png", 1], ["3.png", 0]]}'),
        ("labels.json", b'{"0.png": ["a", "b"], "1.png": {"a": 1}, "2": "b", "3.png": []}'),
    ):
        command = ["prepare", "art", "--labels", f"in/{name}", "-o", "made", "--force"]
        kinds[name] = Kind(f"in/{name}", data, [command])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as entries:
        # One file, so that its damage is one line.
        entries.writestr("a.png", images["a.png"])
        entries.writestr("a.txt", "red, green")
    command = ["prepare", "in/art.zip", "-o", "made", "--force"]
    kinds["art.zip"] = Kind("in/art.zip", archive.getvalue(), [command])
    (folder / "sheet").mkdir()
    (folder / "sheet" / "left.png").write_bytes(encode_png(frames[0], PALETTE))
    kinds["sheet.json"] = Kind(
        "sheet/left.json", _described(frames[0]), [["prepare", "sheet", "-o", "made", "--force"]]
    )
    project, out = (folder / "pxgen.toml").read_bytes(), ["-o", "out/", "--force"]
    kinds["pxgen.toml"] = Kind(
        "pxgen.toml", project, [["prepare", "art", *out], ["sample", "-m", "run", *out]]
    )
    manifest = (folder / "m.jsonl").read_bytes()
    train = ["train", "--dataset", "dataset", "--steps", "1", "--fresh", "-o", "new"]
    kinds["manifest"] = Kind(
        "m.jsonl", manifest, [["sample", "-m", "run", "--repeat", "m.jsonl", *out]]
    )
    for name, commands in (
        ("dataset/dataset.safetensors", [["inspect", "dataset"], train]),
        ("run/checkpoint.safetensors", [["inspect", "run"], ["sample", "-m", "run", *out]]),
    ):
        kinds[name] = Kind(name, (folder / name).read_bytes(), commands)
    return kinds


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Make ``folder`` the current one for a block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _run(arguments: Sequence[str]) -> None:
    result = CliRunner().invoke(pxgen, ["-q", *arguments])
    if result.exit_code:
        raise RuntimeError(result.stderr)


def _image_commands(name: str) -> Commands:
    file = f"in/{name}"
    prepare = ["prepare", file, "-o", "made", "--force"]
    if name.endswith(("npy", "npz")):
        return [prepare, ["export", file, "-o", "sheet.png"]]
    commands = [prepare, ["inspect", file], ["lint", file], ["export", file, "-o", "sheet.png"]]
    if name.endswith((".png", ".bmp", ".jpg")):
        commands.append(["reconstruct", file, "-m", "run", "-o", "x.png"])
    return commands


def _described(frame: np.ndarray) -> bytes:
    """A sheet of two frames, one of them trimmed and turned, in JSON."""
    height, width = frame.shape
    whole = {"w": width, "h": height}
    turned = {
        "frame": {"x": 1, "y": 0, "w": 2, "h": 3},
        "rotated": True,
        "spriteSourceSize": {"x": 1, "y": 1, "w": 2, "h": 3},
        "sourceSize": whole,
        "duration": 80,
    }
    frames = {"hero 0.png": {"frame": {"x": 0, "y": 0, **whole}}, "hero 1.png": turned}
    tags = [{"name": "walk-left", "from": 0, "to": 1, "direction": "pingpong"}]
    meta = {"image": "left.png", "frameTags": tags}
    return json.dumps({"frames": frames, "meta": meta}).encode()


def _palette_kind(suffix: str, data: bytes) -> Kind:
    file = f"in/palette{suffix}"
    return Kind(
        file,
        data,
        [["palette", "show", file], ["prepare", "art", "--palette", file, "-o", "made", "--force"]],
    )


def _piskel(rgba: np.ndarray) -> bytes:
    sheet = base64.b64encode(_pillow(rgba, "PNG")).decode()
    chunk = {"layout": [[0]], "base64PNG": f"data:image/png;base64,{sheet}"}
    layer = json.dumps({"name": "a", "opacity": 0.5, "frameCount": 1, "chunks": [chunk]})
    size = {"height": rgba.shape[0], "width": rgba.shape[1]}
    about = {"name": "a", "fps": 12, **size, "layers": [layer, layer]}
    return json.dumps({"modelVersion": 2, "piskel": about}).encode()


def _pillow(pixels: np.ndarray, form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def _ase() -> bytes:
    blocks = []
    for row in PALETTE.rgba[1:]:
        name = struct.pack(">H", 2) + "a\0".encode("utf-16-be")
        body = name + b"RGB " + struct.pack(">3fH", *(row[:3] / 255.0), 2)
        blocks.append(struct.pack(">HI", 1, len(body)) + body)
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def _aco() -> bytes:
    colors = [
        struct.pack(">5H", 0, *(int(c) * 257 for c in row[:3]), 0) for row in PALETTE.rgba[1:]
    ]
    return struct.pack(">2H", 1, len(colors)) + b"".join(colors)


def _act() -> bytes:
    rows = PALETTE.rgba[1:, :3].tobytes()
    return rows.ljust(768, b"\0") + struct.pack(">2H", len(rows) // 3, 0xFFFF)


def _odd_images() -> dict[str, bytes]:
    """Legal files with what our own writers never write."""
    red, clear = bytes([255, 0, 0, 255]), bytes(4)
    cells = [
        pictures.Cell(0, 0, 4, 2, [red * 4, clear * 4], dispose, blend=1) for dispose in range(3)
    ]
    drawn = [pictures.Drawn(k, 0, 4, 2, [1, 2, 3, 0] * 2, k + 1, 0) for k in range(3)]
    tiles = np.arange(2 * 2 * 2 * 4, dtype=np.uint8).reshape(2, 2, 2, 4)
    chunks = [
        aseprites.tileset(tiles),
        aseprites.layer(kind=2, blend=5),
        aseprites.layer(kind=1, opacity=99, blend=12),
        aseprites.layer(level=1, blend=9),
        aseprites.tile_map(0, [[1, 1 | aseprites.FLIP_X], [0, 1 | aseprites.FLIP_DIAGONALLY]]),
        aseprites.cel(2, aseprites.solid((9, 200, 30, 128))),
        aseprites.tags(("a", 0, 1, 2)),
    ]
    key = [(b"tRNS", b"\x12\x34")]
    return {
        "parts.apng": pictures.apng(4, 2, 6, cells),
        "parts.gif": pictures.gif(5, 2, drawn),
        "masks.bmp": pictures.bmp(2, 2, 16, bytes(range(8)), (0xF00, 0xF0, 0xF, 0xF000), 108),
        "packed.tga": pictures.tga(10, (4, 2), 32, b"\x83\1\2\3\x80\x03" + red * 4),
        "key.png": pictures.png(2, 1, 16, 0, [b"\x12\x34\xff\xff"], key),
        "tiles.aseprite": aseprites.document([chunks, [aseprites.linked(2, 0)]], flags=3),
    }


def _large_images() -> dict[str, bytes]:
    """Files of few bytes and many pixels, which are legal."""
    side = 1024
    layers = [aseprites.layer(blend=mode) for mode in (0, 9, 12)]
    pixels = aseprites.solid((9, 200, 30, 128), side, side)
    cels = [aseprites.cel(number, pixels) for number in range(len(layers))]
    return {
        "large.aseprite": aseprites.document([[*layers, *cels]], width=side, height=side),
        "large.png": pictures.png(2 * side, 2 * side, 1, 0, [bytes(side // 4)] * 2 * side),
        "large.gif": pictures.gif(side, side, [pictures.Drawn(0, 0, side, side, [1], 2)] * 2),
    }
