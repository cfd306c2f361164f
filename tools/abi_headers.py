"""Which names of a system's headers belong to its process-control interfaces.

A header listed whole belongs with every macro and type that it declares.  Of the others, a
pattern says which macros do, and a list which types.  What a whole header holds besides is
left out by name, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cmodel import Record, Type, Typedef


@dataclass(frozen=True)
class Interface:
    """The part of a system's headers that is measured and has to be declared."""

    includes: tuple[str, ...]
    """In an order in which they compile."""
    whole: tuple[str, ...]
    """Headers that belong entirely, as they end."""
    macros: tuple[tuple[str, str], ...]
    """(header, pattern of the macros that belong)."""
    types: frozenset[str]
    """Types of other headers that belong."""
    excluded: re.Pattern[str]
    """Names that do not belong although their header does."""
    defines: tuple[str, ...] = ()
    """Macros to set before the first header."""
    more: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Headers that only some machines have."""

    def source(self, machine: str) -> str:
        """The translation unit that declares it all."""
        lines = [f"#define {name}" for name in self.defines]
        lines += [f"#include <{name}>" for name in (*self.includes, *self.more.get(machine, ()))]
        return "\n".join(lines) + "\n"

    def takes_macro(self, header: str, name: str) -> bool:
        if self.excluded.fullmatch(name):
            return False
        if header.endswith(self.whole):
            return True
        return any(
            header.endswith(where) and re.fullmatch(pattern, name)
            for where, pattern in self.macros
        )

    def takes_type(self, name: str, made: Type) -> bool:
        if name in self.types:
            return True
        return (
            isinstance(made, Record | Typedef)
            and made.file.endswith(self.whole)
            and not self.excluded.fullmatch(name)
        )


def _names(*plain: str, **tagged: str) -> frozenset[str]:
    """Type names from words: typedefs, and tags by their keyword."""
    names = set(" ".join(plain).split())
    for keyword, tags in tagged.items():
        names |= {f"{keyword} {tag}" for tag in tags.split()}
    return frozenset(names)


FREEBSD = Interface(
    includes=(
        "sys/param.h", "sys/types.h", "sys/ptrace.h", "sys/procctl.h", "sys/sysctl.h",
        "sys/user.h", "sys/proc.h", "sys/signal.h", "sys/wait.h", "sys/resource.h", "sys/elf.h",
        "sys/procfs.h", "sys/exec.h", "sys/ucontext.h", "machine/reg.h", "machine/ptrace.h",
        "machine/ucontext.h", "machine/sigframe.h",
    ),
    more={
        "amd64": ("machine/fpu.h",),
        "i386": ("machine/npx.h",),
        "arm": ("machine/vfp.h",),
        "arm64": ("machine/vfp.h",),
    },
    whole=(
        "/sys/ptrace.h", "/sys/procctl.h", "/sys/user.h", "/sys/procfs.h", "/machine/ptrace.h",
        "/x86/ptrace.h", "/machine/procctl.h", "/x86/procctl.h", "/machine/reg.h", "/x86/reg.h",
        "/arm/reg.h", "/x86/fpu.h", "/machine/sigframe.h", "/x86/sigframe.h",
        "/machine/ucontext.h", "/x86/ucontext.h", "/sys/_ucontext.h",
    ),
    macros=(
        ("/sys/param.h", r"__FreeBSD_version|MAXCOMLEN|MAXLOGNAME"),
        ("<command line>", r"__FreeBSD_version"),
        ("/sys/elf_common.h", r"(AT|NT|PT)_\w+"),
        ("/sys/sysctl.h", r"CTL_KERN|KERN_PROC(_\w+)?"),
        ("/sys/proc.h", r"(P|P2|PS|TDF)_\w+|S(IDL|RUN|SLEEP|STOP|ZOMB|WAIT|LOCK)"),
        ("/machine/proc.h", r"P_MD_\w+"),
        ("/sys/priority.h", r"PRI_\w+"),
        ("/sys/signal.h", r"SIG[A-Z0-9]+|NSIG|(SIGEV|SI|ILL|BUS|SEGV|FPE|TRAP|CLD|POLL|SA)_\w+"),
        ("/sys/signal.h", r"SIG_(BLOCK|UNBLOCK|SETMASK)|SIGFASTBLOCK_\w+"),
        ("/sys/signalvar.h", r"SIGFASTBLOCK_\w+"),
        ("/sys/_sigaltstack.h", r"SS_\w+|(MIN)?SIGSTKSZ"),
        ("/sys/_sigset.h", r"_SIG_(WORDS|MAXSIG)"),
        ("/sys/wait.h", r"W[A-Z]+|WAIT_\w+|P_ZONEID"),
        ("/sys/resource.h", r"(RUSAGE|RLIM|RLIMIT|PRIO)_\w+"),
        ("/sys/event.h", r"EVFILT_\w+"),
        # The same prefixes in other headers: no part of the interfaces, but nor is a reader
        # of AT_ or PC_ told so by the name.
        ("/machine/elf.h", r"AT_OLD_\w+"),
        ("/bsm/audit.h", r"AT_IPC_\w+"),
        ("/sys/_pv_entry.h", r"PC_FREE\w+"),
        ("/sys/signalvar.h", r"PS_\w+"),
    ),
    types=_names(
        "lwpid_t pid_t uid_t gid_t id_t dev_t off_t mode_t time_t suseconds_t register_t",
        "u_register_t syscallarg_t segsz_t vm_size_t fixpt_t rlim_t sigset_t siginfo_t stack_t",
        "ucontext_t mcontext_t idtype_t Elf_Auxinfo Elf32_Auxinfo Elf64_Auxinfo",
        struct="__sigset __siginfo sigaction sigaltstack rusage __wrusage rlimit timeval timespec "
        "iovec priority kevent sockaddr_storage ps_strings vfp_state vfpstate",
        union="sigval",
        enum="idtype",
    ),
    excluded=re.compile(
        # Names for internal use of the headers, and other names of a struct's members.
        r"_\w+_H_|__(?!FreeBSD_version)\w+|(ki|kf|knt|kvo|si|uc|mc|sf|kve|kl|sv|tf|tr)_\w+"
        # The old user area of a.out core dumps: what it embeds is the kernel's own.
        r"|struct user"
        # Tags that the header renames on amd64 and leaves behind on i386.
        r"|struct __(reg|fpreg|dbreg|segbasereg)64"
    ),
)

NETBSD = Interface(
    # PT_LWPINFO and its struct are there for programs that ask for them.
    defines=("__LEGACY_PT_LWPINFO",),
    includes=(
        "sys/param.h", "sys/types.h", "sys/ptrace.h", "sys/sysctl.h", "sys/signal.h",
        "sys/siginfo.h", "sys/wait.h", "sys/resource.h", "sys/proc.h", "sys/exec_elf.h",
        "sys/ucontext.h", "sys/exec.h", "machine/reg.h", "machine/mcontext.h",
        "miscfs/procfs/procfs.h", "uvm/uvm_param.h",
    ),
    more={
        "amd64": ("x86/cpu_extended_state.h",),
        "i386": ("x86/cpu_extended_state.h",),
        "mipseb": ("mips/regnum.h",),
        "mipsel": ("mips/regnum.h",),
    },
    whole=(
        "/sys/ptrace.h", "/procfs/procfs.h", "/machine/ptrace.h", "/amd64/ptrace.h",
        "/i386/ptrace.h", "/mips/ptrace.h", "/riscv/ptrace.h", "/arm/ptrace.h",
        "/powerpc/ptrace.h", "/sparc/ptrace.h", "/machine/reg.h", "/amd64/reg.h", "/i386/reg.h",
        "/mips/reg.h", "/riscv/reg.h", "/arm/reg.h", "/powerpc/reg.h", "/sparc/reg.h",
        "/sparc64/reg.h", "/arm/vfpreg.h", "/machine/vfpreg.h", "/mips/regnum.h",
        "/machine/regnum.h", "/x86/cpu_extended_state.h",
    ),
    macros=(
        ("/sys/param.h", r"__NetBSD_Version__|MAXCOMLEN|MAXLOGNAME"),
        ("<command line>", r"__NetBSD_Version__"),
        ("/sys/exec_elf.h", r"(AT|PT|NT)_\w+|ELF_NOTE_NETBSD_CORE_\w+"),
        ("/elfdefinitions.h", r"(AT|PT|NT)_\w+"),
        ("/elf_machdep.h", r"PT_\w+"),
        ("/sys/sysctl.h", r"CTL_KERN|CTL_PROC\w*|KERN_PROC\w*|KERN_LWP"),
        ("/sys/sysctl.h", r"(KI|KVME|P|L|PROC|EPROC)_\w+"),
        ("/sys/sysctl.h", r"CTL_VM|KERN_FILE\w*"),
        ("/uvm/uvm_param.h", r"VM_PROC\w*"),
        ("/sys/proc.h", r"(P|L|PL)_\w+|S(IDL|ACTIVE|DYING|STOP|ZOMB|DEAD)"),
        ("/sys/lwp.h", r"LS[A-Z]+|L_\w+"),
        ("/sys/signal.h", r"SIG[A-Z0-9]+|_?NSIG|(SIGEV|SA|SS)_\w+|MINSIGSTKSZ"),
        ("/sys/signal.h", r"SIG_(BLOCK|UNBLOCK|SETMASK)"),
        ("/sys/siginfo.h", r"(SI|ILL|BUS|SEGV|FPE|TRAP|CLD|POLL)_\w+"),
        ("/sys/wait.h", r"W[A-Z]+|WAIT_\w+"),
        ("/sys/idtype.h", r"P_\w+"),
        ("/sys/resource.h", r"(RUSAGE|RLIM|RLIMIT|PRIO)_\w+"),
        ("/mcontext.h", r"_N?(REG|GREG|FREG|X|UC)\w*|_UC_\w+"),
    ),
    types=_names(
        "lwpid_t pid_t uid_t gid_t id_t dev_t off_t mode_t time_t suseconds_t register_t",
        "fixpt_t rlim_t sigset_t siginfo_t sigval_t stack_t ucontext_t mcontext_t idtype_t",
        struct="sigaltstack rusage wrusage rlimit timeval timespec iovec kinfo_proc2 kinfo_lwp "
        "kinfo_file kinfo_vmentry _ksiginfo sigaction ps_strings netbsd_elfcore_procinfo",
        union="sigval siginfo",
    ),
    excluded=re.compile(
        # Include guards, names for internal use, other names of a struct's members.
        r"_\w+_H_|__(?!NetBSD_Version__)\w+|(ki|kf|si|uc|pe|psi|pl|sa)_\w+"
        # Assembly, an assertion's type, the name of a core dump's notes.
        r"|\w+_ASM|struct __ctassert\d+_struct|ELF_NOTE_NETBSD_CORE_NAME"
    ),
)

HEADERS: dict[str, Interface] = {"freebsd": FREEBSD, "netbsd": NETBSD}
"""The interfaces of the systems whose headers can be measured."""
