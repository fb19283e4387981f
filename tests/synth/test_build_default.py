"""The committed default rig is what its builder makes of the source wheel, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assets.rig_bundle import BUILT_IN
from synth.build.default_rig import build_default_rig
from synth.build.source import WHEEL_NAME


@pytest.fixture
def wheel() -> Path:
    """The source wheel: ``TWINFACE_WHEEL``; it is too large to be committed."""
    path = os.environ.get("TWINFACE_WHEEL", "")
    if not path:
        pytest.skip(f"set TWINFACE_WHEEL to the path of {WHEEL_NAME}")
    return Path(path)


@pytest.mark.slow
def test_rebuilding_gives_the_committed_bytes(wheel: Path, tmp_path: Path) -> None:
    manifest = build_default_rig(wheel, tmp_path)
    assert manifest["name"] == "hm08"
    for committed in sorted(BUILT_IN["hm08"].iterdir()):
        assert (tmp_path / committed.name).read_bytes() == committed.read_bytes(), committed.name
