"""The library: what the commands do, from Python.

Nothing here prints, asks a terminal or changes a setting of the process that it leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from pxgen.config.keywords import EvaluateOptions, PrepareOptions, StrPath, TrainOptions
from pxgen.config.requests import EvaluateSettings
from pxgen.config.schema import Table, Where, settings_from
from pxgen.config.settings import DataSettings, TrainSettings
from pxgen.data.dataset import Dataset
from pxgen.data.dataset import open_dataset as _open_dataset
from pxgen.errors import Remark, UsageError, in_keywords, unsaid

if TYPE_CHECKING:
    from pxgen.evaluation.evaluate import Evaluation
    from pxgen.sampling.sprite_model import SpriteModel
    from pxgen.training.report import Report


@in_keywords()
def load(
    model: StrPath = "starter", *, device: str = "auto", remark: Remark = unsaid
) -> SpriteModel:
    """A trained model, ready to draw.

        >>> import pxgen
        >>> pxgen.load("starter").canvas
        Canvas(frames=1, height=24, width=24)

    Args:
        model: a run folder, a checkpoint file, or one in the package: ``"starter"``,
            ``"starter-clips"`` or ``"starter-figures"``.
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

        >>> import pxgen
        >>> _ = pxgen.prepare(builtin=True, count=50, out="heads", force=True)
        >>> pxgen.open_dataset("heads")
        <dataset heads, 50 sprites of 1 x 24 x 24>

    Args:
        path: its folder or file.

    Raises:
        InputError: missing or malformed.
    """
    return _open_dataset(Path(path))


@in_keywords()
def prepare(
    *sources: StrPath,
    out: StrPath = "dataset",
    remark: Remark = unsaid,
    **options: Unpack[PrepareOptions],
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
            ``cell=(16, 16)``, ``labels="folders"``, ``force=True``.

    Raises:
        InputError: sources are missing or bad; what stood in the folder stays untouched.
        UsageError: an unknown option, or the folder holds a dataset and ``force`` is off.
    """
    from pxgen.ingest.preparation import prepare as prepare_dataset

    named = [os.fspath(source) for source in sources]
    known = PrepareOptions.__annotations__
    settings = settings_from(DataSettings, options, "prepare()", only=known, source=named)
    return _open_dataset(prepare_dataset(settings, Path(out), remark))


@in_keywords()
def train(
    dataset: StrPath | Dataset,
    *,
    out: StrPath | None = None,
    runs: StrPath = "runs",
    recipe: str | None = None,
    model: Mapping[str, Any] | None = None,
    start: StrPath | None = None,
    device: str = "auto",
    resume: bool = True,
    **options: Unpack[TrainOptions],
) -> Iterator[Report]:
    """Train a model: a generator of one report a step, as ``pxgen train`` does.

        >>> import pxgen
        >>> heads = pxgen.prepare(builtin=True, count=80, out="heads", force=True)
        >>> *_, last = pxgen.train(heads, recipe="ae", steps=3, out="run", resume=False)
        >>> last.finished, pxgen.load(last.checkpoint).sample().indices.shape
        (True, (1, 1, 24, 24))

    The run folder is written on the way. Leaving the loop early saves a checkpoint, from which the
    same call goes on.

    Args:
        dataset: a prepared dataset, or its folder.
        out: the run folder, which also goes on with a dataset that grew or was relabelled (of
            families other than masked, uniform and ddpm-palette: with the same palette and labels),
            and with other options; by default a new one in ``runs``, or the newest if nothing
            differs.
        runs: where run folders are made.
        recipe: a recipe's name; ``"masked"`` where neither it nor ``model`` says otherwise.
        model: a ``[model]`` table, whose key ``recipe`` names what it changes.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        start: a model whose weights a new training starts from, where they fit.
        resume: go on with a run that is there; False starts it anew.
        options: the settings of ``[train]`` by their names, such as ``minutes=10.0``, ``seed=1``.

    Raises:
        UsageError: an unknown option or recipe, or a value out of range.
        InputError: the dataset, the model's table or the run to resume is rejected.
        PxgenError: the run folder cannot be written, or the training diverged.
    """
    from pxgen.training.run import TrainRequest
    from pxgen.training.session import reports

    known = TrainOptions.__annotations__
    settings = settings_from(TrainSettings, options, "train()", only=known)
    if settings.steps is not None and settings.minutes is not None:
        raise UsageError("train(): set steps or minutes, not both")
    if recipe is not None and model is not None:
        raise UsageError("train(): name a recipe, or give a model table, not both")
    request = TrainRequest(
        dataset=dataset if isinstance(dataset, Dataset) else Path(dataset),
        out=None if out is None else Path(out),
        runs=Path(runs),
        settings=settings,
        model_table=Table(model or {}, Where("train()", path=("model",))),
        recipe=recipe,
        device=device,
        resume=resume,
        start=None if start is None else Path(start),
    )
    return reports(request)


@in_keywords()
def evaluate(
    model: SpriteModel | StrPath,
    dataset: StrPath | Dataset | None = None,
    **options: Unpack[EvaluateOptions],
) -> Evaluation:
    """Measure how good a model is, as ``pxgen evaluate`` does.

        >>> import pxgen
        >>> found = pxgen.evaluate("starter", count=8, steps=[8], label=["alien"])
        >>> found.figures.legal.value > 0.5
        True

    Args:
        model: a loaded one, or what :func:`load` takes.
        dataset: real sprites to compare with; a model of the built-in characters needs none.
        options: the other options of ``pxgen evaluate`` by their names, such as ``count=500``,
            ``steps=[8, 32]``, ``label=["alien"]``.

    Returns:
        ``figures``, each with its value and interval; ``facts`` as JSON has them; pictures.

    Raises:
        UsageError: an unknown option, label or sampler.
        InputError: the dataset does not fit the model.
    """
    from pxgen.evaluation.evaluate import evaluate as measure
    from pxgen.sampling.sprite_model import SpriteModel

    loaded = model.loaded if isinstance(model, SpriteModel) else load(model).loaded
    if dataset is not None and not isinstance(dataset, Dataset):
        dataset = open_dataset(dataset)
    known = EvaluateOptions.__annotations__
    settings = settings_from(EvaluateSettings, options, "evaluate()", only=known)
    return measure(loaded, dataset, settings)
