"""How a run tells what it does, without printing: the command line hands in its own reporter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Reporter(Protocol):
    """Hears about a run."""

    def note(self, text: str) -> None:
        """Take a line of text."""

    def begin(self, name: str, total: int, done: int) -> None:
        """Take the start of ``total`` steps, ``done`` of which lie behind."""

    def advance(self, steps: int, values: Mapping[str, float]) -> None:
        """Take that ``steps`` more steps are made; ``values`` are the latest losses, if new."""

    def end(self) -> None:
        """Take the end of the steps."""


class Silent:
    """A reporter that says nothing."""

    def note(self, text: str) -> None:
        """Ignore."""

    def begin(self, name: str, total: int, done: int) -> None:
        """Ignore."""

    def advance(self, steps: int, values: Mapping[str, float]) -> None:
        """Ignore."""

    def end(self) -> None:
        """Ignore."""
