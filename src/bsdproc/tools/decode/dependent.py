"""What numbers look like that depend on another argument, or are made of several."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Final

from bsdproc.freebsd.constants import ptrace as requests
from bsdproc.freebsd.constants.procctl import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    NoNewPrivs,
    ProcctlCommand,
    ProtmaxPolicy,
    ReaperStatusFlags,
    StackgapFlags,
    TraceControl,
    TrapcapControl,
    WxmapFlags,
    X86ProcctlCommand,
)
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.tools.decode.kinds import Call, count_of, integer_at, octal, signal, table
from bsdproc.tools.decode.names import NAMES
from bsdproc.tools.decode.structs import fields
from bsdproc.typed.enums import known, name_of, names

SOL_SOCKET: Final = 0xFFFF


def fcntl(call: Call, value: int, inside: str) -> str:
    match table(call, "fcntl").show(call.values["cmd"]):
        case "F_SETFD":
            return table(call, "fdflags").show(value)
        case "F_SETFL":
            return table(call, "open").show(value)
        case "F_GETLK" | "F_SETLK" | "F_SETLKW":
            return hex(value)
        case _:
            return str(value)


def create_mode(call: Call, value: int, inside: str) -> str:
    """open(2)'s mode, which means something with O_CREAT."""
    bits = next((call.values[name] for name in ("flags", "flag", "oflags")
                 if name in call.values), 0)
    return octal(call, value & 0o177777, "") if bits & 0x200 else "00"


def mapping(call: Call, value: int, inside: str) -> str:
    """mmap(2)'s flags, whose highest byte is an alignment: 2 to the power of it."""
    power, bits = value >> 24 & 0xFF, value & 0xFFFFFF
    shown = table(call, "map").show(bits)
    if not power:
        return shown
    aligned = "MAP_ALIGNED_SUPER" if power == 1 else f"MAP_ALIGNED({power})"
    return f"{shown}|{aligned}" if bits else aligned


def level(call: Call, value: int, inside: str) -> str:
    return "SOL_SOCKET" if value == SOL_SOCKET else table(call, "ipproto").show(value)


def option(call: Call, value: int, inside: str) -> str:
    match call.values.get("level"):
        case 0xFFFF:
            return table(call, "sockopt").show(value)
        case 6:
            return table(call, "tcpopt").show(value)
        case _:
            return hex(value)


def ioctl(call: Call, value: int, inside: str) -> str:
    """A request by its name, or how _IO, _IOR, _IOW or _IOWR made it."""
    called = NAMES["ioctl"].show(value)
    if not called.isdecimal():
        return called
    directions = {0x20000000: "_IO", 0x40000000: "_IOR", 0x80000000: "_IOW", 0xC0000000: "_IOWR"}
    way = directions.get(value & 0xE0000000)
    group, number, size = value >> 8 & 0xFF, value & 0xFF, value >> 16 & 0x1FFF
    if way is None or not 0x20 < group < 0x7F:
        return hex(value)
    return f"{way}('{chr(group)}',{number},{size})"


def mib(call: Call, value: int, inside: str) -> str:
    """A sysctl's name in numbers, as far as they have names."""
    count = min(count_of(call, inside), 24)
    found = [integer_at(call, value + 4 * i, 4) for i in range(count)]
    below = {1: "kern", 6: "hw"}
    shown = []
    for i, one in enumerate(found):
        names_of = ("sysctl" if i == 0 else below.get(found[0]) if i == 1 else
                 "kernproc" if i == 2 and found[:2] == [1, 14] else None)
        shown.append(NAMES[names_of].show(one) if names_of else str(one))
    return f'"{".".join(shown)}"'


@lru_cache(maxsize=16)
def _requests(machine: str) -> Mapping[int, str]:
    kinds: tuple[type[IntEnum], ...] = (requests.Request, *requests.MACHINE_REQUESTS[machine])
    ends = ("PT_FIRSTMACH", "PT_LASTMACH")
    return {one.value: one.name for kind in kinds for one in kind if one.name not in ends}


def request(call: Call, value: int, inside: str) -> str:
    return _requests(call.target.machine).get(value, str(value))


SIGNALLING: Final = frozenset({"PT_CONTINUE", "PT_STEP", "PT_DETACH", "PT_TO_SCE", "PT_TO_SCX",
                               "PT_SYSCALL"})


def request_data(call: Call, value: int, inside: str) -> str:
    """ptrace(2)'s data: a signal where a tracee goes on."""
    if request(call, call.values["req"], "") in SIGNALLING:
        return signal(call, value)
    return str(value)


@lru_cache(maxsize=1)
def _commands() -> Mapping[int, str]:
    kinds = (ProcctlCommand, X86ProcctlCommand)
    return {one.value: one.name for kind in kinds for one in kind
            if one.name != "PROC_PROCCTL_MD_MIN"}


def command(call: Call, value: int, inside: str) -> str:
    return _commands().get(value, str(value))


SETTINGS: Final = {
    "PROC_TRACE": TraceControl, "PROC_TRAPCAP": TrapcapControl, "PROC_PDEATHSIG": Signal,
    "PROC_ASLR": AslrPolicy, "PROC_PROTMAX": ProtmaxPolicy, "PROC_NO_NEW_PRIVS": NoNewPrivs,
    "PROC_LOGSIGEXIT": LogsigexitPolicy, "PROC_KPTI": KptiPolicy, "PROC_LA": LaPolicy,
}
FLAGS: Final = {"PROC_STACKGAP": StackgapFlags, "PROC_WXMAP": WxmapFlags}


def setting(call: Call, value: int, inside: str) -> str:
    """procctl(2)'s data: an int that is set before the call or given after it."""
    called = command(call, call.values["com"], "")
    if called == "PROC_REAP_STATUS" and call.result is not None:
        layout = "struct procctl_reaper_status"
        bits, children, descendants, reaper = fields(
            call, layout, value, "rs_flags", "rs_children", "rs_descendants", "rs_reaper")
        shown = "|".join(names(ReaperStatusFlags, bits)) or "0x0"
        return (f"{{ flags={shown},children={children},descendants={descendants},"
                f"reaper={reaper} }}")
    what, _, way = called.rpartition("_")
    if way not in ("CTL", "STATUS") or (way == "STATUS" and call.result is None):
        return hex(value)
    found = integer_at(call, value, 4)
    if what in FLAGS:
        return f"{{ {'|'.join(names(FLAGS[what], found & 0xFFFFFFFF)) or '0x0'} }}"
    active = found < 0 and found != -1
    kind = SETTINGS.get(what)
    plain = found & 0x7FFFFFFF if active else found
    shown = str(plain) if kind is None or (
        way == "STATUS" and what == "PROC_TRACE") else name_of(
        known(kind, plain))
    return f"{{ {shown}{'|ACTIVE' if active else ''} }}"
