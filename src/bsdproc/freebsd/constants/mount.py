"""Flags of nmount(2), unmount(2) and statfs(2) (<sys/mount.h>)."""

from __future__ import annotations

from enum import KEEP, Flag


class MountFlags(Flag, boundary=KEEP):
    """How a file system is mounted, as statfs(2) tells it and nmount(2) takes it."""

    MNT_RDONLY = 0x1
    MNT_SYNCHRONOUS = 0x2
    MNT_NOEXEC = 0x4
    MNT_NOSUID = 0x8
    MNT_NFS4ACLS = 0x10
    MNT_UNION = 0x20
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
    MNT_SNAPSHOT = 0x1000000
    MNT_GJOURNAL = 0x2000000
    MNT_MULTILABEL = 0x4000000
    MNT_ACLS = 0x8000000
    MNT_NOATIME = 0x10000000
    MNT_EXPUBLIC = 0x20000000
    MNT_NOCLUSTERR = 0x40000000
    MNT_NOCLUSTERW = 0x80000000
    MNT_SUJ = 0x100000000
    MNT_AUTOMOUNTED = 0x200000000
    MNT_VERIFIED = 0x400000000
    MNT_UNTRUSTED = 0x800000000
    MNT_NOCOVER = 0x1000000000
    MNT_EMPTYDIR = 0x2000000000
    MNT_EXTLS = 0x4000000000
    MNT_EXTLSCERT = 0x8000000000
    MNT_EXTLSCERTUSER = 0x10000000000
    MNT_NAMEDATTR = 0x20000000000


class UnmountFlags(Flag, boundary=KEEP):
    """What unmount(2) is told; two of these numbers mean something else to nmount(2)."""

    MNT_FORCE = 0x80000
    """Even if something of it is in use: what is open is dead then."""
    MNT_NONBUSY = 0x4000000
    """Never if something of it is in use but its root."""
    MNT_BYFSID = 0x8000000
    """The path is "FSID:first:second", the number of a file system."""
    MNT_RECURSE = 0x100000000000
    """The kernel's own, as the next: unmount(2)'s int has no room for them."""
    MNT_DEFERRED = 0x200000000000
