"""Run every measurement, print one table, and exit with 1 if a bar is missed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.bench import diffusion, files, gifs, making, material, priors, startup, training
from tests.bench.machine import Machine, look
from tests.bench.rows import Row, digits, page, table


def main() -> int:
    """Measure, print, and say whether every bar was cleared."""
    arguments = _arguments()
    machine = look()
    print(f"{machine}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="pxgen-bench-") as folder:
        rows = []
        path = Path(folder)
        for row in gifs.rows(path) if arguments.gifs else _rows(path, arguments.data):
            rows.append(row)
            print(f"  {row.name}: {digits(row.figure)} {row.unit}", file=sys.stderr, flush=True)
    print(table(rows))
    if arguments.page is not None:
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        arguments.page.write_text(page(str(machine), _command(arguments), rows), "utf-8")
    if arguments.json is not None:
        _write(arguments.json, machine, rows)
    return int(any(row.ok is False for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of sprites (default: 10,000 built-in ones as PNGs)"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the table in Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    parser.add_argument("--gifs", action="store_true", help="a hundred GIFs alone, three ways")
    return parser.parse_args()


def _command(arguments: argparse.Namespace) -> str:
    """How to measure the same again."""
    if arguments.gifs:
        return "python -m tests.bench --gifs"
    return "make bench" if arguments.data is None else f"make bench DATA={arguments.data.name}"


def _rows(folder: Path, data: Path | None) -> Iterator[Row]:
    yield from startup.help_rows(folder)
    model = material.model(folder)
    yield from startup.cold_sample_rows(folder, model)
    sprites = data.resolve() if data is not None else material.sprites(folder)
    prepared = yield from making.prepare_rows(folder, sprites)
    yield from files.rows(folder, sprites, folder / making.DATASET, prepared)
    yield from making.sample_rows(folder, model)
    yield from gifs.rows(folder)
    yield from training.rows(folder, folder / making.DATASET)
    yield from diffusion.rows(folder)
    yield from priors.rows(folder)
    yield from files.million_rows(folder)


def _write(path: Path, machine: Machine, rows: list[Row]) -> None:
    document = {
        "machine": asdict(machine),
        "rows": [asdict(row) | {"ok": row.ok} for row in rows],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
