"""Ctrl-C comes between two things that an emulated kernel does, not in the middle of one.

Python runs a signal's handler between any two bytecodes of the main thread, those of an
emulated kernel included, and an exception there would leave that kernel half-way through
a fork.  While a ``with`` block of one is open, SIGINT has a handler that looks where the
main thread is.  Outside of the kernel's code it does what the one before it did.  Inside,
the signal is due: the kernel takes it where nothing is half done (`let_in`, in whatever
may last), and for short calls a helper sends it again a moment later.  Code that is not
interrupted pays nothing for it.
"""

from __future__ import annotations

import signal
import threading
from _thread import start_new_thread
from collections.abc import Callable
from time import sleep
from types import CodeType, FrameType
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

DELAY: Final = 0.0001
"""Seconds until a signal is sent again that came at a bad moment."""

due: Final[list[int]] = []
"""The signals to be taken.  Each is taken once: popping is atomic."""
_outside: Final[set[CodeType]] = set()
_blocking: Final[set[CodeType]] = set()
_blocks = 0
"""How many blocks of emulated kernels the main thread has open."""
_before: Callable[[int, FrameType | None], Any] | None = None
"""The handler that ours stands in for."""


class BrokenOff(BaseException):
    """Raised in what the kernel asks of the host, and may last: the signal is due."""


def calls_out(function: F) -> F:
    """What this one calls is code of the user's, not the kernel's."""
    _outside.add(function.__code__)
    return function


def may_block(function: F) -> F:
    """This one waits for the host, and catches `BrokenOff`."""
    _blocking.add(function.__code__)
    return function


def let_in() -> None:
    """Nothing is half done here: take what is due."""
    if threading.current_thread() is not threading.main_thread():
        return
    while due:
        try:
            number = due.pop()
        except IndexError:
            return
        if _before is not None:
            _before(number, None)


def opened() -> None:
    """A block of a kernel begins."""
    global _blocks, _before
    if threading.current_thread() is not threading.main_thread():
        return
    found = signal.getsignal(signal.SIGINT)
    if callable(found) and found is not _came:
        _before = found
        signal.signal(signal.SIGINT, _came)
    _blocks += 1


def closed() -> None:
    """It ends; with the last one SIGINT has the handler that it had."""
    global _blocks
    if threading.current_thread() is not threading.main_thread() or not _blocks:
        return
    _blocks -= 1
    if not _blocks and _before is not None:
        if signal.getsignal(signal.SIGINT) is _came:
            signal.signal(signal.SIGINT, _before)
        let_in()


def _came(number: int, frame: FrameType | None) -> None:
    code = _kernel_code(frame)
    if code is None:
        if _before is not None:
            _before(number, frame)
        return
    due.append(number)
    if code in _blocking:
        raise BrokenOff
    start_new_thread(_again, ())


def _kernel_code(frame: FrameType | None) -> CodeType | None:
    """The kernel's innermost code that runs; None outside of it."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("bsdproc.emulator"):
            return None if frame.f_code in _outside else frame.f_code
        frame = frame.f_back
    return None


def _again() -> None:
    sleep(DELAY)
    try:
        number = due.pop()
    except IndexError:
        return
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, number)
