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

HEADERS: dict[str, Interface] = {"freebsd": FREEBSD}
"""The interfaces of the systems whose headers can be measured."""
