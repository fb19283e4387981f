"""Failures to write, told in one line."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from assets.errors import InputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class OutputError(InputError):
    """The output folder is full or cannot be written; no subject can go on."""

    fatal = True


@contextlib.contextmanager
def output_errors(place: object) -> Iterator[None]:
    """Turn failures to write into one clear line.

    Parameters
    ----------
    place : object
        The file or folder that is written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        code = getattr(error, "errno", None)
        text = str(error).lower()
        if code in _FULL or "no space left" in text or "file too large" in text or "quota" in text:
            mend = "free some space and run the same command again; finished subjects are kept"
            raise OutputError.one("the disk is full", place, mend) from None
        if isinstance(error, PermissionError) or code in (errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.ENOENT):
            raise OutputError.one("this place cannot be written", place, "choose another --out") from None
        raise
