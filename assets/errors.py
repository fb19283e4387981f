"""The one error type for everything a user can mend: what is wrong, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake a user can mend.

    Parameters
    ----------
    what : str
        What is wrong, in one clause without a full stop ("no face model at this path").
    where : str
        The file, row, key or option it was found at.
    mend : str
        What to do about it, as an instruction ("pass --renderer software").
    """

    what: str
    where: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.mend}"


class InputError(Exception):
    """A user mistake. The command line prints one line per problem and exits with 2.

    Parameters
    ----------
    problems : Problem or iterable of Problem
        Everything found wrong, so that a user mends it all in one go.
    """

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def one(cls, what: str, where: object, mend: str) -> InputError:
        """Build an error that holds a single problem."""
        return cls(Problem(what, str(where), mend))


class NoFaceError(InputError):
    """The input was read but no frame of it showed a face. The command line exits with 3."""

    exit_code = 3


def closest(name: str, choices: Iterable[str]) -> str:
    """Return a hint such as ``did you mean 'pm2'?`` or a list of the choices.

    Parameters
    ----------
    name : str
        What the user wrote.
    choices : iterable of str
        The names that exist.
    """
    names = sorted(map(str, choices), key=lambda text: (int(text) if text.isdecimal() else float("inf"), text))
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else "choose one of: " + ", ".join(names)
