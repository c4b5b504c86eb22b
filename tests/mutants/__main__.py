"""Run the tests that stand beside each mutant of ``mutants.toml`` and list those that survive.

Each mutant is one line of the package, written wrong in a scratch copy of the tree. Exit status 1
where a mutant survives without a reason, or no longer applies.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant, applied, read_mutants

LEFT_OUT = (".*", "__pycache__", "build", "demo", "dist")
KILLED, SURVIVES, BROKEN = "killed", "survives", "broken"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutants whose title or file has one of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at once")
    options = parser.parse_args()
    wanted = [
        mutant
        for mutant in read_mutants()
        if not options.words or any(word in mutant.address for word in options.words)
    ]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bad = sum(run_all(wanted, Path(folder), options.jobs))
    print(f"{len(wanted)} mutants, {bad} to look at, {time.perf_counter() - started:.0f} s")
    sys.exit(1 if bad else 0)


def run_all(mutants: list[Mutant], folder: Path, jobs: int) -> list[bool]:
    """Whether each mutant is something to look at; each worker has a copy of the tree."""
    trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
    for job in range(jobs):
        tree = folder / str(job)
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
        trees.put(tree)

    def judge(mutant: Mutant | None) -> bool:
        tree = trees.get()
        try:
            if mutant is None:
                return not pass_without(mutants, tree)
            return told(mutant, *outcome(mutant, tree))
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(judge, [None, *mutants]))


def pass_without(mutants: list[Mutant], tree: Path) -> bool:
    """Whether the tests pass on the tree as it is; one that fails would kill every mutant."""
    status, output = tests(tree, sorted({test for mutant in mutants for test in mutant.tests}))
    if status:
        print(f"tests fail without a mutant\n{output}", flush=True)
    return status == 0


def outcome(mutant: Mutant, tree: Path) -> tuple[str, str]:
    """What becomes of a mutant in a tree, and what its tests print."""
    file = tree / mutant.file
    sound, stamp = file.read_text("utf-8"), file.stat().st_mtime_ns
    try:
        file.write_text(applied(mutant, sound), "utf-8")
    except ValueError as error:
        return BROKEN, str(error)
    try:
        # Compiled code is told apart by whole seconds and sizes.
        later = stamp + (2 + mutant.number) * 10**9
        os.utime(file, ns=(later, later))
        status, output = tests(tree, mutant.tests)
    finally:
        file.write_text(sound, "utf-8")
        os.utime(file, ns=(stamp, stamp))
    if status == 0 and " passed" not in output:
        return BROKEN, f"none of its tests runs here\n{output}"
    return {0: SURVIVES, 1: KILLED}.get(status, BROKEN), output


def tests(tree: Path, names: list[str]) -> tuple[int, str]:
    """The exit status of some tests in a tree, and what they print."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *names]
    settings = {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    # Plugins take a second to load, and none is needed.
    settings["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(
        command,
        cwd=tree,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def told(mutant: Mutant, verdict: str, output: str) -> bool:
    """Print what there is to look at, and whether there is anything."""
    if verdict == KILLED and mutant.equivalent is None:
        return False
    if verdict == SURVIVES and mutant.equivalent is not None:
        print(f"equivalent  {mutant.address}: {mutant.equivalent}")
        return False
    if verdict == KILLED:
        verdict, output = "killed, though it is called equivalent", ""
    print(f"{verdict}  {mutant.address}", flush=True)
    if verdict == BROKEN:
        print(output, flush=True)
    return True


if __name__ == "__main__":
    main()
