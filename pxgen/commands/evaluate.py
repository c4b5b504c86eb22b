"""``evaluate``: how good a model is, measured by the project's dataset or another one."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from pxgen.arrays import IndexMaps
from pxgen.checkpoint.store import Loaded
from pxgen.config.project import Project
from pxgen.config.requests import EvaluateSettings
from pxgen.data.dataset import Dataset, dataset_file, open_dataset
from pxgen.errors import UsageError
from pxgen.evaluation import evaluate as evaluation
from pxgen.evaluation.legality import is_builtin
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
        if not console.is_terminal or console.quiet:
            return pictures
        from rich.progress import track

        return track(pictures, total=count, description=what, console=console, transient=True)

    loaded = open_model(settings.model, settings.device, project.runs, console.print)
    dataset = _dataset(settings, project, loaded)
    return evaluation.evaluate(loaded, dataset, settings, say=say, watch=watch)


def _dataset(settings: EvaluateSettings, project: Project, loaded: Loaded) -> Dataset | None:
    """The dataset to judge by; None of a built-in model, which needs none."""
    if settings.dataset is not None:
        return open_dataset(settings.dataset)
    if dataset_file(project.dataset).is_file():
        dataset = open_dataset(project.dataset)
        if dataset.fingerprint == loaded.card.fingerprint:
            return dataset
    if not is_builtin(loaded.card):
        raise UsageError(
            f"{loaded.path} was not trained on this project's dataset: name with --dataset the "
            "one to judge it by"
        )
    return None
