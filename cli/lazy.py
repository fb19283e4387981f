"""Groups whose commands are imported when they are called, so that ``--help`` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from assets.errors import closest
from cli.errors import run_command


class LazyGroup(click.Group):
    """A click group over a table of commands; as a program it ends as ``cli.errors.run_command`` says.

    Parameters
    ----------
    table : dict of str to (str, str)
        Command name to ``(module:attribute, one line of help)``, in the order of the help page.
    """

    def __init__(self, *args: Any, table: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run as a program and exit, or return the command's value if not ``standalone_mode``."""
        if standalone_mode:
            sys.exit(run_command(self, self.name or prog_name or "", args))
        return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return command names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        if name not in self.table:
            return None
        module, attribute = self.table[name][0].split(":")
        return getattr(import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the closest command when there is no such one."""
        if args and not args[0].startswith("-") and args[0] not in self.table:
            raise click.UsageError(f"no command {args[0]!r}: {closest(args[0], self.table)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in self.table.items()])
