"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real footage that lies beside the checkout.

    Skips where it is absent; fails in continuous integration, where it must be present.
    """
    folder = Path(os.environ.get("TWINFACE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "real").is_dir():
        message = f"no real footage at {folder}; set TWINFACE_SHARED to the folder that holds real/"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder
