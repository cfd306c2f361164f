"""What the commands share that look after processes: a kernel, and plain words for
what goes wrong."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import Final, cast

from bsdproc import kernel as kernels
from bsdproc.kernel import Kernel, KernelError, NoKernel
from bsdproc.tools import programs
from bsdproc.typed import waiting

FAILED, USAGE, INTERRUPTED = 1, 2, 130
SIGNALLED: Final = 128
"""Added to the signal's number when one ended a command, as shells do it."""
EMULATED: Final = {"freebsd/amd64": "FreeBSD", "netbsd/amd64": "NetBSD",
                   "dragonfly/x86_64": "DragonFly"}
"""The class of each emulated kernel."""


DIRECTORIES: Final = ("/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin",
                      "/usr/local/bin")
"""Where an emulated system has its programs."""
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a command to end."""


class Terminated(KeyboardInterrupt):
    """One of them came: what a command looks after is let go or ended as after Ctrl-C; an
    end without that would take along what a debugger is attached to."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Problem(Exception):
    """One line for the user, and the exit status."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


def _named(systems: Sequence[str]) -> list[str]:
    """The emulated kernels of these systems; of all for none."""
    return [name for name in EMULATED if not systems or name.partition("/")[0] in systems]


def add_emulate(parser: argparse.ArgumentParser, only: Sequence[str] = ()) -> None:
    """--emulate, for all emulated kernels or some systems'."""
    names = ", ".join(_named(only))
    parser.add_argument(
        "--emulate", metavar="SYSTEM/MACHINE",
        help=f"run the program under an emulated kernel ({names}) instead of the host's; it "
        "has the program's file and nothing else of the host")
    parser.add_argument(
        "--root", metavar="FOLDER",
        help="with the system's files below FOLDER, which dynamically linked programs want; "
        "PROGRAM is looked for there first, and nothing there is written")


@contextmanager
def kernel(emulate: str | None, only: Sequence[str] = (), elsewhere: str = "", *,
           root: str | None = None) -> Iterator[Kernel]:
    """The emulated kernel that is asked for, or the host's own, as the default one.

    `only` are the systems that a command is for, all for none, and `elsewhere` says why
    it is for no other; `root` is a folder with the emulated system's files."""
    names = _named(only)
    why = f"it is for {' and '.join(only)} alone, not for %s{elsewhere and f': {elsewhere}'}"
    if emulate is None:
        if root is not None:
            raise Problem("--root is the emulated system's: it wants --emulate", USAGE)
        try:
            with kernels.host() as host:
                if only and host.system not in only:
                    raise Problem(why % host.system, USAGE)
                yield host
        except NoKernel as error:
            raise Problem(str(error), USAGE) from None
        return
    if emulate not in names:
        raise Problem(f"no emulated kernel is there for {emulate!r}, only for "
                      f"{', '.join(names)}" if emulate not in EMULATED else
                      why % emulate, USAGE)
    try:
        from bsdproc import emulator

        made = getattr(emulator, EMULATED[emulate])
    except ModuleNotFoundError as error:
        raise Problem(str(error), USAGE) from None
    try:
        machine = made(root=root)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        raise Problem(f"{root}: {(said or str(error)).lower()}", USAGE) from None
    with machine as emulated:
        try:
            yield emulated
        finally:
            for note in emulated.log:
                print(f"bsdproc: emulated kernel: {note}", file=sys.stderr)


def environment(emulate: str | None) -> dict[str, str] | None:
    """What a program has of ours: under an emulated kernel not what is for the host's own
    dynamic linker.  None for all of it."""
    if emulate is None:
        return None
    return {name: value for name, value in os.environ.items() if not name.startswith("LD_")}


def _has(kernel: Kernel, path: str) -> bool:
    try:
        kernel.close(kernel.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _below(kernel: Kernel, name: str, root: str) -> str | None:
    """The path of a program that the emulated system has of its own."""
    if "/" in name:
        return name if name.startswith("/") and _has(kernel, name) else None
    for folder in DIRECTORIES:
        if _has(kernel, f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise FileNotFoundError(2, f"not found below {root}, along {':'.join(DIRECTORIES)}", name)


def bring(kernel: Kernel, name: str, root: str | None = None) -> str:
    """A program of the host's, by its name as a shell takes it, where the kernel
    has it too: its absolute path.  With a `root` the system's own come first, and names
    without a slash are all theirs."""
    try:
        found_there = _below(kernel, name, root) if root is not None else None
        if found_there is not None:
            return found_there
        path = programs.find(name)
        install: Callable[[str, bytes], None] | None = getattr(kernel, "install", None)
        if install is not None:
            data = Path(path).read_bytes()
            found = programs.check(data, kernel.system, kernel.machine)
            if found.interpreter is not None and not _has(kernel, found.interpreter):
                raise programs.Unsuitable(
                    f"linked dynamically, with {found.interpreter}, which the emulated file "
                    "system does not have: give it the system's files (--root), or link it "
                    "statically")
            if not os.access(path, os.X_OK):
                raise PermissionError(13, "the file is not executable", name)
            install(path, data)
    except programs.Unsuitable as error:
        raise Problem(f"{name}: {error}") from None
    except OSError as error:
        raise Problem(f"{name}: {(error.strerror or str(error)).lower()}") from None
    return path


def refused(error: OSError, name: str, kernel: Kernel) -> Problem:
    """What a failed spawn or attach comes to."""
    if isinstance(error, KernelError):
        if error.name == "ENOEXEC":
            try:
                programs.check(Path(programs.find(name)).read_bytes(), kernel.system,
                               kernel.machine)
            except (OSError, programs.Unsuitable) as reason:
                return Problem(f"{name}: {reason}")
        return Problem(f"{name}: {said(error)}")
    return Problem(f"{name}: {error.strerror or error}")


def said(error: KernelError) -> str:
    """What the kernel said, and why if that is known."""
    return f"{error.strerror}{f' ({error.reason})' if error.reason else ''}"


def status_of(ended: object) -> int:
    """The exit status for a command that ended so, whatever the system."""
    match ended:
        case waiting.Exited(status=status):
            return status
        case waiting.Signaled(signal=by):
            return SIGNALLED + int(by)
        case _:
            return FAILED


def signals_of(system: str) -> Mapping[str, int]:
    """A system's signals, by their names in C."""
    made = import_module(f"bsdproc.{system}.constants.signals")
    return cast(type[IntEnum], made.Signal).__members__


@contextmanager
def _heard() -> Iterator[None]:
    """`Terminated` for those signals, where they would end Python without further ado."""
    def end(number: int, frame: object) -> None:
        raise Terminated(number)

    mine = threading.current_thread() is threading.main_thread()
    heard = [one for one in ENDING if mine and signal.getsignal(one) is signal.SIG_DFL]
    for one in heard:
        signal.signal(one, end)
    try:
        yield
    finally:
        for one in heard:
            signal.signal(one, signal.SIG_DFL)


def run(command: str, work: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    """Do a command's work: its problems are a line each, Ctrl-C is status 130, and another
    signal that asked for its end 128 more than its number."""
    try:
        with _heard():
            return work(argv)
    except Problem as problem:
        print(f"bsdproc {command}: {problem}", file=sys.stderr)
        return problem.status
    except KernelError as error:
        print(f"bsdproc {command}: {error}", file=sys.stderr)
        return FAILED
    except Terminated as ended:
        return SIGNALLED + ended.number
    except KeyboardInterrupt:
        return INTERRUPTED
