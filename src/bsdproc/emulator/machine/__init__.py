"""The emulated machine: memory, registers and the processor, for every BSD kernel above it."""

from bsdproc.emulator.machine.cpu import GENERAL, Context, Cpu, Stop
from bsdproc.emulator.machine.engine import Engine, EngineError
from bsdproc.emulator.machine.memory import (
    EXEC,
    PAGE,
    READ,
    WRITE,
    AddressSpace,
    Backing,
    Entry,
    MemoryFault,
    TooLong,
)

__all__ = [
    "EXEC",
    "GENERAL",
    "PAGE",
    "READ",
    "WRITE",
    "AddressSpace",
    "Backing",
    "Context",
    "Cpu",
    "Engine",
    "EngineError",
    "Entry",
    "MemoryFault",
    "Stop",
    "TooLong",
]
