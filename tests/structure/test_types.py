"""What the systems share keeps each system's own types: mypy holds these tests first."""

from __future__ import annotations

from typing import assert_type

from bsdproc import dragonfly, freebsd, netbsd
from bsdproc.debugger import GeneralRegisters

TRAPPED, KILLED = 0x057F, 0x0009


def test_a_status_has_freebsds_signal() -> None:
    match freebsd.waiting.decode(1, TRAPPED), freebsd.waiting.decode(1, KILLED):
        case freebsd.Stopped() as stopped, freebsd.Signaled() as killed:
            assert assert_type(stopped.signal, freebsd.Signal | int) is freebsd.Signal.SIGTRAP
            assert assert_type(killed.signal, freebsd.Signal | int) is freebsd.Signal.SIGKILL
        case other:
            raise AssertionError(other)


def test_a_status_has_netbsds_signal() -> None:
    match netbsd.waiting.decode(1, TRAPPED), netbsd.waiting.decode(1, KILLED):
        case netbsd.Stopped() as stopped, netbsd.Signaled() as killed:
            assert assert_type(stopped.signal, netbsd.Signal | int) is netbsd.Signal.SIGTRAP
            assert assert_type(killed.signal, netbsd.Signal | int) is netbsd.Signal.SIGKILL
        case other:
            raise AssertionError(other)


def test_a_status_has_dragonflys_signal() -> None:
    match dragonfly.waiting.decode(1, TRAPPED), dragonfly.waiting.decode(1, KILLED):
        case dragonfly.Stopped() as stopped, dragonfly.Signaled() as killed:
            assert assert_type(stopped.signal, dragonfly.Signal | int) is dragonfly.Signal.SIGTRAP
            assert assert_type(killed.signal, dragonfly.Signal | int) is dragonfly.Signal.SIGKILL
        case other:
            raise AssertionError(other)


def test_registers_of_every_system_are_what_the_debugger_shows() -> None:
    made: list[GeneralRegisters] = [
        freebsd.registers.Amd64Registers(), netbsd.registers.Amd64Registers(),
        dragonfly.registers.X86_64Registers(),
    ]
    for one in made:
        one.pc = 0x401000
        one.arguments = (1, 2)
        assert (one["rip"], one["rdi"], one["rsi"]) == (0x401000, 1, 2)
