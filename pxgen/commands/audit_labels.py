"""``prepare --audit``: keep the labels that pixels show, and write down which they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.dataset import DatasetWriter, open_dataset
from pxgen.evaluate.audit import audit
from pxgen.ingest.describe import Report

CHUNK = 4096


def keep_seen(folder: Path, report: Report) -> None:
    """Audit a dataset and write it anew, the unseen labels apart from those that are seen.

    Models then learn what a label looks like only where it can be seen, and that it says nothing
    where another one hides it.
    """
    dataset = open_dataset(folder)
    if not dataset.label_names:
        return
    result = audit(dataset)
    unseen = result.unseen
    hidden, absent = (int((unseen == state).sum()) for state in (1, 2))
    report(
        f"audit: {hidden} labels are hidden by others, {absent} are not seen for no known reason"
    )
    writer = DatasetWriter(
        dataset.path,
        palette=dataset.palette,
        label_names=dataset.label_names,
        canvas=dataset.canvas,
        info={**dataset.info, "audit": {sight.name: sight.facts() for sight in result.sights}},
    )
    with writer:
        for start in range(0, len(dataset), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(dataset)))
            pixels, _ = dataset.take(rows)
            shown = (dataset.borne(rows) & (unseen[rows] == 0)).astype(np.uint8)
            writer.append(pixels, shown, dataset.names[start : start + len(rows)])
        writer.finish(np.asarray(dataset.split), np.asarray(dataset.group), unseen)
