"""What tests of the command line share: an empty folder, and commands that only record."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen
from pxgen.commands import early


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Invoke ``pxgen`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("PXGEN_PROJECT", "PXGEN_SAMPLE_COUNT"):
        monkeypatch.delenv(name, raising=False)
    return lambda *args, **options: CliRunner().invoke(pxgen, args, **options)


@pytest.fixture
def asked(monkeypatch):
    """What ``train`` and ``sample`` would be asked for, recorded instead of done."""
    requests: list[Any] = []
    monkeypatch.setattr(early, "check_early", lambda settings, project: None)
    monkeypatch.setattr("pxgen.data.dataset.open_dataset", lambda path: None)
    for name in ("train", "sample"):
        module = types.ModuleType(f"pxgen.commands.{name}")

        def record(*said: Any) -> list[str]:
            # All but the surroundings.
            requests.append(said[0] if len(said) == 2 else said[:-1])
            return ["done"]

        setattr(module, name, record)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return requests
