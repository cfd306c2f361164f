"""sigset_t as a frozenset (<sys/signal.h>)."""

from __future__ import annotations

from typing import Final

from bsdproc.dragonfly.constants.signals import SIG_MAXSIG, Signal
from bsdproc.typed.sigset import SigSets

SigSet = frozenset[Signal | int]
"""A set of signals; unnamed ones are plain numbers."""

SETS: Final = SigSets(Signal, SIG_MAXSIG)
decode = SETS.decode
encode = SETS.encode
