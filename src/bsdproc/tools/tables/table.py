"""The form of `bsdproc procstat`'s tables.

A system has a `Tables` of its records: what it shows under which option, and a word for
each option for which its kernel has nothing to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import session

P = TypeVar("P")
Row = tuple[object, ...]

HELP: Final[Mapping[str, str]] = {
    "b": "program files",
    "c": "arguments",
    "e": "environments",
    "f": "open files",
    "i": "signals: pending, ignored, caught, blocked",
    "l": "resource limits",
    "r": "resources used",
    "s": "credentials",
    "t": "threads",
    "v": "memory maps",
    "x": "auxiliary vectors",
}
"""The options, and what they show."""


@dataclass(frozen=True)
class Table(Generic[P]):
    """What an option shows: the columns behind PID and COMM, and how to come by them."""

    columns: tuple[str, ...]
    """Those that begin with > stand to the right."""
    rows: Callable[[Kernel, P], Iterator[Row]]


@dataclass(frozen=True)
class Tables(Generic[P]):
    """A system's."""

    processes: Table[P]
    """Without an option: a line for each."""
    options: Mapping[str, Table[P]]
    lacking: Mapping[str, str]
    """The options that the system has nothing for, and why."""
    everyone: Callable[[Kernel], list[P]]
    """All processes, zombies too."""
    one: Callable[[Kernel, int], P]
    named: Callable[[P], tuple[int, str]]
    """Pid and name."""

    def pids(self, kernel: Kernel) -> list[int]:
        """Of all processes, by number."""
        return sorted(self.named(p)[0] for p in self.everyone(kernel))

    def name(self, kernel: Kernel, pid: int) -> str:
        """A process's name; `ProcessLookupError` for none."""
        return self.named(self.one(kernel, pid))[1]

    def why_not(self, option: str | None) -> str | None:
        """Why there is nothing to show under an option; None where there is."""
        return None if option is None else self.lacking.get(option)

    def show(self, option: str | None, kernel: Kernel, pids: Sequence[int] | None,
             header: bool = True) -> tuple[list[str], list[str]]:
        """A table's lines, and a line for each process that it could not be had of.

        None for all processes.  `ProcessLookupError` for one that is not there."""
        table = self.processes if option is None else self.options[option]
        if pids is None:
            records = sorted(self.everyone(kernel), key=lambda p: self.named(p)[0])
        else:
            records = [self.one(kernel, pid) for pid in pids]
        rows: list[list[str]] = []
        refused: list[str] = []
        for record in records:
            pid, comm = self.named(record)
            try:
                found = list(table.rows(kernel, record))
            except KernelError as error:
                refused.append(f"process {pid} ({comm}): {session.said(error)}")
                continue
            rows += [[str(pid), comm or "-", *map(str, row)] for row in found]
        return aligned((">PID", "COMM", *table.columns), rows, header), refused


class View(Protocol):
    """A system's `Tables`, whatever its records."""

    def pids(self, kernel: Kernel) -> list[int]: ...
    def name(self, kernel: Kernel, pid: int) -> str: ...
    def why_not(self, option: str | None) -> str | None: ...
    def show(self, option: str | None, kernel: Kernel, pids: Sequence[int] | None,
             header: bool = ...) -> tuple[list[str], list[str]]: ...


def aligned(heads: Sequence[str], rows: list[list[str]], header: bool = True) -> list[str]:
    """A table's lines; columns whose title begins with > stand to the right."""
    titles = [head.removeprefix(">") for head in heads]
    lines = [titles, *rows] if header else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)] if lines else []
    text = []
    for line in lines:
        cells = [cell.rjust(width) if head.startswith(">") else cell.ljust(width)
                 for cell, width, head in zip(line, widths, heads, strict=True)]
        text.append(" ".join(cells).rstrip())
    return text


# -- words that the systems share ------------------------------------------------------------


def letters(value: int, meant: Sequence[tuple[int, str]]) -> str:
    """The letter of each bit that is set, a dash for the others: "rw------"."""
    return "".join(letter if value & bit else "-" for bit, letter in meant)


def words(strings: Sequence[str]) -> str:
    return " ".join(strings) or "-"


def bound(value: int | None) -> object:
    """A limit."""
    return "infinity" if value is None else value


def usage(times: tuple[float, float], maxrss: int, faults: tuple[int, int], signals: int,
          switches: tuple[int, int]) -> Iterator[Row]:
    """The lines of what a process has used."""
    yield from (("user time", f"{times[0]:.6f}"), ("system time", f"{times[1]:.6f}"),
                ("maximum RSS", f"{maxrss} KiB"), ("page faults without I/O", faults[0]),
                ("page faults with I/O", faults[1]), ("signals received", signals),
                ("voluntary switches", switches[0]), ("involuntary switches", switches[1]))


CREDENTIALS: Final = (">EUID", ">RUID", ">SVUID", ">EGID", ">RGID", ">SVGID", "GROUPS")
SIGNALS: Final = ("SIG", "P", "I", "C", "B")
LIMITS: Final = ("RLIMIT", ">SOFT", ">HARD")
USAGE: Final = ("RESOURCE", ">VALUE")
THREADS: Final = (">TID", "TDNAME", ">CPU", ">PRI", "STATE", "WCHAN")
AUXILIARY: Final = ("AUXV", ">VALUE")
