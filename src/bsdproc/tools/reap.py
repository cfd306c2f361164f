"""`bsdproc reap`: run a command, and end all that it leaves behind."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from bsdproc import Reaper
from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import session
from bsdproc.tools.tables import view_of

SYSTEMS: Final = ("freebsd", "dragonfly")
ELSEWHERE: Final = "NetBSD has no reapers"
SIGKILL: Final = 9
SIGNALS: Final = 128
GRACE: Final = 5.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc reap",
        description="Run a command as the reaper of all that comes of it. When the command has "
        "ended, what is left of its descendants is killed, daemons too. The exit status is the "
        "command's, 128 and the signal's number when one ended it.",
        usage="bsdproc reap [-v] [-s SIGNAL] [-t SECONDS] [--emulate SYSTEM/MACHINE] [--] "
        "COMMAND [ARGUMENT ...]")
    made.add_argument("-s", dest="signal", metavar="SIGNAL", default="KILL",
                      help="send them this first, by its name or number (KILL)")
    made.add_argument("-t", dest="seconds", metavar="SECONDS", type=float, default=GRACE,
                      help=f"and SIGKILL after so many seconds ({GRACE:g})")
    made.add_argument("-v", dest="verbose", action="store_true", help="say what was left")
    session.add_emulate(made, SYSTEMS)
    made.add_argument("command", metavar="COMMAND")
    made.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    return made


def _signal(text: str, system: str) -> int:
    """A signal of the system's, by name or number."""
    names = session.signals_of(system)
    name = f"SIG{text.upper().removeprefix('SIG')}"
    if name in names:
        return names[name]
    if text.isdecimal() and 0 < int(text) <= SIGNALS:
        return int(text)
    raise session.Problem(f"{text!r} is no signal", session.USAGE)


def main(argv: Sequence[str]) -> int:
    return session.run("reap", _main, argv)


def _main(argv: Sequence[str]) -> int:
    options = parser().parse_args(argv)
    with session.kernel(options.emulate, SYSTEMS, ELSEWHERE, root=options.root) as kernel:
        signal = _signal(options.signal, kernel.system)
        path = session.bring(kernel, options.command, options.root)
        env = session.environment(options.emulate)
        try:
            with Reaper(kernel=kernel) as reaper:
                words = [options.command, *options.arguments]
                try:
                    pid = reaper.spawn(words, path=path, env=env)
                except OSError as error:
                    raise session.refused(error, options.command, kernel) from None
                ended = reaper.wait(pid)
                if options.verbose:
                    _tell(reaper, kernel)
                _clear(reaper, signal, options)
        except KernelError as error:
            raise session.Problem(f"{options.command}: {session.said(error)}") from None
    return session.status_of(ended)


def _tell(reaper: Reaper, kernel: Kernel) -> None:
    """Say what is left."""
    view = view_of(kernel.system)
    for one in sorted(reaper.descendants, key=lambda one: one.pid):
        try:
            name = view.name(kernel, one.pid)
        except ProcessLookupError:
            continue
        print(f"bsdproc reap: {one.pid} ({name}) is left", file=sys.stderr)


def _clear(reaper: Reaper, signal: int, options: argparse.Namespace) -> None:
    """End what is left."""
    if signal != SIGKILL:
        try:
            reaper.kill_all(signal, timeout=options.seconds)
        except TimeoutError as error:
            if options.verbose:
                print(f"bsdproc reap: {error}", file=sys.stderr)
    reaper.kill_all()
