"""Damaged files of every kind that pxgen reads, made of good ones, and what it says of them.

    python -m tests.fuzz --minutes 5 --seed 1 --keep crashes/

Each case damages one good file and runs the commands that read it. Whatever the damage, a command
succeeds or refuses in one clear line with status 2 or 3, soon and in bounded memory; anything else
is kept and told.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.material import good_files
from tests.fuzz.trial import cases, tried

MEMORY = 4 << 30
"""Bytes that the program may take."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Damage files for some minutes; the status says whether anything crashed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files that crash something")
    options = parser.parse_args(arguments)
    crashes, counts, ran = [], Counter[str](), 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # imageio collects garbage at each end of a video, which takes a while beside torch.
    gc.freeze()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        kinds = good_files(folder)
        for name, content in cases(kinds, options.seed):
            if time.monotonic() - begin > 60 * options.minutes:
                break
            counts[name] += 1
            ran += len(kinds[name].commands)
            for crash in tried(kinds[name], content, folder):
                crashes.append(crash)
                print(f"{name}: {' '.join(crash.command)}: {crash.said}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    kept = options.keep / f"{len(crashes):03}-{Path(name).name}"
                    kept.write_bytes(content)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{sum(counts.values())} damaged files of {len(counts)} kinds (seed {options.seed}), {ran} "
        f"commands in {time.monotonic() - begin:.0f} s, at most {peak:.0f} MB: "
        f"{len(crashes)} crashes"
    )
    return bool(crashes)


if __name__ == "__main__":
    sys.exit(main())
