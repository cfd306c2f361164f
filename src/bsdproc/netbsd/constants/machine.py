"""Constants of machine registers (<x86/cpu_extended_state.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class FpuStatus(Flag, boundary=KEEP):
    """EN_SW_*: exceptions of the x87 status word, and what its control word masks."""

    EN_SW_INVOP = 0x1
    EN_SW_DENORM = 0x2
    EN_SW_ZERODIV = 0x4
    EN_SW_OVERFLOW = 0x8
    EN_SW_UNDERFLOW = 0x10
    EN_SW_PRECLOSS = 0x20
    EN_SW_STACK_FAULT = 0x40
    EN_SW_ERROR_SUMMARY = 0x80


class FpuControl(IntEnum):
    """EN_SW_CTL_*, EN_SW_PREC_*, EN_SW_ROUND_*: precision and rounding in the control word."""

    EN_SW_PREC_24 = 0x0
    EN_SW_ROUND_EVEN = 0x0
    EN_SW_PREC_53 = 0x200
    EN_SW_CTL_PREC = 0x300
    EN_SW_PREC_64 = 0x300
    EN_SW_ROUND_DOWN = 0x400
    EN_SW_ROUND_UP = 0x800
    EN_SW_CTL_ROUND = 0xc00
    EN_SW_ROUND_ZERO = 0xc00
    EN_SW_CTL_INF = 0x1000
