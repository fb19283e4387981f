"""Which renderer to use, and how to mend what is missing.

OpenGL on a graphics card comes first. Where OpenGL itself draws on the processor (Mesa's llvmpipe), the
software rasteriser does the same work for less; see docs/decisions/0003-renderer-without-a-graphics-card.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache

from assets.errors import InputError, closest
from synth.render.protocol import Renderer

NAMES = ("egl", "osmesa", "software")
"""All renderers, in the order in which ``auto`` tries them; those that draw on the processor are left to the last."""

ON_PROCESSOR = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software rasterizer")
"""Names of OpenGL devices that are programs."""

SAMPLES = (1, 2, 4, 9, 16)
"""Samples per pixel that can be had; 2 stands for one and a half along each side."""

PACKAGES = {
    "egl": "apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri libgl1 libgles2",
    "osmesa": "apt-get install libosmesa6",
}
"""What to install on Debian and its kin."""

PROBE_SECONDS = 60

_KNOWN_REASONS = (
    ("eglGetCurrentContext", "libEGL is not installed"),
    ("Invalid device ID", "libEGL finds no device: libegl-mesa0 is not installed"),
    ("swrast", "the software driver libgl1-mesa-dri is not installed"),
    ("OSMesa", "libOSMesa is not installed"),
    ("Cannot connect", "PYOPENGL_PLATFORM was not set before OpenGL was imported"),
    ("libGL", "libGL is not installed"),
    ("libEGL", "libEGL is not installed"),
)


@dataclass(frozen=True)
class RendererProbe:
    """Whether a renderer works here.

    Attributes
    ----------
    name : str
        ``egl``, ``osmesa`` or ``software``.
    available : bool
    reason : str
        Why not, or which device draws.
    mend : str
        The command that would make it work; empty if it does.
    on_processor : bool
        Whether OpenGL draws without a graphics card, which costs more than ``software`` does.
    """

    name: str
    available: bool
    reason: str
    mend: str
    on_processor: bool = False


@lru_cache(maxsize=8)
def probe(name: str) -> RendererProbe:
    """Try one renderer in a process of its own, so that a broken library cannot harm this one."""
    if name == "software":
        return RendererProbe(name, True, "numba rasteriser, no graphics library needed", "")
    program = (
        "from synth.render.gl import GLRenderer, device_name\n"
        f"GLRenderer({name!r}, 16, 1)\n"
        "import sys\nsys.stdout.write('device=' + device_name())"
    )
    paths = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    environment = {**os.environ, "PYOPENGL_PLATFORM": name, "PYTHONPATH": paths, "LP_NUM_THREADS": "0"}
    command = [sys.executable, "-c", program]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return RendererProbe(name, False, f"gave no answer in {PROBE_SECONDS} s", PACKAGES[name])
    if done.returncode == 0 and "device=" in done.stdout:
        return _working(name, done.stdout.rpartition("device=")[2].strip())
    return RendererProbe(name, False, _reason(done.stderr, done.returncode), PACKAGES[name])


def _working(name: str, device: str) -> RendererProbe:
    """Return the state of an OpenGL renderer that works on the named device."""
    on_processor = any(mark in device.lower() for mark in ON_PROCESSOR)
    note = "; no graphics card, so that software draws at less cost" if on_processor else ""
    return RendererProbe(name, True, device + note, "", on_processor)


def _reason(trace: str, code: int) -> str:
    """Return a sentence for the last line of a traceback."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    last = lines[-1] if lines else f"the trial process ended with code {code}"
    for mark, sentence in _KNOWN_REASONS:
        if mark in last:
            return sentence
    return last[:200]


def probe_renderers() -> list[RendererProbe]:
    """Return the state of every renderer, in the order in which they are tried."""
    return [probe(name) for name in NAMES]


def choose_renderer(name: str = "auto") -> str:
    """Return the renderer to use on this machine: OpenGL on a graphics card if there is one, else software.

    Parameters
    ----------
    name : str
        ``auto`` or one of ``NAMES``.

    Raises
    ------
    InputError
        If the name is unknown, or the named renderer does not work here.
    """
    if name == "auto":
        return next(trial.name for trial in map(probe, NAMES) if trial.available and not trial.on_processor)
    if name not in NAMES:
        raise InputError.one(f"no renderer {name!r}", "--renderer", closest(name, ("auto", *NAMES)))
    trial = probe(name)
    if not trial.available:
        mend = f"run `{trial.mend}`, or pass --renderer auto or software"
        raise InputError.one(f"{name} does not work here: {trial.reason}", "--renderer", mend)
    return name


def open_renderer(name: str = "auto", size_px: int = 256, samples: int = 4) -> Renderer:
    """Return a renderer; a process opens one and uses it for all its avatars.

    Parameters
    ----------
    name : str
        ``auto``, ``egl``, ``osmesa`` or ``software``. Only one of EGL and OSMesa per process.
    size_px : int
        Side of the pictures, 32 to 2048.
    samples : int
        Samples per pixel: 1, 2, 4, 9 or 16.

    Raises
    ------
    InputError
        If the name, size or samples are not possible here.
    """
    if samples not in SAMPLES:
        raise InputError.one(f"{samples} samples per pixel are not possible", "--samples", "choose 1, 2, 4, 9 or 16")
    if not 32 <= size_px <= 2048:
        raise InputError.one(f"pictures of {size_px} pixels are not possible", "--size", "choose 32 to 2048")
    if samples == 2 and size_px % 2:
        raise InputError.one(f"2 samples need an even size, not {size_px}", "--size", "choose an even size")
    chosen = choose_renderer(name)
    if chosen == "software":
        from synth.render.software import SoftwareRenderer

        return SoftwareRenderer(size_px, samples)
    os.environ["PYOPENGL_PLATFORM"] = chosen
    from synth.render.gl import GLRenderer

    return GLRenderer(chosen, size_px, samples)
