"""A portable debugger over the systems' ptrace(2), and a supervisor over procctl(2)."""

from __future__ import annotations

from bsdproc.debugger import events
from bsdproc.debugger.breakpoints import Breakpoint, Breakpoints
from bsdproc.debugger.debugger import Debugger
from bsdproc.debugger.keeper import Descendant, ReaperStatus, Status
from bsdproc.debugger.memory import Memory
from bsdproc.debugger.process import Process
from bsdproc.debugger.reaper import Reaper
from bsdproc.debugger.state import NotStopped, State
from bsdproc.debugger.thread import Thread
from bsdproc.debugger.watchpoints import Access, Watchpoint, Watchpoints
from bsdproc.typed.registers import GeneralRegisters

__all__ = [
    "Access",
    "Breakpoint",
    "Breakpoints",
    "Debugger",
    "Descendant",
    "GeneralRegisters",
    "Memory",
    "NotStopped",
    "Process",
    "Reaper",
    "ReaperStatus",
    "State",
    "Status",
    "Thread",
    "Watchpoint",
    "Watchpoints",
    "events",
]
