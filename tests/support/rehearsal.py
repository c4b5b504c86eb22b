"""Shell blocks as they stand, in seconds: a ``pxgen`` that has started already and is modest.

``python -m tests.support.rehearsal SOCKET`` imports the package once and forks for every command,
which saves each the start of torch. :func:`modest` is the one place where commands become smaller
than they are written: trainings of a few steps of a tiny network, few sprites, few steps of
drawing. What a block asks for beyond that, and whether it can be asked for, is as written.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pxgen.canvas import Domain
    from pxgen.models.protocol import Model

SETTINGS = {
    "PXGEN_PREPARE_COUNT": "24",
    "PXGEN_DOCTOR_SECONDS": "0",
    "PXGEN_EVALUATE_COUNT": "4",
    "PXGEN_INTERPOLATE_FRAMES": "4",
    "PXGEN_TRAIN_BATCH": "4",
    "PXGEN_COMPARE_BATCH": "4",
    "PXGEN_TRAIN_STEPS": "2",
    "PXGEN_COMPARE_STEPS": "2",
}
"""What commands take that are not told otherwise."""
MOST = {"--steps": 2, "--count": 24, "-n": 24}
"""Numbers that are no larger than this, whatever is written."""
FEW = {"sample": 8, "animate": 2, "evaluate": 4}
"""Pictures that these draw at most."""


def modest(argv: list[str]) -> list[str]:
    """The arguments of a command of seconds."""
    verb = next((word for word in argv if not word.startswith("-")), "")
    told = list(argv)
    for place, option in enumerate(argv[:-1]):
        value = argv[place + 1]
        if option == "--minutes" and float(value) > 0:
            told[place : place + 2] = ["--steps", "2"]
        elif option == "--frames" and verb in ("animate", "interpolate"):
            told[place + 1] = str(min(int(value), 4))
        elif option in MOST and value.isdecimal():
            most = MOST[option] if option == "--steps" else FEW.get(verb, MOST[option])
            told[place + 1] = str(min(int(value), most))
    return told


@contextmanager
def rehearsing() -> Iterator[dict[str, str]]:
    """The environment in which ``pxgen`` is this one, for as long as it is needed."""
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory(prefix="px", dir="/tmp") as folder:
        address, program = Path(folder, "socket"), Path(folder, "pxgen")
        shim = Path(__file__).with_name("shim.py")
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "{shim}" "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([folder, str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
        environment = own | SETTINGS | {"PATH": path, "REHEARSAL": str(address)}
        command = [sys.executable, "-m", "tests.support.rehearsal", str(address)]
        alone = {"OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, cwd=root, env=environment | alone) as server:
            while not address.exists() and server.poll() is None:
                time.sleep(0.02)
            try:
                yield environment
            finally:
                server.terminate()


def serve(address: str) -> None:
    """Run every command that is sent, each in a process of its own."""
    import pxgen

    _shrink()
    for module in pkgutil.walk_packages(pxgen.__path__, "pxgen."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address + ".new")
        listening.listen()
        os.rename(address + ".new", address)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _run(connection)
            connection.close()


def _shrink() -> None:
    """Before any module has taken the functions that are replaced."""
    from pxgen.config import recipe
    from pxgen.config.schema import Table
    from pxgen.models import registry
    from tests.support.tiny import TINY

    resolve, build_model = recipe.resolve, registry.build_model

    def tiny(table: Table, name: str | None = None) -> Table:
        found = resolve(table, name)
        return Table({**found, **{k: TINY[k] for k in TINY.keys() & found.keys()}}, found.where)

    def hasty(table: Table, domain: Domain) -> Model:
        steps = {"steps": 2} if "steps" in table else {}
        return build_model(Table({**table, **steps}, table.where), domain)

    recipe.resolve, registry.build_model = tiny, hasty
    from pxgen.evaluation.judge import train_judges
    from pxgen.models.diffusion import inpainting
    from pxgen.training import preview

    inpainting.PROPOSALS, inpainting.ROUNDS = 2, 1
    preview.PICTURES = 4
    train_judges.__kwdefaults__["steps"] = 2


def _run(connection: socket.socket) -> None:
    from pxgen.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # The objects know what kind of file their numbers were.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    argv, folder, environment = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["pxgen", *modest(argv)]
    status = 70
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        connection.send(bytes([status]))
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1])
