"""Methods by name; add your own class here or with ``METHODS[name] = Class``."""

from __future__ import annotations

from assets.errors import InputError, closest
from train.methods.cdan import Cdan
from train.methods.dan import Dan
from train.methods.dann import Dann
from train.methods.jan import Jan
from train.methods.m3sda import M3sda
from train.methods.mcd import Mcd
from train.methods.method import Method
from train.methods.pm2 import Pm2
from train.methods.source import Source

METHODS: dict[str, type[Method]] = {
    method.name: method for method in (Source, Dan, Dann, Jan, Cdan, Mcd, M3sda, Pm2)
}  # fmt: skip


def method_named(name: str) -> type[Method]:
    """Return the method of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in METHODS:
        raise InputError.one(f"no method named {name!r}", "method", closest(name, METHODS))
    return METHODS[name]
