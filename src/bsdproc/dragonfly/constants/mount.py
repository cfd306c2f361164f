"""Flags of mount(2), unmount(2) and statvfs(2) (<sys/mount.h>)."""

from __future__ import annotations

from enum import KEEP, Flag


class MountFlags(Flag, boundary=KEEP):
    """MNT_*: how a file system is mounted."""

    MNT_RDONLY = 0x1
    MNT_SYNCHRONOUS = 0x2
    MNT_NOEXEC = 0x4
    MNT_NOSUID = 0x8
    MNT_NODEV = 0x10
    MNT_AUTOMOUNTED = 0x20
    MNT_ASYNC = 0x40
    MNT_EXRDONLY = 0x80
    MNT_EXPORTED = 0x100
    MNT_DEFEXPORTED = 0x200
    MNT_EXPORTANON = 0x400
    MNT_EXKERB = 0x800
    MNT_LOCAL = 0x1000
    MNT_QUOTA = 0x2000
    MNT_ROOTFS = 0x4000
    MNT_USER = 0x8000
    MNT_UPDATE = 0x10000
    MNT_DELEXPORT = 0x20000
    MNT_RELOAD = 0x40000
    MNT_FORCE = 0x80000
    MNT_SUIDDIR = 0x100000
    MNT_SOFTDEP = 0x200000
    MNT_NOSYMFOLLOW = 0x400000
    MNT_IGNORE = 0x800000
    MNT_TRIM = 0x1000000
    MNT_NOATIME = 0x10000000
    MNT_EXPUBLIC = 0x20000000
    MNT_NOCLUSTERR = 0x40000000
    MNT_NOCLUSTERW = 0x80000000
