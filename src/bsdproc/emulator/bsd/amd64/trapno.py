"""amd64's trap numbers (machine/trap.h), as si_trapno tells them, and the
signal codes that traps give."""

from __future__ import annotations

from typing import Final

T_PRIVINFLT: Final = 1
T_BPTFLT: Final = 3
T_ARITHTRAP: Final = 6
T_PROTFLT: Final = 9
T_TRCTRAP: Final = 10
T_PAGEFLT: Final = 12
T_ALIGNFLT: Final = 14
T_DIVIDE: Final = 18
T_NMI: Final = 19
T_OFLOW: Final = 20
T_BOUND: Final = 21
T_DNA: Final = 22
T_DOUBLEFLT: Final = 23
T_FPOPFLT: Final = 24
T_TSSFLT: Final = 25
T_SEGNPFLT: Final = 26
T_STKFLT: Final = 27
T_MCHK: Final = 28
T_XMMFLT: Final = 29
T_RESERVED: Final = 30

ILL_ILLOPC: Final = 1
ILL_PRVOPC: Final = 5
ILL_COPROC: Final = 7
BUS_ADRALN: Final = 1
BUS_ADRERR: Final = 2
BUS_OBJERR: Final = 3
BUS_OOMERR: Final = 100
SEGV_MAPERR: Final = 1
SEGV_ACCERR: Final = 2
FPE_INTOVF: Final = 1
FPE_INTDIV: Final = 2
FPE_FLTDIV: Final = 3
FPE_FLTOVF: Final = 4
FPE_FLTUND: Final = 5
FPE_FLTRES: Final = 6
FPE_FLTINV: Final = 7
FPE_FLTSUB: Final = 8
TRAP_BRKPT: Final = 1
TRAP_TRACE: Final = 2
