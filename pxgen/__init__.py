"""pxgen: learn pixel art from a folder of sprites and make more of it.

>>> import pxgen
>>> aliens = pxgen.load("starter").sample("alien", n=16, steps=8)
>>> aliens.indices.shape, aliens.rgba.shape
((16, 1, 24, 24), (16, 1, 24, 24, 4))

Models, datasets and pictures are the same as those of the ``pxgen`` command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pxgen.version import __version__

if TYPE_CHECKING:
    from pxgen.api import evaluate, load, open_dataset, prepare, train
    from pxgen.data.dataset import Dataset
    from pxgen.errors import InputError, PxgenError, UsageError
    from pxgen.evaluation.evaluate import Evaluation
    from pxgen.palette import Palette
    from pxgen.sampling.results import Picture, Sprites
    from pxgen.sampling.sprite_model import Reconstructed, SpriteModel
    from pxgen.training.report import Report

__all__ = [
    "Dataset",
    "Evaluation",
    "InputError",
    "Palette",
    "Picture",
    "PxgenError",
    "Reconstructed",
    "Report",
    "SpriteModel",
    "Sprites",
    "UsageError",
    "__version__",
    "evaluate",
    "load",
    "open_dataset",
    "prepare",
    "train",
]

_HOMES = {
    "pxgen.api": ("evaluate", "load", "open_dataset", "prepare", "train"),
    "pxgen.data.dataset": ("Dataset",),
    "pxgen.errors": ("InputError", "PxgenError", "UsageError"),
    "pxgen.evaluation.evaluate": ("Evaluation",),
    "pxgen.palette": ("Palette",),
    "pxgen.sampling.results": ("Picture", "Sprites"),
    "pxgen.sampling.sprite_model": ("Reconstructed", "SpriteModel"),
    "pxgen.training.report": ("Report",),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: ``import pxgen`` alone loads nothing heavy."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'pxgen' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
