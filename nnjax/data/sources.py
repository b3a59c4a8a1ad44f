"""Data sets by name: the one table of what there is."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nnjax.core.errors import UserError
from nnjax.core.types import Dataset
from nnjax.data import bundled, files, idx, mnist, npy, npz, series, tables, tfds, toys


class Request(NamedTuple):
    """What was asked for: a kind of source, what follows its colon ("" for nothing), and the user's further wishes."""

    kind: str
    argument: str
    data_dir: str | None = None
    target: str | None = None
    stored: bool = False

    @property
    def name(self) -> str:
        """The name as the user wrote it."""
        return f"{self.kind}:{self.argument}" if self.argument else self.kind


def load(name: str, data_dir: str | None = None, target: str | None = None, stored: bool = False) -> Dataset:
    """A data set by name.

    Args:
      name: a key of `SOURCES`, with what `ARGUMENTS` asks for after a colon: "mnist5k", "csv:houses.csv", "moons:500".
      data_dir: where to look first for files.
      target: the target column (csv), array (npz) or feature (tfds); None for the source's default.
      stored: leave inputs where they are stored and read them as they are needed, where the source can (tfds; npy does
        so always).

    Returns:
      The examples, unscaled and not yet split. scikit-learn's digits are uint8 from 0 to 16, which `full_scale` says.

    Raises:
      UserError: an unknown name (the close ones are named), or data that are missing or bad.
    """
    kind, colon, argument = name.partition(":")
    if kind not in SOURCES:
        raise UserError(f"There is no data set {name!r}: {_suggestion(name, kind, argument)}.")
    form = ARGUMENTS.get(kind, "")
    if (form in REQUIRED and not argument) or (colon and not (form and argument)):
        raise UserError(f"{name!r} is not complete, or has too much: write {kind}{f':{form}' if form else ''}.")
    if target is not None and kind not in TARGETED:
        raise UserError(
            f"{kind} has its own target, but target={target!r} was given: only {', '.join(TARGETED)} take one."
        )
    dataset = SOURCES[kind](Request(kind, argument, data_dir, target, stored))
    return dataclasses.replace(dataset, name=name)


def _suggestion(name: str, kind: str, argument: str) -> str:
    suffix = Path(name).suffix.lower().lstrip(".")
    file_kind = {"csv": "csv", "tsv": "csv", "txt": "csv", "parquet": "csv", "npz": "npz"}.get(suffix)
    if file_kind:
        path = argument if kind.lower() in ("csv", "tsv", "parquet", "npz") else name
        return f"for a file, write {file_kind}:{path}"
    close = difflib.get_close_matches(kind.lower(), SOURCES, n=3, cutoff=0.5)
    listed = ", ".join(f"{key}:{ARGUMENTS[key]}" if key in ARGUMENTS else key for key in SOURCES)
    return (f"did you mean {' or '.join(close)}? " if close else "") + f"The names are {listed}"


def _mnist5k(request: Request) -> Dataset:
    return bundled.mnist5k()


def _digits(request: Request) -> Dataset:
    return bundled.digits()


def _shipped_table(request: Request) -> Dataset:
    return bundled.table(request.kind)


def _parity(request: Request) -> Dataset:
    if not request.argument.isdecimal():
        raise UserError(f"{request.name!r} is not parity of a number of bits: write parity:4, say.")
    return toys.parity(int(request.argument))


def _gate(request: Request) -> Dataset:
    return toys.gate(request.kind)


def _toy(request: Request) -> Dataset:
    return toys.sized(request.kind, request.argument)


def _series(request: Request) -> Dataset:
    return series.load(request.kind, request.argument)


def _mnist(request: Request) -> Dataset:
    return mnist.load(request.kind, request.data_dir)


def _idx(request: Request) -> Dataset:
    return idx.load(files.find(request.argument, request.data_dir), request.name)


def _table(request: Request) -> Dataset:
    return tables.load(files.find(request.argument, request.data_dir), request.name, request.target)


def _npz(request: Request) -> Dataset:
    return npz.load(files.find(request.argument, request.data_dir), request.name, request.target)


def _npy(request: Request) -> Dataset:
    return npy.load(files.find(request.argument, request.data_dir), request.name)


def _tfds(request: Request) -> Dataset:
    return tfds.load(request.argument, request.name, request.data_dir, request.target, request.stored)


SOURCES: dict[str, Callable[[Request], Dataset]] = {
    "mnist5k": _mnist5k,
    "digits": _digits,
    "mnist": _mnist,
    "fashion_mnist": _mnist,
    **dict.fromkeys(bundled.TABLES, _shipped_table),
    **dict.fromkeys(toys.GATES, _gate),
    "parity": _parity,
    **dict.fromkeys(toys.SIZED, _toy),
    **dict.fromkeys(series.KINDS, _series),
    "csv": _table,
    "npz": _npz,
    "npy": _npy,
    "idx": _idx,
    "tfds": _tfds,
}
ARGUMENTS = {
    "parity": "N",
    **dict.fromkeys([*toys.SIZED, *series.KINDS], "[SIZE]"),
    "csv": "FILE",
    "npz": "FILE",
    "npy": "DIR",
    "idx": "DIR",
    "tfds": "NAME",
}
REQUIRED = ("N", "FILE", "DIR", "NAME")
TARGETED = ("csv", "npz", "tfds")
