"""Which versions of the program and its libraries made a shard."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("numpy", "scipy", "opencv-python-headless", "ai-edge-litert", "h5py", "simplejpeg", "numba",
            "pyrender-maintained", "PyOpenGL", "trimesh")  # fmt: skip


def program_version() -> str:
    """Return the version of this program."""
    return _version("twinface")


def library_versions() -> dict[str, str]:
    """Return package name to version; ``absent`` where it is not installed."""
    return {"twinface": program_version(), "python": platform.python_version(), **{n: _version(n) for n in PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
