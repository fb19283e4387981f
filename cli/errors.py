"""How every command ends: one line per problem on stderr, an exit code of its own, no traceback for a user mistake."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

import click

from assets.errors import InputError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells count it (128 + SIGINT)."""

EXTRAS = {
    **dict.fromkeys(
        ("torch", "torchvision", "timm", "lightning", "sklearn", "fairlearn", "torchmetrics", "safetensors",
         "tensorboard"), "train"
    ),
    "matplotlib": "report",
    **dict.fromkeys(("onnx", "onnxruntime", "onnxscript"), "export"),
}  # fmt: skip
"""Modules that come with an extra of the package, and its name."""


def run_command(command: click.Command, prog: str, args: Sequence[str] | None = None) -> int:
    """Run a click command and return its exit code.

    Parameters
    ----------
    command : click.Command
    prog : str
        Name printed in front of every problem, for example ``synth``.
    args : sequence of str or None
        Arguments without the program; None takes those of the process.

    Returns
    -------
    int
        0 done, 1 finished with failures that were listed, 2 a mistake the user can mend, 3 no face anywhere,
        130 interrupted. Errors of the program itself are not caught: they keep their traceback.
    """
    try:
        code = command.main(args=None if args is None else list(args), prog_name=prog, standalone_mode=False)
    except InputError as error:
        report(prog, map(str, error.problems))
        return error.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else prog
        message = " ".join(error.format_message().split()).rstrip(".")
        report(prog, [f"{message}; see '{path} --help'"])
        return error.exit_code
    except click.ClickException as error:
        report(prog, [" ".join(error.format_message().split())])
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        report(prog, ["interrupted; finished work is kept, run the same command again to continue"])
        return INTERRUPTED
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing not in EXTRAS:
            raise
        mend = f"pip install 'twinface[{EXTRAS[missing]}]'"
        report(prog, [f"{command.name}: the package {missing} is not installed; {mend}"])
        return InputError.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def report(prog: str, lines: Iterable[str]) -> None:
    """Print one line per problem on stderr.

    Parameters
    ----------
    prog : str
    lines : iterable of str
    """
    for line in lines:
        click.echo(f"{prog}: error: {' '.join(line.split())}", err=True)
