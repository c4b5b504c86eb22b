"""The library: what the commands do, from Python.

Nothing here prints, asks a terminal or changes a setting of the process that it leaves behind.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pxgen.config.schema import settings_from
from pxgen.config.settings import DataSettings
from pxgen.data.dataset import Dataset
from pxgen.data.dataset import open_dataset as _open_dataset
from pxgen.errors import Remark

if TYPE_CHECKING:
    from pxgen.sampling.sprite_model import SpriteModel

StrPath = str | os.PathLike[str]


def _unsaid(line: str) -> None:
    """The library prints nothing."""


def load(
    model: StrPath = "starter", *, device: str = "cpu", remark: Remark = _unsaid
) -> SpriteModel:
    """A trained model, ready to draw.

        >>> import pxgen
        >>> pxgen.load("starter").canvas
        Canvas(frames=1, height=24, width=24)

    Args:
        model: a run folder, a checkpoint file, or ``"starter"`` or ``"starter-clips"``.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        remark: takes lines such as how many colours of an image the palette lacks.

    Raises:
        InputError: missing or malformed.
        UsageError: no such device here.
    """
    from pxgen.checkpoint.runs import shipped
    from pxgen.checkpoint.store import load_model
    from pxgen.devices import pick_device
    from pxgen.sampling.sprite_model import SpriteModel

    return SpriteModel(load_model(shipped(Path(model)), pick_device(device)), remark)


def open_dataset(path: StrPath) -> Dataset:
    """A dataset that ``pxgen prepare`` wrote, mapped into memory.

    Args:
        path: its folder or file.

    Raises:
        InputError: missing or malformed.
    """
    return _open_dataset(Path(path))


def prepare(
    *sources: StrPath, out: StrPath = "dataset", remark: Remark = _unsaid, **options: Any
) -> Dataset:
    """Turn sprites into a dataset folder and open it, as ``pxgen prepare`` does.

        >>> import pxgen
        >>> dataset = pxgen.prepare(builtin=True, count=50, out="heads", force=True)
        >>> dataset.pixels.shape
        (50, 1, 24, 24)

    Args:
        sources: folders, images, sheets or arrays.
        out: the folder.
        remark: takes remarks and the summary, a line each.
        options: the other options of ``pxgen prepare`` by their names, such as ``colors=32``,
            ``cell="16x16"``, ``labels="folders"``, ``force=True``.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: an unknown option, or the folder holds a dataset and ``force`` is off.
    """
    from pxgen.ingest.preparation import prepare as prepare_dataset

    values = {**options, "source": [os.fspath(source) for source in sources]}
    settings = settings_from(DataSettings, values, "prepare()")
    return _open_dataset(prepare_dataset(settings, Path(out), remark))
