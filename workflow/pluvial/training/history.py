"""The history of a training: one row per epoch, as CSV and for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow as tf

from pluvial.files.atomic import atomic_path


class History:
    """Rows of numbers, one per epoch; always whole on the disk.

    Args:
        csv: the table; rows of epochs before ``resumed_at`` are kept.
        tensorboard: folder of the event files.
        resumed_at: the epoch at which training goes on.
    """

    def __init__(self, csv: Path, tensorboard: Path, resumed_at: int) -> None:
        self._csv = csv
        known = pd.read_csv(csv) if csv.exists() else pd.DataFrame({"epoch": []})
        self.rows: list[dict[str, float]] = [
            {str(k): float(v) for k, v in row.items()}
            for row in known[known["epoch"] <= resumed_at].to_dict("records")
        ]
        self._writer = tf.summary.create_file_writer(str(tensorboard))

    def add(self, row: dict[str, float]) -> None:
        """Append the row of an epoch (key ``epoch``, from 1)."""
        self.rows.append(row)
        self.copy_to(self._csv)
        with self._writer.as_default():
            for name, value in row.items():
                if name != "epoch":
                    tf.summary.scalar(name, value, step=int(row["epoch"]))
        self._writer.flush()

    def copy_to(self, path: Path) -> None:
        """Write all rows to ``path`` as CSV."""
        with atomic_path(path) as temporary:
            table = pd.DataFrame(self.rows, columns=None if self.rows else ["epoch"])
            # To the last digit: which epoch is the best must not depend on an interruption.
            table.to_csv(temporary, index=False)
