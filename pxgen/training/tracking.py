"""Experiment tracking: figures and files of a training, logged to MLflow."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pxgen.errors import PxgenError, Remark
from pxgen.files import write_text

EXPERIMENT = "pxgen"
RUN_FILE = "mlflow-run"
"""In the run folder: which MLflow run it is, so that a resumed training goes on with it."""
STORE = "mlflow.db"


class Mlflow:
    """An MLflow run of a run folder: parameters, losses, quality, sheets and the checkpoint.

    Raises:
        PxgenError: MLflow is not installed, or its store cannot be reached.
    """

    def __init__(self, folder: Path, parameters: Mapping[str, Any]) -> None:
        try:
            import mlflow
            from mlflow.entities import Metric, Param
        except ImportError as error:
            raise PxgenError(
                "--track mlflow needs MLflow: install it with pip install 'pxgen[mlflow]'"
            ) from error
        # What its databases are made of is no concern of this run's reader.
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._metric = Metric
        runs = folder.resolve().parent
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{runs / STORE}"
        try:
            self._client = mlflow.MlflowClient(tracking_uri=uri)
            self._run = self._go_on(folder) or self._begin(folder, runs)
            known = self._client.get_run(self._run).data.params
            fresh = [Param(k, str(v)) for k, v in parameters.items() if k not in known]
            self._client.log_batch(self._run, params=fresh[:100])
            self._client.update_run(self._run, status="RUNNING")
        except Exception as error:  # its stores raise whatever their databases and networks do
            why = _line(error).replace(uri, "it")
            raise PxgenError(f"cannot track in MLflow at {_without_secrets(uri)}: {why}") from error

    def figures(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Numbers of one step of a stage, as ``stage/name``."""
        metrics = [self._metric(f"{stage}/{name}", float(v), 0, step) for name, v in values.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def file(self, path: Path) -> None:
        """A file as it stands now."""
        self._client.log_artifact(self._run, str(path))

    def end(self, *, finished: bool) -> None:
        """The training ended, or was stopped and can go on."""
        self._client.set_terminated(self._run, "FINISHED" if finished else "KILLED")

    def _go_on(self, folder: Path) -> str | None:
        """The run that the folder belongs to, if this store has it."""
        with suppress(OSError):
            name = (folder / RUN_FILE).read_text("utf-8").strip()
            with suppress(Exception):
                return str(self._client.get_run(name).info.run_id)
        return None

    def _begin(self, folder: Path, runs: Path) -> str:
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is None:
            local = not os.environ.get("MLFLOW_TRACKING_URI")
            location = (runs / "mlflow-artifacts").as_uri() if local else None
            number = self._client.create_experiment(EXPERIMENT, artifact_location=location)
        else:
            number = experiment.experiment_id
        run = self._client.create_run(number, run_name=folder.name)
        write_text(folder / RUN_FILE, run.info.run_id + "\n")
        return str(run.info.run_id)


class Tracker:
    """A training's figures and files, stored where ``[train] track`` says.

    A store may fail on the way: that is said once, and the training goes on.
    """

    def __init__(
        self, kind: str, folder: Path, parameters: Mapping[str, Any], complain: Remark
    ) -> None:
        self._store = Mlflow(folder, parameters) if kind == "mlflow" else None
        self._complain = complain

    def figures(self, stage: str, step: int, values: Mapping[str, float]) -> None:
        """Log numbers of one step of a stage."""
        self._try(lambda store: store.figures(stage, step, values))

    def file(self, path: Path) -> None:
        """Log a file as it stands now."""
        self._try(lambda store: store.file(path))

    def end(self, *, finished: bool) -> None:
        """Say that the training ended, or was stopped."""
        self._try(lambda store: store.end(finished=finished))

    def _try(self, act: Callable[[Mlflow], None]) -> None:
        if self._store is None:
            return
        try:
            act(self._store)
        except Exception as error:  # stores raise whatever their databases and networks do
            self._complain(f"no longer tracked in MLflow: {_line(error)}")
            self._store = None


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _without_secrets(uri: str) -> str:
    """An address as it may be shown: names and passwords stay where they are."""
    scheme, separator, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    return scheme + separator + authority.rpartition("@")[2] + slash + path
