"""Names of files that are no UTF-8 text: the picture library crashes on them and shards cannot hold them."""

from __future__ import annotations

import os
from pathlib import Path

from assets.errors import InputError, Problem


def name_problem(path: str | Path) -> Problem | None:
    """Return what is wrong with the name of a file or folder, None if it is UTF-8 text.

    Parameters
    ----------
    path : str or Path
        As the operating system gave it; bytes that are no UTF-8 stand in it as lone surrogates.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode("utf-8", "backslashreplace")
        return Problem("this name is no UTF-8 text", shown, "rename the file or folder")
    return None


def check_name(path: str | Path) -> None:
    """Refuse a file or folder whose name is no UTF-8 text.

    Raises
    ------
    InputError
        If it is none.
    """
    problem = name_problem(path)
    if problem is not None:
        raise InputError(problem)
