"""Two processes train one model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pm2", "dann"])
def test_two_gloo_processes_keep_their_ranks_equal(method: str, corpora: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    script = [sys.executable, str(ROOT / "tests" / "train" / "ddp_script.py"), str(corpora), str(tmp_path), method]
    done = subprocess.run(script, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    assert one["world"] == two["world"] == 2
    assert one["digest"] == two["digest"], "parameters and buffers"
    assert one["f1"] == two["f1"]
    assert one["random"] != two["random"], "each process has random numbers of its own"
