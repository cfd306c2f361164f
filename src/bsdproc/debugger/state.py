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


class NotStopped(RuntimeError):
    """Something was asked of a process that runs."""
