"""Options of the training commands, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from train.settings import TrainSettings, option_of, read_settings, setting_type, with_values

METAVAR = {int: "N", float: "X", str: "NAME"}


def setting_options(
    groups: tuple[str, ...] = ("data", "model", "method", "loop"), skip: tuple[str, ...] = ()
) -> Callable:
    """Return a decorator that adds one option for each setting of the groups.

    An option that is not given is None, so that presets and config files show through.
    """

    def decorate(function: Callable) -> Callable:
        for item in reversed(
            [f for f in fields(TrainSettings) if f.metadata["group"] in groups and f.name not in skip]
        ):
            function = _option(item)(function)
        return function

    return decorate


def _option(item: Any) -> Callable:
    kind, name = setting_type(item.name), option_of(item.name)
    text = f"{item.metadata['help']}  [{_shown(item.default)}]" if item.default != "" else item.metadata["help"]
    if kind is bool:
        return click.option(f"{name}/--no-{name[2:]}", item.name, default=None, help=text)
    if item.metadata["choices"]:
        return click.option(name, item.name, type=click.Choice(item.metadata["choices"]), default=None, help=text)
    return click.option(name, item.name, type=kind, metavar=METAVAR[kind], default=None, help=text)


def _shown(value: Any) -> str:
    return (
        {True: "on", False: "off"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def given(options: dict[str, Any], config: Path | None) -> dict[str, Any]:
    """Return the settings that a user gave: those of the file, then those of the command line, which win.

    Raises
    ------
    InputError
        If the file is missing or holds an unknown name.
    """
    values = read_settings(config) if config is not None else {}
    if config is not None:
        with_values(TrainSettings(), values, config)
    names = {item.name for item in fields(TrainSettings)}
    return values | {key: value for key, value in options.items() if key in names and value is not None}
