"""Where rigs that a user imported are kept, and how they are found again by name."""

from __future__ import annotations

import os
import re
from pathlib import Path

VARIABLE = "TWINFACE_RIGS"
MANIFEST = "manifest.json"

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


def library_folder() -> Path:
    """Return the folder of imported rigs: ``$TWINFACE_RIGS``, else ``twinface/rigs`` in the user's data folder."""
    if os.environ.get(VARIABLE):
        return Path(os.environ[VARIABLE])
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "twinface" / "rigs"


def is_rig_name(name: str) -> bool:
    """Return whether a text can be the name of a rig: letters, digits, ``_``, ``.`` and ``-``, at most 64."""
    return bool(_NAME.match(name))


def library_rigs() -> dict[str, Path]:
    """Return the folders of the imported rigs by name, sorted."""
    folder = library_folder()
    if not folder.is_dir():
        return {}
    return {
        path.name: path for path in sorted(folder.iterdir()) if (path / MANIFEST).is_file() and is_rig_name(path.name)
    }
