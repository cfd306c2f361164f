"""The privileges of sys/priv.h that something here asks for, and who lacks them where."""

from __future__ import annotations

from enum import Enum


class Priv(Enum):
    """PRIV_."""

    ACCT = 2
    MAXFILES = 3
    MAXPROC = 4
    KTRACE = 5
    REBOOT = 8
    SWAPON = 9
    SWAPOFF = 10
    MSGBUF = 11
    IO = 12
    ADJTIME = 15
    NTP_ADJTIME = 16
    CLOCK_SETTIME = 17
    SETTIMEOFDAY = 18
    AUDIT_CONTROL = 40
    AUDIT_GETAUDIT = 42
    AUDIT_SETAUDIT = 43
    AUDIT_SUBMIT = 44
    CRED_SETUID = 50
    CRED_SETEUID = 51
    CRED_SETGID = 52
    CRED_SETEGID = 53
    CRED_SETGROUPS = 54
    CRED_SETREUID = 55
    CRED_SETREGID = 56
    CRED_SETRESUID = 57
    CRED_SETRESGID = 58
    SEEOTHERGIDS = 59
    SEEOTHERUIDS = 60
    DEBUG_DIFFCRED = 80
    DEBUG_SUGID = 81
    DEBUG_UNPRIV = 82
    DEBUG_DENIED = 83
    JAIL_ATTACH = 110
    JAIL_SET = 111
    JAIL_REMOVE = 112
    KENV_SET = 120
    KENV_UNSET = 121
    KLD_LOAD = 130
    KLD_UNLOAD = 131
    PROC_LIMIT = 160
    PROC_SETLOGIN = 161
    PROC_SETRLIMIT = 162
    PROC_SETLOGINCLASS = 163
    IPC_READ = 170
    IPC_WRITE = 171
    IPC_ADMIN = 172
    IPC_MSGSIZE = 173
    SCHED_DIFFCRED = 200
    SCHED_SETPRIORITY = 201
    SCHED_RTPRIO = 202
    SCHED_SET = 204
    SCHED_CPUSET = 206
    SCHED_IDPRIO = 208
    SIGNAL_DIFFCRED = 230
    SIGNAL_SUGID = 231
    SYSCTL_DEBUG = 240
    SYSCTL_WRITE = 241
    SYSCTL_WRITEJAIL = 242
    VFS_READ = 310
    VFS_WRITE = 311
    VFS_ADMIN = 312
    VFS_EXEC = 313
    VFS_LOOKUP = 314
    VFS_CHOWN = 317
    VFS_CHROOT = 318
    VFS_RETAINSUGID = 319
    VFS_FHOPEN = 323
    VFS_FHSTAT = 324
    VFS_FHSTATFS = 325
    VFS_GETFH = 327
    VFS_LINK = 329
    VFS_MKNOD_DEV = 331
    VFS_MKNOD_WHT = 332
    VFS_MOUNT = 333
    VFS_MOUNT_OWNER = 334
    VFS_MOUNT_EXPORTED = 335
    VFS_MOUNT_SUIDDIR = 337
    VFS_MOUNT_NONUSER = 338
    VFS_SETGID = 339
    VFS_STICKYFILE = 341
    VFS_SYSFLAGS = 342
    VFS_UNMOUNT = 343
    VFS_READ_DIR = 345
    VM_MADV_PROTECT = 360
    VM_MLOCK = 361
    VM_MUNLOCK = 362


NOT_IN_JAIL = frozenset(
    {
        Priv.ACCT,
        Priv.MAXFILES,
        Priv.MAXPROC,
        Priv.REBOOT,
        Priv.SWAPON,
        Priv.SWAPOFF,
        Priv.IO,
        Priv.ADJTIME,
        Priv.NTP_ADJTIME,
        Priv.CLOCK_SETTIME,
        Priv.SETTIMEOFDAY,
        Priv.AUDIT_CONTROL,
        Priv.AUDIT_GETAUDIT,
        Priv.AUDIT_SETAUDIT,
        Priv.AUDIT_SUBMIT,
        Priv.DEBUG_DENIED,
        Priv.KENV_SET,
        Priv.KENV_UNSET,
        Priv.KLD_UNLOAD,
        Priv.VFS_FHOPEN,
        Priv.VFS_FHSTAT,
        Priv.VFS_FHSTATFS,
        Priv.VFS_GETFH,
        Priv.VFS_MKNOD_DEV,
        Priv.VFS_MKNOD_WHT,
        Priv.VFS_READ_DIR,
        Priv.SCHED_SETPRIORITY,
        Priv.SCHED_RTPRIO,
        Priv.SCHED_SET,
        Priv.SCHED_IDPRIO,
        Priv.SYSCTL_DEBUG,
        Priv.SYSCTL_WRITE,
        Priv.VM_MADV_PROTECT,
        # Without allow.chflags, allow.mlock and allow.mount, which no emulated jail is given.
        Priv.VM_MLOCK,
        Priv.VM_MUNLOCK,
        Priv.KLD_LOAD,
        Priv.VFS_SYSFLAGS,
        Priv.VFS_MOUNT,
        Priv.VFS_MOUNT_OWNER,
        Priv.VFS_MOUNT_EXPORTED,
        Priv.VFS_MOUNT_SUIDDIR,
        Priv.VFS_MOUNT_NONUSER,
        Priv.VFS_UNMOUNT,
    }
)
"""Those that even uid 0 lacks inside a jail (prison_priv_check)."""
OF_MEMORY = frozenset({Priv.VM_MLOCK, Priv.VM_MUNLOCK})
"""Everybody's, unless security.bsd.unprivileged_mlock is 0."""
OF_THE_REAL_UID = frozenset({Priv.MAXFILES, Priv.MAXPROC, Priv.PROC_LIMIT})
"""Those that go by the real uid, not the effective one."""
