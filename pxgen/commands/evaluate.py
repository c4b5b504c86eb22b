"""``evaluate``: how good a model is, measured by the project's dataset or another one."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from pxgen.arrays import IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.commands.choose import training_dataset
from pxgen.commands.watching import Pulse, watched
from pxgen.config.project import Project
from pxgen.config.requests import EvaluateSettings
from pxgen.data.dataset import Dataset, dataset_file, open_dataset
from pxgen.errors import Remark, UsageError
from pxgen.evaluation import evaluate as evaluation
from pxgen.evaluation.legality import builtin_cast
from pxgen.files import check_writable
from pxgen.sampling.model_choice import open_model


def evaluate(
    settings: EvaluateSettings, project: Project, console: Console
) -> evaluation.Evaluation:
    """Measure everything that the model and the data allow.

    Raises:
        UsageError: an unknown sampler, or nothing to judge the model by.
        InputError: model or dataset is missing, malformed, or they do not fit.
        PxgenError: a report cannot be written.
    """
    for out in settings.out:
        check_writable(out)
    pulse = Pulse()

    def say(text: str) -> None:
        if console.is_terminal:
            console.print(text)
        elif pulse.due():
            console.print(f"{text}, {pulse.elapsed()} elapsed")

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
    dataset = training_dataset(project, loaded.card.fingerprint, remark)
    if dataset is None and builtin_cast(loaded.card) is None:
        raise UsageError(
            f"{loaded.path} was trained neither on {project.dataset} nor on a dataset in a folder "
            "beside it: name the one to judge it by with --dataset FOLDER"
        )
    if dataset is None and dataset_file(project.dataset).is_file():
        remark(
            f"{project.dataset} is not what this model learnt from; judge by it with "
            f"--dataset {project.dataset}"
        )
    return dataset
