"""`bsdproc reap`: run a command, and end all that it leaves behind."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from bsdproc import Reaper, freebsd
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import session

SIGNALLED: Final = 128
GRACE: Final = 5.0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc reap",
        description="Run a command as the reaper of all that comes of it. When the command has "
        "ended, what is left of its descendants is killed, daemons too. The exit status is the "
        "command's, 128 and the signal's number when one ended it.",
        usage="bsdproc reap [-v] [-s SIGNAL] [-t SECONDS] [--emulate SYSTEM/MACHINE] [--] "
        "COMMAND [ARGUMENT ...]")
    made.add_argument("-s", dest="signal", metavar="SIGNAL", type=_signal, default=Signal.SIGKILL,
                      help="send them this first, by its name or number (KILL)")
    made.add_argument("-t", dest="seconds", metavar="SECONDS", type=float, default=GRACE,
                      help=f"and SIGKILL after so many seconds ({GRACE:g})")
    made.add_argument("-v", dest="verbose", action="store_true", help="say what was left")
    session.add_emulate(made, "freebsd")
    made.add_argument("command", metavar="COMMAND")
    made.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    return made


def _signal(text: str) -> Signal | int:
    name = text.upper().removeprefix("SIG")
    if f"SIG{name}" in Signal.__members__:
        return Signal[f"SIG{name}"]
    if text.isdecimal() and 0 < int(text) <= 128:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no signal")


def main(argv: Sequence[str]) -> int:
    return session.run("reap", _main, argv)


def _main(argv: Sequence[str]) -> int:
    options = parser().parse_args(argv)
    with session.kernel(options.emulate, "freebsd") as kernel:
        path = session.bring(kernel, options.command)
        env = dict(os.environ) if options.emulate else None
        try:
            with Reaper(kernel=kernel) as reaper:
                words = [options.command, *options.arguments]
                try:
                    pid = reaper.spawn(words, path=path, env=env)
                except OSError as error:
                    raise session.refused(error, options.command, kernel) from None
                ended = reaper.wait(pid)
                _clear(reaper, kernel, options)
        except KernelError as error:
            why = f" ({error.reason})" if error.reason else ""
            raise session.Problem(f"{options.command}: {error.strerror}{why}") from None
    match ended:
        case freebsd.Exited(status=status):
            return status
        case freebsd.Signaled(signal=signal):
            return SIGNALLED + int(signal)
        case _:
            return session.FAILED


def _clear(reaper: Reaper, kernel: Kernel, options: argparse.Namespace) -> None:
    """End what is left, and say so if that is wanted."""
    if options.verbose:
        for one in sorted(reaper.descendants, key=lambda one: one.pid):
            try:
                name = freebsd.kinfo.process(one.pid, kernel=kernel).comm
            except ProcessLookupError:
                continue
            print(f"bsdproc reap: {one.pid} ({name}) is left", file=sys.stderr)
    if options.signal != Signal.SIGKILL:
        try:
            reaper.kill_all(options.signal, timeout=options.seconds)
        except TimeoutError as error:
            if options.verbose:
                print(f"bsdproc reap: {error}", file=sys.stderr)
    reaper.kill_all()
