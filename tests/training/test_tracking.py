"""MLflow tracking: once with MLflow itself, else with a client that takes notes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pxgen.cli.app import pxgen
from pxgen.training.tracking import RUN_FILE, Mlflow
from tests.support.tiny import MODEL_TABLE, tiny_dataset

TWO_TRAININGS = """
import json, sys
from pxgen.cli import main
from pxgen.training import session
session.LONG_PREVIEW = float("inf")  # on a busy machine any takes long
for steps in ("20", "30"):
    sys.argv = ["pxgen", "train", "--track", "mlflow", "--steps", steps, "-o", "runs/one"]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
import mlflow
client = mlflow.MlflowClient(tracking_uri="sqlite:///runs/mlflow.db")
(experiment,) = [e for e in client.search_experiments() if e.name == "pxgen"]
runs = []
for run in client.search_runs([experiment.experiment_id]):
    number = run.info.run_id
    history = {k: [m.step for m in client.get_metric_history(number, k)] for k in run.data.metrics}
    files = sorted(f.path for f in client.list_artifacts(number))
    runs.append([run.info.run_name, run.info.status, run.data.params, history, files])
print(json.dumps(runs))
"""


@pytest.fixture
def project(work: Path) -> Path:
    (work / "dataset").mkdir()
    tiny_dataset(work / "dataset", 60)
    text = MODEL_TABLE + "\n[train]\nvalidate_every = 10\nbatch = 8\n"
    (work / "pxgen.toml").write_text(text)
    return work


def test_a_training_is_logged_and_a_resumed_one_goes_on_in_the_same_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    command = [sys.executable, "-c", TWO_TRAININGS]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "INFO" not in done.stderr
    ((name, status, parameters, history, files),) = json.loads(done.stdout.splitlines()[-1])
    assert (name, status) == ("one", "FINISHED")
    assert parameters["model.family"] == "masked"
    assert parameters["train.batch"] == "8"
    assert parameters["dataset.training_sprites"] == "50"
    assert (parameters["train.augment"], parameters["denoiser.batch"]) == ("yes", "8")
    assert history["denoiser/cross_entropy"] == [10, 20, 30]
    assert history["denoiser/held_out_bits"] == [10, 20, 30]
    assert history["denoiser/quality_stray_pixels"] == [10, 20, 30]
    assert {"checkpoint.safetensors", "preview.png", "metrics.jsonl", "project.toml"} <= set(files)
    assert (project / "runs/mlflow-artifacts").is_dir()
    text = (project / "runs/one/metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all("quality_colors" in line for line in lines if "held_out_bits" in line)


class Store:
    """An ``MlflowClient`` that takes notes and fails where it is told to."""

    def __init__(self) -> None:
        self.notes: list[tuple[Any, ...]] = []
        self.failure: tuple[str, Exception] | None = None

    def __call__(self, tracking_uri: str) -> Store:
        self.notes.append(("open", tracking_uri))
        return self

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: Any, **options: Any) -> Any:
            if self.failure is not None and self.failure[0] == name:
                raise self.failure[1]
            self.notes.append((name, *arguments, *options.values()))
            run = SimpleNamespace(
                info=SimpleNamespace(run_id="r1"), data=SimpleNamespace(params={"old": "1"})
            )
            return None if name == "get_experiment_by_name" else run

        return note

    def noted(self, name: str) -> list[tuple[Any, ...]]:
        return [more for noted, *more in self.notes if noted == name]  # type: ignore[misc]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """Stands for all of MLflow."""
    made = Store()
    top, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    top.MlflowClient = made  # type: ignore[attr-defined]
    entities.Metric = entities.Param = lambda *values: values  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", top)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return made


def test_a_store_of_its_own_lies_beside_the_runs(work: Path, store: Store) -> None:
    (work / "runs/one").mkdir(parents=True)
    Mlflow(work / "runs/one", {"a": 1, "old": 2})
    assert store.noted("open") == [[f"sqlite:///{work}/runs/mlflow.db"]]
    ((name, place),) = store.noted("create_experiment")
    assert (name, place) == ("pxgen", f"file://{work}/runs/mlflow-artifacts")
    # A parameter that it has is not told again.
    assert store.noted("log_batch") == [["r1", [("a", "1")]]]
    assert (work / "runs/one" / RUN_FILE).read_text() == "r1\n"
    Mlflow(work / "runs/one", {})
    assert len(store.noted("create_run")) == 1


def test_another_store_is_named_by_the_usual_variable(
    work: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    (work / "runs/one").mkdir(parents=True)
    tracker = Mlflow(work / "runs/one", {})
    assert store.noted("open") == [["http://elsewhere"]]
    # Where files go is that store's affair.
    assert store.noted("create_experiment") == [["pxgen", None]]
    tracker.end(finished=False)
    tracker.end(finished=True)
    assert store.noted("set_terminated") == [["r1", "KILLED"], ["r1", "FINISHED"]]


def train(*options: str) -> Result:
    return CliRunner().invoke(pxgen, ["train", "--track", "mlflow", "-o", "runs/one", *options])


def test_a_store_that_fails_on_the_way_costs_no_training(project: Path, store: Store) -> None:
    store.failure = ("log_artifact", ConnectionError("the store is gone"))
    done = train("--steps", "20")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("no longer tracked in MLflow: the store is gone") == 1
    lines = (project / "runs/one/metrics.jsonl").read_text().splitlines()
    assert "quality_colors" in json.loads(lines[-1])
    assert (project / "runs/one/checkpoint.safetensors").exists()


@pytest.mark.usefixtures("project")
def test_what_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    done = train("--steps", "5")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "install it with pip install 'pxgen[mlflow]'" in line


@pytest.mark.usefixtures("project")
def test_a_store_out_of_reach_is_one_line_without_its_secrets(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "nowhere://me:secret@x"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    store.failure = ("get_experiment_by_name", RuntimeError(f"no\nstore at {uri}"))
    done = train("--steps", "5")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert "cannot track in MLflow at nowhere://x: no store at it" in line
    assert "secret" not in line
