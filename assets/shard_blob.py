"""Reading encoded pictures where they lie in the file; for a few kilobytes HDF5 costs more than the read itself."""

from __future__ import annotations

import os

import h5py
import numpy as np

from assets.errors import InputError


class Blob:
    """The encoded pictures of one group, end to end.

    The bytes are read straight from the descriptor of the open file where they lie in it as they are: in one piece or
    in chunks, without filters. Otherwise, and where the system has no ``preadv``, HDF5 reads them. Both give the same.

    Parameters
    ----------
    file : h5py.File
        Open for reading; it must stay open.
    path : str
        Of the (N,) uint8 dataset.

    Attributes
    ----------
    pieces : list of int
        Place in the file of each piece of ``piece_bytes``; empty where HDF5 reads.
    piece_bytes : int
    """

    def __init__(self, file: h5py.File, path: str) -> None:
        self.dataset, self._filename = file[path], file.filename
        self.size_bytes = len(self.dataset)
        self.piece_bytes, self.pieces = _pieces(file, self.dataset)
        self._descriptor = file.id.get_vfd_handle() if self.pieces else -1

    def read(self, start: int, length: int) -> np.ndarray:
        """Return ``length`` bytes from ``start`` as a new (length,) uint8 array, fewer where the blob ends.

        Raises
        ------
        InputError
            If the file ends before them, or cannot be read.
        """
        try:
            if not self.pieces or start < 0:
                return np.asarray(self.dataset[start : start + length])
            return self._read_in_pieces(start, max(0, min(length, self.size_bytes - start)))
        except OSError as error:
            what = f"a picture cannot be read ({' '.join(str(error).split())})"
        raise InputError.one(what, self._filename, "run `synth verify` on the folder")

    def _read_in_pieces(self, start: int, length: int) -> np.ndarray:
        out = np.empty(length, np.uint8)
        done, memory = 0, out.data
        while done < length:
            number, inside = divmod(start + done, self.piece_bytes)
            wanted = min(length - done, self.piece_bytes - inside)
            if os.preadv(self._descriptor, [memory[done : done + wanted]], self.pieces[number] + inside) != wanted:
                raise OSError("the file ends before it")
            done += wanted
        return out


def _pieces(file: h5py.File, dataset: h5py.Dataset) -> tuple[int, list[int]]:
    """Return the size of the pieces of a dataset and where each begins in the file; none where HDF5 must read it."""
    nowhere: tuple[int, list[int]] = 0, []
    plain = file.driver == "sec2" and not file.userblock_size and dataset.dtype == np.uint8 and dataset.ndim == 1
    if not plain or not hasattr(os, "preadv") or dataset.external or dataset.is_virtual or not len(dataset):
        return nowhere
    if dataset.chunks is None:
        offset = dataset.id.get_offset()
        return nowhere if offset is None else (len(dataset), [offset])
    if dataset.id.get_create_plist().get_nfilters():
        return nowhere
    step = dataset.chunks[0]
    pieces = [dataset.id.get_chunk_info_by_coord((first,)).byte_offset for first in range(0, len(dataset), step)]
    return nowhere if None in pieces else (step, pieces)
