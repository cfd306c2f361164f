"""The auxiliary vector's entries (<sys/elf_common.h>)."""

from __future__ import annotations

from enum import IntEnum


class AuxType(IntEnum):
    """AT_*: what an entry of the auxiliary vector says."""

    AT_NULL = 0
    AT_IGNORE = 1
    AT_EXECFD = 2
    AT_PHDR = 3
    AT_PHENT = 4
    AT_PHNUM = 5
    AT_PAGESZ = 6
    AT_BASE = 7
    AT_FLAGS = 8
    AT_ENTRY = 9
    AT_NOTELF = 10
    AT_UID = 11
    AT_EUID = 12
    AT_GID = 13
    AT_EGID = 14
    AT_EXECPATH = 15
    AT_CANARY = 16
    AT_CANARYLEN = 17
    AT_OSRELDATE = 18
    AT_NCPUS = 19
    AT_PAGESIZES = 20
    AT_PAGESIZESLEN = 21
    AT_TIMEKEEP = 22
    AT_STACKPROT = 23
    AT_EHDRFLAGS = 24
    AT_HWCAP = 25
    AT_HWCAP2 = 26
    AT_BSDFLAGS = 27
    AT_ARGC = 28
    AT_ARGV = 29
    AT_ENVC = 30
    AT_ENVV = 31
    AT_PS_STRINGS = 32
    AT_FXRNG = 33
    AT_KPRELOAD = 34
    AT_USRSTACKBASE = 35
    AT_USRSTACKLIM = 36
    AT_CHERI_STATS = 37
    AT_HWCAP3 = 38
    AT_HWCAP4 = 39
    AT_COUNT = 40


class OldAuxType(IntEnum):
    """AT_OLD_*: the numbers of powerpc programs from before FreeBSD 13."""

    AT_OLD_NULL = 0
    AT_OLD_IGNORE = 1
    AT_OLD_EXECFD = 2
    AT_OLD_PHDR = 3
    AT_OLD_PHENT = 4
    AT_OLD_PHNUM = 5
    AT_OLD_PAGESZ = 6
    AT_OLD_BASE = 7
    AT_OLD_FLAGS = 8
    AT_OLD_ENTRY = 9
    AT_OLD_NOTELF = 10
    AT_OLD_UID = 11
    AT_OLD_EUID = 12
    AT_OLD_EXECPATH = 13
    AT_OLD_CANARY = 14
    AT_OLD_CANARYLEN = 15
    AT_OLD_OSRELDATE = 16
    AT_OLD_NCPUS = 17
    AT_OLD_PAGESIZES = 18
    AT_OLD_PAGESIZESLEN = 19
    AT_OLD_STACKPROT = 21
    AT_OLD_TIMEKEEP = 22
    AT_OLD_EHDRFLAGS = 24
    AT_OLD_HWCAP = 25
    AT_OLD_HWCAP2 = 26
    AT_OLD_COUNT = 27
