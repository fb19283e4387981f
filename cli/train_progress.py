"""Progress of training on a terminal; plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from train.loop.reporter import Reporter


class LineReporter:
    """Prints notes on standard output, and a line of losses ten times a run on standard error."""

    def __init__(self) -> None:
        self.total, self.made, self.shown = 0, 0, 0

    def note(self, text: str) -> None:
        """Print a line."""
        click.echo(text)

    def begin(self, name: str, total: int, done: int) -> None:
        """Start counting."""
        self.name, self.total, self.made, self.shown = name, total, done, done

    def advance(self, steps: int, values: Mapping[str, float]) -> None:
        """Count; now and then print the losses."""
        self.made += steps
        if values and (self.made - self.shown >= self.total / 10 or self.made == self.total):
            self.shown = self.made
            click.echo(f"{self.name}: step {self.made} of {self.total}: {losses_line(values)}", err=True)

    def end(self) -> None:
        """Nothing is left open."""


class BarReporter(LineReporter):
    """Draws a bar with remaining time and the latest losses."""

    task: TaskID

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def note(self, text: str) -> None:
        """Print a line above the bar."""
        self.progress.console.print(text, markup=False, highlight=False)

    def begin(self, name: str, total: int, done: int) -> None:
        """Put up a bar."""
        self.task = self.progress.add_task(name, total=total, completed=done, losses="")

    def advance(self, steps: int, values: Mapping[str, float]) -> None:
        """Move the bar."""
        shown: dict[str, Any] = {"losses": losses_line(values)} if values else {}
        self.progress.update(self.task, advance=steps, **shown)

    def end(self) -> None:
        """Take the bar down."""
        self.progress.remove_task(self.task)


def losses_line(values: Mapping[str, float]) -> str:
    """Return losses in one line, for example ``L_AU 2.31  L_PM2 0.84``."""
    return "  ".join(f"{key} {value:.3g}" for key, value in values.items())


@contextmanager
def reporter() -> Iterator[Reporter]:
    """Give the reporter that suits the terminal; only the first process of several speaks."""
    import os

    if int(os.environ.get("LOCAL_RANK", os.environ.get("RANK", "0"))) > 0:
        from train.loop.reporter import Silent

        yield Silent()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield LineReporter()
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), TextColumn("{task.fields[losses]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as progress:
        yield BarReporter(progress)
