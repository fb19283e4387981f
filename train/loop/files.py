"""Writing results so that an earlier file is never damaged."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.errors import InputError


@contextmanager
def telling_full_disk(folder: Path) -> Iterator[None]:
    """Turn a full disk, met by a log or by anything else inside, into one error.

    Raises
    ------
    InputError
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        mend = "free space or pass another --out; earlier checkpoints are whole"
        raise InputError.one("there is no space left", folder, mend) from None


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and move it there in one step.

    Raises
    ------
    InputError
        If there is no space or no right to write; what was at ``path`` is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        taken = next((folder for folder in path.parents if folder.exists() and not folder.is_dir()), None)
        if taken is not None:
            raise InputError.one("this is a file, not a folder", taken, "pass another --out")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(part)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError) as error:
        cause = " ".join(str(error).split())[:160]
        number = getattr(error, "errno", None)
        full = number in (errno.ENOSPC, errno.EDQUOT) or "file write failed" in cause or "enforce fail" in cause
        if not full and not isinstance(error, OSError):
            raise
        denied = number in (errno.EACCES, errno.EPERM, errno.EROFS)
        what = "there is no space left for the file" if full else f"the file cannot be written ({cause})"
        first = "free space" if full else "get the right to write there" if denied else "mend the folder"
        raise InputError.one(what, path, f"{first} or pass another --out; earlier checkpoints are whole") from None


def write_json(path: Path, table: Any) -> None:
    """Write a table as JSON, sorted and indented."""
    text = json.dumps(table, indent=2, sort_keys=True, allow_nan=False) + "\n"
    replace_file(path, lambda part: _write_text(part, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
