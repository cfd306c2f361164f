"""Ctrl-C comes between two things that an emulated kernel does, not in the middle of one.

Python runs a signal's handler between any two bytecodes of the main thread, those of an
emulated kernel included, and an exception there would leave that kernel half-way through
a fork.  While a ``with`` block of one is open, SIGINT, and every other signal that has a
handler when the block begins, has a handler that looks where the main thread is.  Outside
of the kernel's code it does what the one before it did.  Inside, the signal is due: the
kernel takes it where nothing is half done (`let_in`, in whatever may last), or else a
helper sends it again a moment later.  Code that is not interrupted pays nothing for it.
"""

from __future__ import annotations

import gc
import signal
import threading
from _thread import start_new_thread
from collections.abc import Callable
from time import sleep
from types import CodeType, FrameType
from typing import Any, Final, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[int, FrameType | None], Any]

SIGNALS: Final = tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))
"""Those that can have a handler."""
DELAY: Final = 0.0001
"""Seconds until a signal is sent again that came at a bad moment."""

FINALIZERS: Final = frozenset({"weakref", "_weakrefset"})
"""Modules in whose callbacks Python swallows an exception, as in `__del__`."""

due: Final[list[int]] = []
"""The signals to be taken.  Each is taken once: popping is atomic."""
_outside: Final[set[CodeType]] = set()
_blocking: Final[set[CodeType]] = set()
_blocks: Final[list[dict[int, Handler]]] = []
"""The blocks of emulated kernels that the main thread has open, each with the handlers in
whose place it put ours: by signal."""


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
        _take(number, None)


def opened() -> None:
    """A block of a kernel begins."""
    if threading.current_thread() is not threading.main_thread():
        return
    before: dict[int, Handler] = {}
    _blocks.append(before)
    for number in SIGNALS:
        found = signal.getsignal(number)
        if callable(found) and found is not _came:
            before[number] = found
            signal.signal(number, _came)


def closed() -> None:
    """It ends: signals have the handlers that they had, unless they were given others."""
    if threading.current_thread() is not threading.main_thread() or not _blocks:
        return
    try:
        if len(_blocks) == 1:
            let_in()
    finally:
        for number, handler in _blocks.pop().items():
            if signal.getsignal(number) is _came:
                signal.signal(number, handler)


def _take(number: int, frame: FrameType | None) -> None:
    handler = next((block[number] for block in reversed(_blocks) if number in block), None)
    if handler is not None:
        handler(number, frame)


def _came(number: int, frame: FrameType | None) -> None:
    code = _whole(frame)
    if code is None:
        _take(number, frame)
        return
    due.append(number)
    start_new_thread(_again, ())
    if code in _blocking:
        raise BrokenOff


def _whole(frame: FrameType | None) -> CodeType | None:
    """What runs and is not to be broken off: the kernel's innermost code, or one that
    cleans up; None where an exception is welcome."""
    # A signal that comes during a collection has its handler called in the first of these
    # that is written in Python, and what that raises is swallowed like a finalizer's.
    collecting = [getattr(called, "__code__", None) for called in gc.callbacks]
    while frame is not None:
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        if module.startswith("bsdproc.emulator"):
            return None if code in _outside else code
        if module in FINALIZERS or code.co_name == "__del__" or code in collecting:
            return code
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
