"""Damaged files of every kind that pxgen reads, made of good ones, and what it says of them.

    python -m tests.fuzz --minutes 5 --seed 1 --keep crashes/

Each case damages one good file and runs the commands that read it. Whatever the damage, a command
succeeds or refuses in one clear line with status 2 or 3, soon and in bounded memory; anything else
is kept and told.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from click.testing import CliRunner
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.atlas import Clip
from pxgen.palette.formats import encode_palette
from pxgen.render.apng import encode_apng
from pxgen.render.gif import encode_gif
from pxgen.render.png import encode_png
from pxgen.render.video import encode_mp4, encode_webm
from pxgen.render.webp import encode_webp
from tests.support import aseprites, pictures
from tests.support.tiny import MODEL_TABLE, PALETTE, tiny_dataset

SECONDS = 20
"""Beyond which a command counts as hanging."""
LINES = 2
MEMORY = 4 << 30
"""Bytes that the program may take."""
ODD = (0, 0xFF, 0x7F, 0x80, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
TOKENS = (b"", b"-1", b"0", b"1e999", b"nan", b"99999999999999999999", b"null", b"[]", b"{}", b'"')
TOKENS += (b"true", b"../../x", b"\x00", b"\xff\xfe", "ü☃".encode(), b",", b"\n", b"\x1b[31m", b"]")

Commands = Sequence[Sequence[str]]


class Kind(NamedTuple):
    """Files of one kind."""

    file: str
    """Where it lies, relative to the folder of a case."""
    good: bytes
    commands: Commands
    """What reads it."""


class Crash(NamedTuple):
    """What should not have happened."""

    command: Sequence[str]
    said: str


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
        ("labels.json", b'{"0.png": ["a", "b"], "1.png": {"a": 1}, "2": "b", "3.png": []}'),
    ):
        command = ["prepare", "art", "--labels", f"in/{name}", "-o", "made", "--force"]
        kinds[name] = Kind(f"in/{name}", data, [command])
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


def cases(kinds: dict[str, Kind], seed: int) -> Iterator[tuple[str, bytes]]:
    """Kinds in turn, each time with another damage; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        for name, kind in kinds.items():
            yield name, damaged(kind.good, name, chance)


def damaged(good: bytes, name: str, chance: random.Random) -> bytes:
    """One to three random damages; checksums and lengths are made good again half of the time."""
    data = good
    if name.endswith(".safetensors") and chance.random() < 0.7:
        return _odd_header(data, chance)
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(DAMAGES)(data or b"\0", chance)
    if name.endswith(("png", "apng")) and chance.random() < 0.5:
        data = _with_checksums(data)
    return data


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(changed)


def _number(data: bytes, chance: random.Random) -> bytes:
    size, order = chance.choice((1, 2, 4)), chance.choice(("little", "big"))
    place = chance.randrange(len(data))
    value = chance.choice(ODD) % 256**size
    return data[:place] + value.to_bytes(size, order) + data[place + size :]  # type: ignore[arg-type]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _lose(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 16) :]


def _again(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randint(1, 64)]
    return data[:start] + part * chance.randint(2, 20) + data[start:]


def _token(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.choice(TOKENS) + data[start + chance.randint(0, 6) :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...]
DAMAGES = (_flip, _number, _cut, _lose, _again, _token)


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of what they hold now."""
    place, made = 8, data[:8]
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        body = data[place + 4 : place + 8 + length]
        made += data[place : place + 4] + body + struct.pack(">I", zlib.crc32(body))
        place += 12 + length
    return made + data[place:]


def _odd_header(data: bytes, chance: random.Random) -> bytes:
    """A safetensors file of which one JSON value is another."""
    length = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:length])
    key = next(iter(header["__metadata__"]))
    about = json.loads(header["__metadata__"][key])
    table, name = chance.choice(list(_places(chance.choice([header, about]))))
    odd = (None, -1, 0, 2**70, 1.5, float("nan"), float("inf"), "x", [], {}, [[1]], True)
    table[name] = chance.choice(odd)
    if isinstance(header.get("__metadata__"), dict) and key in header["__metadata__"]:
        header["__metadata__"][key] = json.dumps(about)
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + data[length:]


def _places(table: Any) -> Any:
    """Every place in nested JSON: what holds it, and its key."""
    for name in list(table if isinstance(table, dict) else range(len(table))):
        yield table, name
        if isinstance(table[name], dict | list):
            yield from _places(table[name])


def tried(kind: Kind, content: bytes, folder: Path) -> Iterator[Crash]:
    """Run the commands of a kind on one content, in a folder of good files."""
    path = folder / kind.file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with inside(folder):
        for command in kind.commands:
            said = complaint(command)
            if said is not None:
                yield Crash(command, said)
    path.write_bytes(kind.good)


def complaint(command: Sequence[str]) -> str | None:
    """What is wrong with how a command behaves; None if nothing is."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        result = CliRunner().invoke(pxgen, ["-q", *command])
    except _TooLong:
        return f"still running after {SECONDS} seconds"
    finally:
        signal.alarm(0)
    told = result.stderr.splitlines()
    # `lint` says with 1 that it found something.
    if result.exit_code == 0 or (result.exit_code == 1 and command[0] == "lint" and not told):
        return None
    if result.exit_code not in {2, 3} or "Traceback" in result.stderr:
        return f"status {result.exit_code}: {result.stderr.strip()[:400]} {result.exception!r}"
    # A list of bad files may come before the line that says what to do.
    clear = 1 <= len(told) <= LINES and told[-1].startswith("pxgen: ")
    if not clear or "\x1b" in result.stderr:
        return f"no clear line: {result.stderr[:400]!r}"
    return None


class _TooLong(BaseException):
    """Nothing that a reader would take for a damaged file."""


def _too_long(number: int, frame: Any) -> None:
    raise _TooLong


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Damage files for some minutes; the status says whether anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that crash something")
    options = parser.parse_args(arguments)
    crashes, counts, ran = [], Counter[str](), 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # imageio collects garbage at each end of a video, which takes a while beside torch.
    gc.freeze()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        kinds = good_files(folder)
        for name, content in cases(kinds, options.seed):
            if time.monotonic() - begin > 60 * options.minutes:
                break
            counts[name] += 1
            ran += len(kinds[name].commands)
            for crash in tried(kinds[name], content, folder):
                crashes.append(crash)
                print(f"{name}: {' '.join(crash.command)}: {crash.said}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    kept = options.keep / f"{len(crashes):03}-{Path(name).name}"
                    kept.write_bytes(content)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(counts.values())} damaged files of {len(counts)} kinds (seed {options.seed}), {ran} "
        f"commands in {time.monotonic() - begin:.0f} s, at most {peak:.0f} MB: "
        f"{len(crashes)} crashes"
    )
    return bool(crashes)


if __name__ == "__main__":
    sys.exit(main())
