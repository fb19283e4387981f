"""MATLAB files: what SciPy writes is read back, and no damage does more than raise ValueError."""

from __future__ import annotations

import io

import numpy as np
import pytest
from scipy.io import savemat

from assets.keyed import rng_for
from synth.corpora.mat_file import LARGEST_BYTES, read_array

POINTS = rng_for(0, "mat").uniform(0, 600, (66, 2))


def saved(values: dict, **options: object) -> bytes:
    file = io.BytesIO()
    savemat(file, values, **options)
    return file.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["f8", "f4", "u1", "i2", "u2", "i4", "i8"])
def test_arrays_come_back(kind: str, compressed: bool) -> None:
    wanted = POINTS.astype(kind)
    data = saved({"other": np.eye(3), "cell": np.array([1, "a"], object), "pts": wanted}, do_compression=compressed)
    np.testing.assert_array_equal(read_array(data, "pts"), wanted.astype(np.float64))
    assert read_array(data, "points") is None


@pytest.mark.parametrize("odd", [POINTS + 1j, "text", {"a": 1}, np.array([1, "a"], object)])
def test_other_variables_are_refused(odd: object) -> None:
    with pytest.raises(ValueError, match="no array of real numbers"):
        read_array(saved({"pts": odd}), "pts")


@pytest.mark.parametrize("compressed", [False, True])
def test_damage_is_an_error_and_nothing_worse(compressed: bool) -> None:
    """SciPy's reader crashed the whole process on some of these files."""
    data = saved({"pts": POINTS}, do_compression=compressed)
    rng = rng_for(1, "damage")
    for _ in range(1500):
        broken = bytearray(data[: rng.integers(0, len(data)) if rng.uniform() < 0.2 else None])
        for place in rng.integers(0, max(1, min(len(broken), 300)), rng.integers(1, 6)):
            broken[place : place + 1] = bytes([rng.integers(0, 256)])
        try:
            found = read_array(bytes(broken), "pts")
        except ValueError:
            continue
        assert found is None or found.dtype == np.float64


def test_what_unpacks_without_end_is_cut() -> None:
    data = saved({"pts": np.zeros((2000, 1000))}, do_compression=True)
    assert len(data) < LARGEST_BYTES
    with pytest.raises(ValueError, match="breaks off"):
        read_array(data, "pts")
