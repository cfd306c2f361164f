"""What a process does, as far as its debugger knows."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What a process does, as far as its debugger knows."""

    STOPPED = "stopped"
    RUNNING = "running"
    GONE = "gone"
    """Ended and collected: its pid may already be another's."""
    DETACHED = "detached"


# Members of an enumeration are looked up by bytecode of its own: not at every stop.
STOPPED, RUNNING = State.STOPPED, State.RUNNING


class NotStopped(RuntimeError):
    """Something was asked of a process that runs."""
