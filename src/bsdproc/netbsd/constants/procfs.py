"""Mounting a procfs (<miscfs/procfs/procfs.h>, <sys/fstypes.h>)."""

from __future__ import annotations

from enum import KEEP, Flag, IntEnum


class ProcfsVersion(IntEnum):
    """PROCFS_ARGSVERSION: the version of struct procfs_args."""

    PROCFS_ARGSVERSION = 1


class ProcfsMount(Flag, boundary=KEEP):
    """PROCFSMNT_*: flags of a procfs mount."""

    PROCFSMNT_LINUXCOMPAT = 0x1


class MountFlags(Flag, boundary=KEEP):
    """MNT_*: flags of mount(2), unmount(2) and statvfs(2) (<sys/fstypes.h>)."""

    MNT_RDONLY = 0x1
    MNT_SYNCHRONOUS = 0x2
    MNT_NOEXEC = 0x4
    MNT_NOSUID = 0x8
    MNT_NODEV = 0x10
    MNT_UNION = 0x20
    MNT_ASYNC = 0x40
    MNT_EXRDONLY = 0x80
    MNT_EXPORTED = 0x100
    MNT_LOCAL = 0x1000
    MNT_QUOTA = 0x2000
    MNT_ROOTFS = 0x4000
    MNT_NOCOREDUMP = 0x8000
    MNT_UPDATE = 0x10000
    MNT_RELATIME = 0x20000
    MNT_RELOAD = 0x40000
    MNT_FORCE = 0x80000
    MNT_IGNORE = 0x100000
    MNT_GETARGS = 0x400000
    MNT_LOG = 0x2000000
    MNT_NOATIME = 0x4000000
    MNT_AUTOMOUNTED = 0x10000000
    MNT_SYMPERM = 0x20000000
    MNT_NODEVMTIME = 0x40000000
    MNT_SOFTDEP = 0x80000000
