"""``evaluate``: how good a model is, measured by the project's dataset or another one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from pxgen.arrays import IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.commands.watching import watched
from pxgen.config.project import Project
from pxgen.config.requests import EvaluateSettings
from pxgen.data.dataset import Dataset, dataset_file, dataset_fingerprint, open_dataset
from pxgen.errors import InputError, Remark, UsageError
from pxgen.evaluation import evaluate as evaluation
from pxgen.evaluation.legality import builtin_cast
from pxgen.sampling.model_choice import open_model


def evaluate(
    settings: EvaluateSettings, project: Project, console: Console
) -> evaluation.Evaluation:
    """Measure everything that the model and the data allow.

    Raises:
        UsageError: an unknown sampler, or nothing to judge the model by.
        InputError: model or dataset is missing, malformed, or they do not fit.
    """

    def say(text: str) -> None:
        if console.is_terminal:
            console.print(text)

    def watch(pictures: Iterable[IndexMaps], count: int, what: str) -> Iterable[IndexMaps]:
        return watched(pictures, count, what, console)

    loaded = open_model(settings.model, settings.device, project.runs, console.print)
    dataset = _dataset(settings, project, loaded, console.print)
    if dataset is not None:
        # What a missing frame shows is unknown: there is nothing to compare it with.
        dataset = dataset.complete()
    return evaluation.evaluate(loaded, dataset, settings, say=say, watch=watch)


def _dataset(
    settings: EvaluateSettings, project: Project, loaded: Loaded, remark: Remark
) -> Dataset | None:
    """The dataset to judge by; None of a built-in model, which needs none.

    Unless one is named it is the dataset that the model was trained on: the project's or another
    one in a folder beside it.
    """
    if settings.dataset is not None:
        return open_dataset(settings.dataset)
    own, fingerprint = project.dataset, loaded.card.fingerprint
    if dataset_file(own).is_file() and dataset_fingerprint(own) == fingerprint:
        return open_dataset(own)
    for folder in sorted(project.root.iterdir()):
        if _holds(folder, fingerprint):
            remark(f"judged by {folder}, the dataset that it was trained on")
            return open_dataset(folder)
    if builtin_cast(loaded.card) is None:
        raise UsageError(
            f"{loaded.path} was trained neither on {project.dataset} nor on a dataset in a folder "
            "beside it: name the one to judge it by with --dataset FOLDER"
        )
    return None


def _holds(folder: Path, fingerprint: str) -> bool:
    """Whether a folder can be entered and has a dataset of this fingerprint."""
    try:
        return folder.is_dir() and dataset_fingerprint(folder) == fingerprint
    except (OSError, InputError):
        return False
