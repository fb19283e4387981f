"""What this machine has and lacks, and the exact mend."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from assets.errors import InputError

GOOD, WARNING, BAD = "ok", "warning", "missing"

REQUIRED = (
    "numpy", "scipy", "trimesh", "pyrender-maintained", "PyOpenGL", "opencv-python-headless", "ai-edge-litert", "click",
    "rich", "h5py", "simplejpeg", "numba",
)  # fmt: skip
OPTIONAL = {"torch": "train", "timm": "train", "lightning": "train", "mediapipe": "mediapipe"}
"""Package to the extra that brings it."""

LEAST_FREE_GB, LEAST_MEMORY_GB = 2.0, 2.0


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes
    ----------
    name : str
    state : str
        ``ok``, ``warning`` or ``missing``; only ``missing`` keeps `synth render` from running.
    detail : str
    mend : str
        What to do; empty if nothing.
    """

    name: str
    state: str
    detail: str
    mend: str = ""


def diagnose(folder: Path) -> list[Check]:
    """Return every check.

    Parameters
    ----------
    folder : Path
        Where output would go.
    """
    return [
        Check("python", GOOD, platform.python_version()),
        *_packages(),
        *_video(),
        *_renderers(),
        *_assets(),
        *_resources(folder),
    ]


def _packages() -> list[Check]:
    out = []
    for name in REQUIRED:
        try:
            out.append(Check(name, GOOD, version(name)))
        except PackageNotFoundError:
            out.append(Check(name, BAD, "is not installed", f"pip install {name}"))
    for name, extra in OPTIONAL.items():
        try:
            out.append(Check(name, GOOD, f"{version(name)} (optional)"))
        except PackageNotFoundError:
            out.append(Check(name, GOOD, f"is not installed (optional; comes with twinface[{extra}])"))
    return out


def _video() -> list[Check]:
    import cv2

    backends = [cv2.videoio_registry.getBackendName(number) for number in cv2.videoio_registry.getStreamBackends()]
    if "FFMPEG" in backends:
        return [Check("video decoding", GOOD, "FFMPEG")]
    return [Check("video decoding", WARNING, "no FFMPEG", "pip install --force-reinstall opencv-python-headless")]


def _renderers() -> list[Check]:
    from synth.render.choose import probe_renderers

    probes = probe_renderers()
    best = next((probe.name for probe in probes if probe.available and not probe.on_processor), None)
    out = [
        Check(
            f"renderer {probe.name}",
            GOOD if probe.available else WARNING,
            probe.reason + (" (used by --renderer auto)" if probe.name == best else ""),
            probe.mend,
        )
        for probe in probes
    ]
    if best is None:
        out.append(Check("renderer", BAD, "none works", probes[0].mend))
    return out


def _assets() -> list[Check]:
    from assets.models import FACE_MODEL_SHA256, read_face_model
    from assets.rig_bundle import load_rig

    out = []
    try:
        read_face_model()
        out.append(Check("face model", GOOD, f"sha256 {FACE_MODEL_SHA256[:12]}…"))
    except InputError as error:
        out += [Check("face model", BAD, f"{p.where}: {p.what}", p.mend) for p in error.problems]
    try:
        rig = load_rig("hm08")
        out.append(Check("rig hm08", GOOD, f"version {rig.version}, {rig.licence.spdx}"))
    except InputError as error:
        out += [Check("rig hm08", BAD, f"{p.where}: {p.what}", p.mend) for p in error.problems]
    return out


def _resources(folder: Path) -> list[Check]:
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    disk = Check("disk", GOOD, f"{free:.1f} GB free at {place.resolve()}")
    if not os.access(place, os.W_OK):
        disk = Check("disk", BAD, f"{place.resolve()} cannot be written", "choose another folder")
    elif free < LEAST_FREE_GB:
        disk = Check("disk", WARNING, disk.detail, "free some space; 1000 frames with two twins need about 0.05 GB")
    out = [disk, Check("cpu", GOOD, f"{usable_cores()} cores usable")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    state = GOOD if memory >= LEAST_MEMORY_GB else WARNING
    out.append(Check("memory", state, f"{memory:.1f} GB", "" if state == GOOD else "use --workers 1"))
    return out


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
