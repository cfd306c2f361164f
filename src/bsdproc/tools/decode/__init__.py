"""System calls as text, in the manner of truss(1)."""

from __future__ import annotations

from bsdproc import abi
from bsdproc.kernel import errno
from bsdproc.tools.decode import calls, kinds
from bsdproc.tools.decode.kinds import Call, Memory, Unreadable, quoted
from bsdproc.tools.decode.structs import shown_siginfo
from bsdproc.tools.decode.table import IN_MEMORY, KINDS

__all__ = ["Call", "Memory", "arguments", "enter", "outcome", "quoted", "shown_siginfo"]


def enter(target: abi.Target, memory: Memory, name: str, words: tuple[int, ...],
          strsize: int) -> Call:
    """A call that is about to be made: what is in memory now is looked at, and may
    be gone when the call is done."""
    known = calls.find(target.system, name)
    if known is None:
        return Call(target, memory, {}, strsize, seen={str(i): hex(w) for i, w in enumerate(words)})
    values = known.values(calls.machine(target, known), calls.words(target.system, name, words))
    named = dict(zip((one.name for one in known.arguments), values, strict=False))
    call = Call(target, memory, named, strsize)
    for one in calls.arguments(name, target.system):
        if one.name in named:
            value = named[one.name]
            call.seen[one.name] = kinds.pointer(call, value) if one.late and (
                one.kind != "setting") else _shown(call, one, value)
    return call


def arguments(call: Call, name: str, result: int | None = None) -> str:
    """The arguments; with a result those that the kernel has filled in, too."""
    if result is not None:
        call.result = result
        for one in calls.arguments(name, call.target.system):
            if one.late and one.name in call.values:
                call.seen[one.name] = _shown(call, one, call.values[one.name])
    return ",".join(call.seen.values())


def _shown(call: Call, one: calls.Shown, value: int) -> str:
    if one.kind in IN_MEMORY and value == 0:
        return "0x0"
    try:
        return KINDS[one.kind](call, value, one.inside)
    except Unreadable:
        return hex(value & (1 << call.target.pointer * 8) - 1)


def outcome(target: abi.Target, name: str, result: int, error: int) -> str:
    """What a call gave, or the error's number, name and text."""
    if error < 0:
        return errno.name(target.system, error)
    if error:
        return (f"ERR#{error} {errno.name(target.system, error)} "
                f"'{errno.text(target.system, error)}'")
    known = calls.find(target.system, name)
    mask = (1 << target.pointer * 8) - 1
    if known is not None and known.returns.endswith("*"):
        return f"= {result & mask:#x}"
    if known is not None and known.returns == "int" and result >> 31 == 1:
        result -= 1 << 32
    return f"= {result} ({result & mask:#x})"
