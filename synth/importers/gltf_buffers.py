"""Numbers out of glTF 2.0 buffers: accessors, sparse and quantised ones included, every offset checked.

Written to section 3.6 of the glTF 2.0 specification (Khronos) and KHR_mesh_quantization. General mesh libraries read
glTF too, but drop morph targets.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import numpy as np

from assets.errors import InputError
from synth.importers.files import clean_text, read_bounded

DOCUMENT_LIMIT_BYTES = 32 << 20
FILE_LIMIT_BYTES = 256 << 20
ELEMENT_LIMIT = 4_000_000

_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_AGAIN = "export the head again as glTF 2.0 (GLB)"
_UNSUPPORTED = {
    "KHR_draco_mesh_compression": "export without Draco compression",
    "EXT_meshopt_compression": "export without meshopt compression",
    "KHR_texture_basisu": "export with PNG or JPEG textures",
}


class GltfFile:
    """A parsed glTF document and its buffers.

    Parameters
    ----------
    path : Path
        ``.glb``, or ``.gltf`` with buffers inside or beside it.

    Raises
    ------
    InputError
        If the container, the document or a buffer is damaged, or it needs an extension that is not read here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        data = read_bounded(path, FILE_LIMIT_BYTES)
        self._chunk = b""
        text = data
        if data[:4] == b"glTF" or path.suffix.lower() == ".glb":
            text, self._chunk = _glb_chunks(data, path)
        if len(text) > DOCUMENT_LIMIT_BYTES:
            raise InputError.one("its JSON is larger than 32 MiB", path, _AGAIN)
        try:
            self.document: dict[str, Any] = json.loads(text.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            raise InputError.one("its JSON part cannot be read", path, _AGAIN) from None
        if not isinstance(self.document, dict) or not isinstance(self.document.get("asset"), dict):
            raise InputError.one("is no glTF document (no asset)", path, _AGAIN)
        version = str(self.document["asset"].get("version", ""))
        if not version.startswith("2"):
            raise InputError.one(f"is glTF version {version!r}, not 2.0", f"{path}:asset.version", _AGAIN)
        for name in self.table("extensionsRequired"):
            if isinstance(name, str) and name in _UNSUPPORTED:
                raise InputError.one(f"needs {name}", f"{path}:extensionsRequired", _UNSUPPORTED[name])
        self._buffers: dict[int, bytes] = {}

    def table(self, kind: str) -> list[Any]:
        """Return a list at the top of the document; empty if it is absent, an InputError if it is no list."""
        table = self.document.get(kind, [])
        if not isinstance(table, list):
            raise self.fault("is not a list", kind)
        return table

    def entry(self, kind: str, index: Any) -> dict[str, Any]:
        """Return ``document[kind][index]``; an InputError names the key if there is no such entry."""
        table = self.document.get(kind)
        if (
            not isinstance(index, int)
            or isinstance(index, bool)
            or not isinstance(table, list)
            or not 0 <= index < len(table)
        ):
            count = len(table) if isinstance(table, list) else 0
            raise InputError.one(f"refers to {kind} {index!r} of {count}", f"{self.path}:{kind}", _AGAIN)
        if not isinstance(table[index], dict):
            raise InputError.one("is not an object", f"{self.path}:{kind}[{index}]", _AGAIN)
        return table[index]

    def fault(self, what: str, key: str, mend: str = _AGAIN) -> InputError:
        """Return an error about a key of this document."""
        return InputError.one(what, f"{self.path}:{key}", mend)

    def accessor(self, index: Any) -> np.ndarray:
        """Return the values (count, width) of an accessor: float64 if normalised or floating, else int64.

        Raises
        ------
        InputError
            If it reaches beyond its buffer, declares a huge size, or a value is not finite.
        """
        entry, key = self.entry("accessors", index), f"accessors[{index}]"
        count, component, kind = entry.get("count"), entry.get("componentType"), entry.get("type")
        if not isinstance(component, int) or component not in _DTYPES or str(kind) not in _WIDTHS:
            raise self.fault(f"has componentType {component!r} and type {kind!r}", key)
        if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= ELEMENT_LIMIT:
            raise self.fault(f"declares {count!r} elements (1 to {ELEMENT_LIMIT} are read)", f"{key}.count")
        dtype, width = np.dtype(_DTYPES[component]), _WIDTHS[str(kind)]
        if "bufferView" in entry:
            values = self._view(entry["bufferView"], entry.get("byteOffset", 0), count, dtype, width, key).copy()
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in entry:
            self._apply_sparse(values, entry["sparse"], dtype, width, f"{key}.sparse")
        if entry.get("normalized"):
            return np.maximum(values / np.iinfo(dtype).max, -1.0) if dtype.kind != "f" else values.astype(float)
        if dtype.kind != "f":
            return values.astype(np.int64)
        if not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).any(1).argmax())
            raise self.fault(f"element {bad} is NaN or infinite", key, "repair the mesh in the program that made it")
        return values.astype(float)

    def _apply_sparse(self, values: np.ndarray, sparse: Any, dtype: np.dtype, width: int, key: str) -> None:
        if (
            not isinstance(sparse, dict)
            or not isinstance(sparse.get("count"), int)
            or isinstance(sparse["count"], bool)
            or not 0 < sparse["count"] <= len(values)
        ):
            raise self.fault("has no usable count", key)
        at, new = sparse.get("indices"), sparse.get("values")
        if not isinstance(at, dict) or not isinstance(new, dict) or at.get("componentType") not in (5121, 5123, 5125):
            raise self.fault("needs indices and values", key)
        kind = np.dtype(_DTYPES[at["componentType"]])
        rows = self._view(at.get("bufferView"), at.get("byteOffset", 0), sparse["count"], kind, 1, key)[:, 0]
        if rows.max() >= len(values):
            raise self.fault(f"index {int(rows.max())} of {len(values)}", f"{key}.indices")
        values[rows] = self._view(new.get("bufferView"), new.get("byteOffset", 0), sparse["count"], dtype, width, key)

    def _view(self, index: Any, offset: Any, count: int, dtype: np.dtype, width: int, key: str) -> np.ndarray:
        view = self.entry("bufferViews", index)
        data = self.buffer(view.get("buffer"))
        numbers = (
            view.get("byteOffset", 0),
            view.get("byteLength"),
            offset,
            view.get("byteStride", dtype.itemsize * width),
        )
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
            raise self.fault("has an offset, length or stride that is not a count of bytes", f"bufferViews[{index}]")
        start, length, inner, stride = numbers
        size = dtype.itemsize * width
        end = inner + stride * (count - 1) + size
        if stride < size or end > length or start + length > len(data):
            raise self.fault(
                f"needs {start + end} bytes of a buffer that holds {len(data)}",
                key,
                "the file may be cut off; export again",
            )
        raw = np.frombuffer(data, np.uint8, count=end - inner, offset=start + inner)
        rows = np.lib.stride_tricks.as_strided(raw, (count, size), (stride, 1), writeable=False)
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def view_bytes(self, index: Any) -> bytes:
        """Return the bytes of a buffer view, for example an image."""
        view = self.entry("bufferViews", index)
        data, start, length = self.buffer(view.get("buffer")), view.get("byteOffset", 0), view.get("byteLength")
        if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (start, length)):
            raise self.fault("has an offset or length that is not a count of bytes", f"bufferViews[{index}]")
        if start + length > len(data):
            raise self.fault(
                f"needs {start + length} bytes of a buffer that holds {len(data)}", f"bufferViews[{index}]"
            )
        return data[start : start + length]

    def buffer(self, index: Any) -> bytes:
        """Return the bytes of a buffer: the GLB chunk, an embedded one, or a file beside the document."""
        entry = self.entry("buffers", index)
        if index not in self._buffers:
            self._buffers[index] = (
                self.resource(entry.get("uri"), f"buffers[{index}]") if "uri" in entry else self._chunk
            )
            length = entry.get("byteLength")
            if not isinstance(length, int) or length > len(self._buffers[index]) + 3:
                raise self.fault(
                    f"declares {length!r} bytes but holds {len(self._buffers[index])}", f"buffers[{index}].byteLength",
                    "the file may be cut off; export again",
                )  # fmt: skip
        return self._buffers[index]

    def resource(self, uri: Any, key: str) -> bytes:
        """Return the bytes behind a URI: ``data:`` or a relative path that stays in the folder of the document."""
        if not isinstance(uri, str):
            raise self.fault("has no uri", key)
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except (binascii.Error, ValueError):
                raise self.fault("its data uri is damaged", key) from None
        name = PurePosixPath(unquote(uri).replace("\\", "/"))
        if "\0" in str(name):
            raise self.fault(f"uri {uri!r} is no file name", key, "put everything into one GLB")
        target = (self.path.parent / name).resolve()
        if "://" in uri or name.is_absolute() or not target.is_relative_to(self.path.parent.resolve()):
            raise self.fault(f"uri {uri!r} leads out of the folder", key, "put everything into one GLB")
        return read_bounded(target, FILE_LIMIT_BYTES)


def clean_name(value: Any) -> str:
    """Return a name of the document as text that can be printed, empty where there is none."""
    return "" if value is None else clean_text(str(value))


def _glb_chunks(data: bytes, path: Path) -> tuple[bytes, bytes]:
    if len(data) < 20 or data[:4] != b"glTF":
        raise InputError.one("is no GLB (its first bytes are not 'glTF')", path, _AGAIN)
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2:
        raise InputError.one(f"is GLB version {version}, not 2", path, _AGAIN)
    if length > len(data):
        raise InputError.one(
            f"declares {length} bytes but holds {len(data)}", path, "the file is cut off; copy or export it again"
        )
    chunks: dict[int, bytes] = {}
    place = 12
    while place + 8 <= length:
        size, kind = struct.unpack_from("<II", data, place)
        if place + 8 + size > length:
            raise InputError.one(
                "a chunk is longer than the file", path, "the file is cut off; copy or export it again"
            )
        chunks.setdefault(kind, data[place + 8 : place + 8 + size])
        place += 8 + size
    if 0x4E4F534A not in chunks:
        raise InputError.one("has no JSON chunk", path, _AGAIN)
    return chunks[0x4E4F534A], chunks.get(0x004E4942, b"")
