"""`bsdproc procstat`: what processes are and have, in the manner of procstat(1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bsdproc.kernel import Kernel
from bsdproc.tools import session
from bsdproc.tools.tables import view_of
from bsdproc.tools.tables.table import HELP, View

AFTER: Final = 0.01
"""Seconds of its own time that an emulated program has before it is looked at."""


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc procstat",
        description="Show what processes are and have. Without an option a line for each of them. "
        "Under --emulate the program is started and looked at, with its children. What a system "
        "keeps nothing of, it says so.",
        usage=f"bsdproc procstat [-{''.join(HELP)}] [-h] (-a | PID ... | --emulate SYSTEM/MACHINE "
        "[--root FOLDER] [--after SECONDS] [--] PROGRAM [ARGUMENT ...])", add_help=False)
    made.add_argument("--help", action="help", help="show this")
    for letter, text in HELP.items():
        made.add_argument(f"-{letter}", dest="table", action="store_const", const=letter,
                          help=text)
    made.add_argument("-a", dest="all", action="store_true", help="all processes")
    made.add_argument("-h", dest="header", action="store_false", help="no line of titles")
    made.add_argument("--after", metavar="SECONDS", type=float, default=AFTER,
                      help=f"how long the emulated program has run by then ({AFTER})")
    session.add_emulate(made)
    made.add_argument("targets", metavar="PID", nargs=argparse.REMAINDER)
    return made


def main(argv: Sequence[str]) -> int:
    return session.run("procstat", _main, argv)


def _main(argv: Sequence[str]) -> int:
    made = parser()
    options = made.parse_args(argv)
    targets: list[str] = [one for i, one in enumerate(options.targets) if i or one != "--"]
    if bool(targets) == options.all:
        made.error("processes, -a, or a program with --emulate are wanted")
    with session.kernel(options.emulate, root=options.root) as kernel:
        view = view_of(kernel.system)
        why = view.why_not(options.table)
        if why is not None:
            raise session.Problem(f"-{options.table}: {why}", session.USAGE)
        if options.emulate and targets:
            chosen = _started(kernel, view, targets, options.root, options.after)
        else:
            chosen = _chosen(targets)
        try:
            lines, refused = view.show(
                options.table, kernel, None if options.all else chosen, options.header)
        except ProcessLookupError as error:
            pid = getattr(error, "target", None)
            raise session.Problem(f"process {pid}: {error.strerror}") from None
    print("\n".join(lines))
    for line in refused:
        print(f"bsdproc procstat: {line}", file=sys.stderr)
    return session.FAILED if refused else 0


def _chosen(targets: Sequence[str]) -> list[int]:
    for target in targets:
        if not target.isdecimal() or int(target) >= 1 << 31:
            raise session.Problem(f"{target!r} is no process id", session.USAGE)
    return [int(target) for target in targets]


def _started(kernel: Kernel, view: View, words: Sequence[str], root: str | None,
             after: float) -> list[int]:
    """A program that has run for a while, and what has come of it: what an emulated
    kernel has beside the processes that it began with."""
    path = session.bring(kernel, words[0], root)
    before = set(view.pids(kernel))
    try:
        kernel.spawn(path, words, session.environment(kernel.system))
    except OSError as error:
        raise session.refused(error, words[0], kernel) from None
    kernel.settle(after)
    return [pid for pid in view.pids(kernel) if pid not in before]
