"""The vendored face model: where it lies and what is inside it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from assets.errors import InputError

FACE_MODEL = Path(__file__).parent / "data" / "face_landmarker.task"
FACE_MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
FACE_MODEL_MEMBERS = (
    "face_detector.tflite",
    "face_landmarks_detector.tflite",
    "face_blendshapes.tflite",
    "geometry_pipeline_metadata_landmarks.binarypb",
)

_LARGEST_FILE = 32 * 2**20


def read_face_model(path: Path | None = None) -> dict[str, bytes]:
    """Read the four members of the face landmarker into memory after checking its SHA-256.

    Parameters
    ----------
    path : Path or None
        None reads the file that ships with the package.

    Returns
    -------
    dict of str to bytes
        ``FACE_MODEL_MEMBERS`` to content. Nothing is unpacked to disk.

    Raises
    ------
    InputError
        If the file is missing, too large, or not the file this package was made for.
    """
    path = FACE_MODEL if path is None else Path(path)
    if not path.is_file():
        raise InputError.one("the face model is missing", path, "install the package again")
    size = path.stat().st_size
    content = path.read_bytes() if size <= _LARGEST_FILE else b""
    if hashlib.sha256(content).hexdigest() != FACE_MODEL_SHA256:
        raise InputError.one(
            "this is not the face model the package was made for (SHA-256 differs)", path, "install the package again"
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        wrong = [name for name in FACE_MODEL_MEMBERS if not 0 < sizes.get(name, 0) <= _LARGEST_FILE]
        if wrong:
            raise InputError.one(f"the face model lacks {', '.join(wrong)}", path, "install the package again")
        return {name: archive.read(name) for name in FACE_MODEL_MEMBERS}
