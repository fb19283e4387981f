"""Logs of a run: one CSV and TensorBoard events, both cut back to the step a run resumes from."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class Logs:
    """Writes losses and scores.

    Parameters
    ----------
    folder : Path
    step : int
        Steps already made; later rows of an interrupted run are dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / "log.csv"
        self.rows = [row for row in _read(self.path) if int(row["step"]) <= step]
        self.events = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
        self.pending = True

    def write(self, step: int, epoch: int, values: Mapping[str, float]) -> None:
        """Append one row; a value that appears later than the first row gets a column of its own."""
        row = {"step": str(step), "epoch": str(epoch), **{key: f"{value:.6g}" for key, value in values.items()}}
        new = {key for key in row if not self.rows or key not in self.rows[0]}
        self.rows.append(row)
        for key, value in values.items():
            self.events.add_scalar(key.replace(" ", "_"), value, step)
        if new or self.pending:
            names = list(dict.fromkeys(key for one in self.rows for key in one))
            self.rows = [{name: one.get(name, "") for name in names} for one in self.rows]
            with self.path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(self.rows)
            self.pending = False
            return
        names = list(self.rows[0])
        self.rows[-1] = {name: row.get(name, "") for name in names}
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, names).writerow(self.rows[-1])

    def close(self) -> None:
        """Flush and close."""
        self.events.close()


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row.get("step") or "").isdigit()]
