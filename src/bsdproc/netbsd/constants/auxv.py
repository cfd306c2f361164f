"""What the kernel tells a program at its start (<sys/exec_elf.h>)."""

from __future__ import annotations

from enum import IntEnum


class AuxType(IntEnum):
    """AT_*: types of auxiliary vector entries."""

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
    AT_DCACHEBSIZE = 10
    AT_ICACHEBSIZE = 11
    AT_UCACHEBSIZE = 12
    AT_STACKBASE = 13
    AT_EUID = 2000
    AT_RUID = 2001
    AT_EGID = 2002
    AT_RGID = 2003
    AT_SUN_LDELF = 2004
    AT_SUN_LDSHDR = 2005
    AT_SUN_LDNAME = 2006
    AT_SUN_LPGSIZE = 2007
    AT_SUN_PLATFORM = 2008
    AT_SUN_HWCAP = 2009
    AT_SUN_IFLUSH = 2010
    AT_SUN_CPU = 2011
    AT_SUN_EMUL_ENTRY = 2012
    AT_SUN_EMUL_EXECFD = 2013
    AT_SUN_EXECNAME = 2014


class MipsAuxType(IntEnum):
    """AT_MIPS_*: those of mips alone, in the place of others."""

    AT_MIPS_NOTELF = 10
