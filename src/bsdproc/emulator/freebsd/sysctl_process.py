"""The named sysctls that say how many there may be of what, how processes begin and end,
and what is told of them: kern.threads, kern.ktrace, kern.features, core files, the
kernel's messages."""

from __future__ import annotations

import random

from bsdproc.emulator.freebsd import fork, ktrace, ktrace_told
from bsdproc.emulator.freebsd.amd64.stack import NCPUS
from bsdproc.emulator.freebsd.cred import Priv, priv_check
from bsdproc.emulator.freebsd.syscalls.threads import MAX_THREADS, THREADS_HITS
from bsdproc.emulator.freebsd.sysctl import Flag, Request, Row, Type
from bsdproc.emulator.freebsd.sysctl_names import (
    CAPRD,
    RD,
    RW,
    TUN,
    constant,
    handled,
    node,
    opaque,
    setting,
    text,
    unchanging,
)

FEATURES = (
    "aio", "posix_shm", "sysv_shm", "sysv_sem", "sysv_msg", "process_descriptors",
    "security_capabilities", "security_capability_mode", "ktrace",
    "kposix_priority_scheduling", "compat_freebsd_32bit",
)  # fmt: skip
"""What feature_present(3) finds of those that a GENERIC kernel has."""
BOOT_ID_SIZE = 16


def _modulus(request: Request) -> int:
    return int(request.system.settings.get(fork.PID_MODULUS, 0))


def _set_modulus(request: Request, value: int) -> None:
    system = request.system
    system.settings[fork.PID_MODULUS] = fork.modulus_for(system, value)


def _threads_hits(request: Request) -> int:
    return int(request.system.settings.get(THREADS_HITS, 0))


def _messages(request: Request) -> str:
    """EPERM for users, if security.bsd.unprivileged_read_msgbuf says so."""
    priv_check(request.td, Priv.MSGBUF)
    return "".join(f"{line}\n" for line in request.system.messages)


def _forget_messages(request: Request, value: int) -> None:
    request.system.messages.clear()


def _boot_id(request: Request) -> bytes:
    return random.Random(request.system.boot_time).randbytes(BOOT_ID_SIZE)


ROWS: tuple[Row, ...] = (
    # -- how many
    handled("kern.randompid", None, Type.INT, _modulus, _set_modulus,
            "How far the next process id may lie behind the latest"),
    node("kern.threads", None, "Threads"),
    setting(MAX_THREADS[0], None, Type.INT, MAX_THREADS[1], "Most threads of a process"),
    constant(THREADS_HITS, None, Type.INT, _threads_hits, "How often one had as many", RD),
    # -- how they are traced
    node("kern.ktrace", None, "ktrace(2)"),
    setting(ktrace_told.GENIO_SIZE[0], None, Type.UINT, ktrace_told.GENIO_SIZE[1],
            "Most bytes of what is read or written that are kept", RW | TUN),
    setting(ktrace.LIMIT_SIGNAL, None, Type.INT, 0, "SIGXFSZ where a trace gets too long",
            RW | TUN),
    unchanging("kern.ktrace.request_pool", None, Type.UINT, 100, "Requests kept ready",
               Flag.RW | Flag.NEEDGIANT),
    # -- how they end
    setting("kern.nodump_coredump", None, Type.INT, 0, "Core files are marked by UF_NODUMP"),
    setting("kern.compress_user_cores_level", None, Type.INT, 6,
            "How hard core files are compressed", RW | TUN),
    setting("kern.coredump_pack_fileinfo", None, Type.INT, 1,
            "Records of files in a core file are no longer than they need", RW | TUN),
    setting("kern.coredump_pack_vmmapinfo", None, Type.INT, 1, "Those of the map as well",
            RW | TUN),
    unchanging("kern.core_dump_can_intr", None, Type.INT, 1, "SIGKILL ends a core dump",
               RW | TUN),
    Row("kern.msgbuf", None, Type.STRING, RD, "A", text("", None, _messages, "").handler,
        "The kernel's messages"),
    handled("kern.msgbuf_clear", None, Type.INT, lambda request: 0, _forget_messages,
            "Forget the kernel's messages", RW | Flag.SECURE),
    # -- what there is
    node("kern.features", None, "What this kernel has", RD),
    *(constant(f"kern.features.{name}", None, Type.INT, 1, f"There is {name}")
      for name in FEATURES),
    node("kern.racct", None, "Accounting of resources"),
    constant("kern.racct.enable", None, Type.U8, 0, "Whether they are counted", RD | TUN),
    constant("kern.sched.cpusetsize", None, Type.INT, 32, "Bytes of the kernel's cpuset_t"),
    constant("kern.sched.cpusetsizemin", None, Type.UINT, 1, "Those of the fewest use"),
    constant("kern.smp.cores", None, Type.INT, NCPUS, "Cores"),
    constant("kern.smp.threads_per_core", None, Type.INT, 1, "Threads of each"),
    constant("kern.smp.disabled", None, Type.INT, 0, "There is to be one alone",
             RD | CAPRD | TUN),
    constant("kern.ccpu", None, Type.INT, 0, "How fast ki_pctcpu falls", RD),
    constant("kern.maxphys", 38, Type.LONG, 1 << 20, "Most bytes of a transfer",
             RD | CAPRD | TUN)._replace(format="UL"),
    text("kern.init_path", None, "/sbin/init:/sbin/oinit:/sbin/init.bak:/rescue/init",
         "Where the first program is looked for", RD),
    Row("kern.boot_id", None, Type.OPAQUE, RD | CAPRD, "",
        opaque("", None, "", _boot_id, "").handler, "Random bytes of this boot"),
)
