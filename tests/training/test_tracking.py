"""Trainings followed in a real MLflow store, through the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tiny import MODEL_TABLE, tiny_dataset

READ = """
import json, mlflow, sys
client = mlflow.MlflowClient(tracking_uri=sys.argv[1])
(experiment,) = [e for e in client.search_experiments() if e.name == "pxgen"]
runs = []
for run in client.search_runs([experiment.experiment_id]):
    number = run.info.run_id
    history = {k: [m.step for m in client.get_metric_history(number, k)] for k in run.data.metrics}
    files = sorted(f.path for f in client.list_artifacts(number))
    runs.append([run.info.run_name, run.info.status, run.data.params, history, files])
print(json.dumps(runs))
"""


def train(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pxgen", "train", "--track", "mlflow", *options]
    settings = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    return subprocess.run(
        command, check=False, cwd=folder, env=settings | environment, capture_output=True, text=True
    )


def runs(uri: str) -> list[list]:
    done = subprocess.run(
        [sys.executable, "-c", READ, uri], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dataset").mkdir()
    tiny_dataset(tmp_path / "dataset", 60)
    text = MODEL_TABLE + "\n[train]\nvalidate_every = 10\nbatch = 8\n"
    (tmp_path / "pxgen.toml").write_text(text)
    return tmp_path


def test_a_training_is_logged_and_a_resumed_one_goes_on_in_the_same_run(project: Path) -> None:
    assert train(project, "--steps", "20", "-o", "runs/one").returncode == 0
    done = train(project, "--steps", "30", "-o", "runs/one")
    assert done.returncode == 0, done.stderr
    assert "INFO" not in done.stderr
    ((name, status, parameters, history, files),) = runs(f"sqlite:///{project}/runs/mlflow.db")
    assert (name, status) == ("one", "FINISHED")
    assert parameters["model.family"] == "masked"
    assert parameters["train.batch"] == "8"
    assert parameters["dataset.training_sprites"] == "50"
    assert history["denoiser/cross_entropy"] == [10, 20, 30]
    assert history["denoiser/held_out_bits"] == [10, 20, 30]
    assert history["denoiser/quality_stray_pixels"] == [10, 20, 30]
    assert {"checkpoint.safetensors", "preview.png", "metrics.jsonl", "project.toml"} <= set(files)
    assert (project / "runs/mlflow-artifacts").is_dir()
    text = (project / "runs/one/metrics.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert all("quality_colors" in line for line in lines if "held_out_bits" in line)


def test_another_store_is_named_by_the_usual_variable(project: Path) -> None:
    store = f"sqlite:///{project}/elsewhere.db"
    done = train(project, "--steps", "5", "-o", "runs/one", MLFLOW_TRACKING_URI=store)
    assert done.returncode == 0, done.stderr
    assert [run[:2] for run in runs(store)] == [["one", "FINISHED"]]
    assert not (project / "runs/mlflow.db").exists()


BROKEN = """
import pxgen.training.tracking as tracking
from pxgen.cli import main
import sys

def fail(*_):
    raise ConnectionError("the store is gone")

tracking.Mlflow.file = fail
sys.argv = ["pxgen", *sys.argv[1:]]
main()
"""


def test_a_store_that_fails_on_the_way_costs_no_training(project: Path) -> None:
    command = [sys.executable, "-c", BROKEN, "train", "--track", "mlflow", "--steps", "20"]
    done = subprocess.run(
        [*command, "-o", "runs/one"], check=False, cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("no longer tracked in MLflow: the store is gone") == 1
    lines = (project / "runs/one/metrics.jsonl").read_text().splitlines()
    assert "quality_colors" in json.loads(lines[-1])
    assert (project / "runs/one/checkpoint.safetensors").exists()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"PYTHONPATH": f"without{os.pathsep}{os.environ['PYTHONPATH']}"},
            "install it with pip install 'pxgen[mlflow]'",
        ),
        ({"MLFLOW_TRACKING_URI": "nowhere://me:secret@x"}, "cannot track in MLflow at nowhere://x"),
    ],
)
def test_what_keeps_a_training_from_being_tracked_is_one_line(
    project: Path, environment: dict[str, str], message: str
) -> None:
    (project / "without").mkdir()
    (project / "without/mlflow.py").write_text("raise ImportError('not installed')\n")
    done = train(project, "--steps", "5", "-o", "runs/one", **environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert message in line
    assert "secret" not in line
