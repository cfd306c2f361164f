"""How the native module is built: `_native.c` with cffi, on a BSD, against its own headers.

cffi's API mode writes the offsets and sizes that the compiler sees into the
module, and refuses a structure of `declarations` that is laid out otherwise
when it is first used; `native.verify_layouts` uses all of them.

DragonFly's headers were not at hand when this was written.  For it the module
holds to the interface that was recorded of release 5.9: the declared
structures, ptrace, procctl, sysctl and wait4, and no wait6.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cffi import FFI

HERE: Final = Path(__file__).parent
MODULE: Final = "bsdproc.kernel._native"

STRUCTS: Final = {
    "freebsd": """
        struct reg, struct fpreg, struct dbreg, struct vfpreg, struct vmxreg, struct savefpu,
        struct savefpu_ymm, struct xstate_hdr, struct ptrace_xstate_info, struct segbasereg,
        struct ptrace_io_desc, struct ptrace_lwpinfo, struct ptrace_sc_ret,
        struct ptrace_sc_remote, struct ptrace_vm_entry, struct ptrace_coredump, struct iovec,
        struct procctl_reaper_status, struct procctl_reaper_pidinfo, struct procctl_reaper_pids,
        struct procctl_reaper_kill, siginfo_t, sigset_t, struct rusage, struct __wrusage,
        struct kinfo_proc, struct kinfo_file, struct kinfo_vmentry, struct kinfo_kstack,
        struct kinfo_sigtramp, struct kinfo_vm_layout
    """,
    "netbsd": """
        struct reg, struct fpreg, struct dbreg, struct vreg, struct xstate, struct ptrace_io_desc,
        struct ptrace_lwpinfo, struct ptrace_lwpstatus, ptrace_event_t, ptrace_state_t,
        ptrace_siginfo_t, siginfo_t, sigset_t, struct rusage, struct wrusage, struct kinfo_proc2,
        struct kinfo_lwp, struct kinfo_file, struct kinfo_vmentry, struct procfs_args
    """,
    "dragonfly": """
        struct reg, struct fpreg, struct dbreg, struct ptrace_io_desc, struct reaper_status,
        union reaper_info, siginfo_t, sigset_t, struct rusage, struct kinfo_proc,
        struct kinfo_lwp, struct kinfo_cputime, struct kinfo_file, struct kinfo_sigtramp
    """,
}
"""What a system's headers are held against; a machine has most of them."""

GUARDS: Final = {
    "struct ptrace_sc_remote": "PT_SC_REMOTE",
    "struct kinfo_vm_layout": "KERN_PROC_VM_LAYOUT",
}
"""Structures that came late, and the macro that came with each.  Where the headers are
older, the module has the declared ones: for older kernels they are of no consequence."""

GROWN: Final = {
    "struct kinfo_proc": ("ki_uerrmsg", "ki_spareptrs"),
}
"""Members that later releases made of spare ones.  They are left out, and cffi takes the
rest from the compiler; `native.verify_layouts` holds that against the declared layout."""

HEADERS: Final[dict[tuple[str, str | None], list[str]]] = {
    ("freebsd", "amd64"): ["machine/fpu.h"],
    ("freebsd", "i386"): ["machine/npx.h"],
    ("netbsd", None): ["miscfs/procfs/procfs.h"],
}
"""Headers beside those that _native.c includes, by machine or (None) for a whole system."""


def structs(system: str) -> frozenset[str]:
    """The structures that the module declares."""
    return frozenset(name.strip() for name in STRUCTS[system].split(","))


def guarded(declarations: str) -> str:
    """C for the structures that this system's headers may be too old for."""
    text = []
    for name, macro in GUARDS.items():
        found = re.search(rf"^{re.escape(name)} {{.*}};$", declarations, re.M)
        if found is not None:
            text.append(f"#ifndef {macro}\n{found.group()}\n#endif\n")
    return "\n".join(text)


def relaxed(declarations: str) -> str:
    """The declarations without the members that older headers lack."""
    for name, members in GROWN.items():
        found = re.search(rf"^{re.escape(name)} {{.*}};$", declarations, re.M)
        if found is None:
            continue
        body = found.group()
        for member in members:
            body = re.sub(rf"[^;{{]*\b{member}\b[^;]*;", "", body)
        declarations = declarations.replace(found.group(), body.replace(" };", " ...; };"))
    return declarations


def includes(system: str, machine: str) -> str:
    """The include lines for one machine."""
    names = HEADERS.get((system, None), []) + HEADERS.get((system, machine), [])
    return "".join(f"#include <{name}>\n" for name in names)


def builder(system: str, machine: str, declarations: str) -> FFI:
    """cffi's builder of the module for one target.

    `declarations` is the C text of these `structs` as the system has them."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(relaxed(declarations))
    ffi.cdef((HERE / "_native.h").read_text())
    source = (HERE / "_native.c").read_text()
    ffi.set_source(
        MODULE,
        f"{source}\n{includes(system, machine)}\n{guarded(declarations)}",
        # Declared pointers and arrays are of named scalars, the headers' of long and the
        # like; cffi checks their sizes itself.
        extra_compile_args=["-Wno-incompatible-pointer-types"],
    )
    return ffi


def host() -> tuple[str, str]:
    """The system and machine of the host that builds; `SystemExit` with a plain
    message where it is none of bsdproc's."""
    import platform
    import subprocess

    from bsdproc.kernel import hosts

    system = hosts.system(sys.platform)
    if system is None:
        raise SystemExit(f"bsdproc's native module is for BSD hosts; {sys.platform} has no use "
                         "for it")
    architecture = platform.processor() or subprocess.run(
        ["uname", "-p"], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        return system, hosts.machine(system, architecture)
    except ValueError as error:
        raise SystemExit(str(error)) from None
