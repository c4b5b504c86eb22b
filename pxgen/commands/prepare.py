"""``prepare``: sprites of any kind, or the built-in characters, become one dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pxgen.config.project import Project
from pxgen.config.settings import DataSettings
from pxgen.errors import Remark
from pxgen.ingest.builtin import prepare_builtin
from pxgen.ingest.preparation import prepare as prepare_sprites


def prepare(
    settings: DataSettings,
    project: Project,
    remark: Remark,
    complain: Remark,
    progress: Callable[[int], None],
) -> Path:
    """Turn sprites into a dataset folder and return its path.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: options that exclude each other, or the folder holds a dataset and ``force`` is
            off.
    """
    out = settings.out or project.dataset
    if settings.builtin:
        return prepare_builtin(settings, out, remark)
    return prepare_sprites(settings, out, remark, complain, progress)
