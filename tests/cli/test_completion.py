"""Scripts for the shell."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from pxgen.cli.app import pxgen


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str) -> None:
    result = CliRunner().invoke(pxgen, ["completion", shell])
    assert result.exit_code == 0
    assert "_PXGEN_COMPLETE" in result.stdout
