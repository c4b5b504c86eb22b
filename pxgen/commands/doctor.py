"""``doctor``: what this machine and installation can do, and what is wrong with them."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console

from pxgen.config.project import Project
from pxgen.config.recipe import resolve
from pxgen.config.requests import DoctorSettings
from pxgen.config.schema import Table
from pxgen.config.settings import DataSettings
from pxgen.data.dataset import Dataset, open_dataset
from pxgen.errors import PxgenError, unsaid
from pxgen.files import existing_folder
from pxgen.version import __version__

LIBRARIES = ("torch", "numpy", "pillow", "imageio", "click", "rich", "safetensors", "tomli")
MINUTES = 10.0
"""The training that is foretold."""
MIN_SPACE, MIN_MEMORY = 1.0, 2.0
"""GB free on a disk, and of memory, below which a training may fail."""
GB = 10**9
CPU_TORCH = "pip install torch --index-url https://download.pytorch.org/whl/cpu"


def examine(settings: DoctorSettings, project: Project, console: Console) -> dict[str, Any]:
    """The facts of this machine as plain JSON values, ``problems`` last.

    ``speed`` is what a measured training promises: None if there was none. Nothing is written but
    temporary files.

    Raises:
        UsageError: the device is not there, or no recipe has that name.
        InputError: no recipe has the name that the project file gives, or the dataset that is named
            is none.
    """
    table = resolve(project.model, settings.recipe)
    facts: dict[str, Any] = {
        "pxgen": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libraries": {name: _version(name) for name in LIBRARIES},
        "memory": {**_memory(), "unit": "GB"},
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
    if settings.dataset is not None:
        open_dataset(settings.dataset)
    problems = [*_disk_problems(project), *_memory_problems(facts["memory"])]
    speed = None
    try:
        facts |= _torch_facts(settings.device)
    except (ImportError, OSError) as error:
        problems.append(f"torch cannot be loaded ({error}): install it again: {CPU_TORCH}")
    else:
        problems += _torch_problems(facts)
        try:
            if settings.seconds:
                speed = _measured(table, settings, project, console)
        except (PxgenError, OSError, RuntimeError) as error:
            # torch reports a GPU that it is not built for, or that is full, as RuntimeError.
            problems.append(f"no training could be measured: {error}")
    return {**facts, "speed": speed, "problems": problems}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory() -> dict[str, float | None]:
    """GB of memory, and of it free; None where the system does not tell."""
    told = Path("/proc/meminfo")
    if told.exists():
        lines = (line.partition(":") for line in told.read_text("ascii").splitlines())
        found = {name: int(rest.split()[0]) * 1024 / GB for name, _, rest in lines}
        return {"total": found.get("MemTotal"), "free": found.get("MemAvailable")}
    if hasattr(os, "sysconf"):
        return {
            "total": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GB,
            "free": None,
        }
    return {"total": None, "free": None}


def _torch_facts(device: str) -> dict[str, Any]:
    """What torch finds here.

    Raises:
        ImportError, OSError: torch cannot be loaded.
        UsageError: the device is not there.
    """
    import torch

    from pxgen.devices import available_cores, cores, pick_device

    with warnings.catch_warnings():
        # A CUDA build without a driver warns of what the problems below say in words.
        warnings.simplefilter("ignore")
        gpus = [
            torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())
        ]
        chosen = pick_device(device).type
    return {
        "cores": available_cores(),
        "threads": cores(),
        "amx": bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)()),
        "cuda_build": torch.version.cuda,
        "gpus": [{"name": gpu.name, "memory": gpu.total_memory / GB} for gpu in gpus],
        "mps": torch.backends.mps.is_available(),
        "device": chosen,
    }


def _torch_problems(facts: dict[str, Any]) -> Iterator[str]:
    # What other programs use is not left idle.
    idle = facts["cores"] - facts["threads"] - int(facts["load"] or 0)
    if idle > 0:
        yield (
            f"OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']} leaves {idle} of {facts['cores']} "
            "cores idle: unset it"
        )
    if facts["cuda_build"] and not facts["gpus"]:
        yield (
            f"torch is built for CUDA {facts['cuda_build']} and finds no GPU: install its driver, "
            f"or the far smaller build for CPUs: {CPU_TORCH}"
        )
    if not facts["cuda_build"] and shutil.which("nvidia-smi"):
        yield (
            "there seems to be an NVIDIA GPU, and torch is a build for CPUs: install the other: "
            "pip install --force-reinstall torch"
        )


def _disk_problems(project: Project) -> Iterator[str]:
    """Folders that nothing can be written to, each once."""
    folders = {existing_folder(path) for path in (project.dataset, project.runs, Path())}
    try:
        folders.add(Path(tempfile.gettempdir()))
    except FileNotFoundError:
        yield "there is no writable folder for temporary files: name one by TMPDIR"
    for folder in sorted(folders):
        try:
            with tempfile.TemporaryFile(dir=folder):
                free = shutil.disk_usage(folder).free / GB
        except OSError as error:
            yield f"cannot write to {folder} ({error.strerror}): work in another folder"
            continue
        if free < MIN_SPACE:
            yield f"{folder} has {free:.1f} GB free: make room, or work on another disk"


def _memory_problems(memory: dict[str, Any]) -> Iterator[str]:
    free = memory["free"]
    if free is not None and free < MIN_MEMORY:
        yield (
            f"{free:.1f} GB of memory are free: end other programs, or train with a smaller "
            "[train] batch"
        )


def _measured(
    table: Table, settings: DoctorSettings, project: Project, console: Console
) -> dict[str, Any]:
    """What ten minutes of training buy, by some seconds of it."""
    from pxgen.devices import pick_device
    from pxgen.ingest.builtin import prepare_builtin
    from pxgen.training.speed import measure_speed

    def measure(dataset: Dataset) -> dict[str, Any]:
        device = pick_device(settings.device)
        speed = measure_speed(dataset, table, project.train, device, settings.seconds)
        steps = speed.steps_in(MINUTES)
        return {
            **asdict(speed),
            "sprites_per_second": speed.sprites_per_second,
            "minutes": MINUTES,
            "steps_then": steps,
            "times_each_then": steps * speed.batch / speed.sprites,
        }

    named = settings.dataset or (project.dataset if project.dataset.exists() else None)
    with console.status(f"training for {settings.seconds:g} seconds"):
        if named is not None:
            return {"dataset": str(named), **measure(open_dataset(named))}
        with tempfile.TemporaryDirectory(prefix="pxgen-") as folder:
            dataset = prepare_builtin(DataSettings(builtin=True), Path(folder), unsaid)
            return {"dataset": None, **measure(open_dataset(dataset))}
