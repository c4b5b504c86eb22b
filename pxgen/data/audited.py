"""``prepare --audit``: labels that the pixels do not show are kept apart from the others."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pxgen.data.audit import audit
from pxgen.data.dataset import ABSENT, FILE_NAME, OCCLUDED, TRACED, DatasetWriter, open_dataset
from pxgen.errors import Progress, Remark, UsageError, unwatched
from pxgen.files import existing_folder

CHUNK = 4096


@contextmanager
def dataset_path(
    out: Path, *, audited: bool, report: Remark, progress: Progress = unwatched
) -> Iterator[Path]:
    """Yield the path at which to write the file of a dataset folder.

    Nothing stands in the folder before it is whole: what is to be audited is written elsewhere on
    the same disk, and to its place when the block has ended and the audit, too.
    """
    if not audited:
        yield out / FILE_NAME
        return
    with tempfile.TemporaryDirectory(prefix=".pxgen-", dir=existing_folder(out)) as folder:
        yield Path(folder) / FILE_NAME
        keep_seen(Path(folder) / FILE_NAME, out / FILE_NAME, report, progress)


def keep_seen(source: Path, target: Path, report: Remark, progress: Progress = unwatched) -> None:
    """Audit a dataset and write it with unseen labels apart from seen ones.

    Models then learn what a label looks like only where it can be seen, and that it says nothing
    where another one hides it.

    Raises:
        UsageError: there are no labels.
    """
    dataset = open_dataset(source)
    if not dataset.label_names:
        raise UsageError("the sprites bear no labels to audit: leave --audit out")
    unseen = audit(dataset, progress).unseen
    hidden, absent, traced = (int((unseen == s).sum()) for s in (OCCLUDED, ABSENT, TRACED))
    report(
        f"audit: {hidden} labels are hidden by others without a trace, {traced} with, "
        f"{absent} look wrong: no pixel shows them"
    )
    writer = DatasetWriter(
        target,
        palette=dataset.palette,
        label_names=dataset.label_names,
        canvas=dataset.canvas,
        info=dataset.info,
        frame_names=dataset.frame_names,
    )
    with writer:
        for start in range(0, len(dataset), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(dataset)))
            pixels, _ = dataset.take(rows)
            shown = (dataset.borne(rows) & np.isin(unseen[rows], (0, TRACED))).astype(np.uint8)
            writer.append(pixels, shown, dataset.names[start : start + len(rows)])
        writer.finish(dataset.split, dataset.group, unseen, dataset.palettes, dataset.present)
