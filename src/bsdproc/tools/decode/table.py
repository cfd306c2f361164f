"""The kinds of arguments by the names that the table of calls has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bsdproc.tools.decode import dependent, kinds, structs
from bsdproc.tools.decode.kinds import Kind

IN_MEMORY: Final[Mapping[str, Kind]] = {
    "path": kinds.path, "text": kinds.text, "data": kinds.data, "strings": kinds.strings,
    "integer": kinds.integer, "pair": kinds.pair, "signal_in": kinds.signal_in,
    "sigset": kinds.sigset, "status": kinds.status, "timespec": structs.timespec,
    "timeval": structs.timeval, "timespecs": structs.timespecs, "timevals": structs.timevals,
    "rlimit": structs.rlimit, "rusage": structs.rusage, "sigaction": structs.sigaction,
    "stack": structs.stack, "siginfo": structs.info, "stat": structs.stat,
    "statfs": structs.statfs, "iovec": structs.iovec, "message": structs.message,
    "pollfd": structs.pollfd, "fds": structs.fds, "kevents": structs.kevents,
    "address": structs.address, "thread": structs.thread, "mib": dependent.mib,
    "setting": dependent.setting,
}
"""What the argument points to; a null pointer is shown as one."""
KINDS: Final[Mapping[str, Kind]] = {
    **IN_MEMORY,
    "pointer": kinds.pointer, "number": kinds.number, "octal": kinds.octal, "named": kinds.named,
    "signal": kinds.signal, "at": kinds.at, "fcntl": dependent.fcntl,
    "create_mode": dependent.create_mode, "mapping": dependent.mapping,
    "level": dependent.level, "option": dependent.option, "ioctl": dependent.ioctl,
    "request": dependent.request, "request_data": dependent.request_data,
    "command": dependent.command,
}
