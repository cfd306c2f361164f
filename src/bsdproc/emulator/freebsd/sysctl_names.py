"""The named sysctls but kern.proc: kern, hw, security, vm, user.

The subject of kern_mib.c and of the declarations here and there.  What can
be set is kept in `System.settings` under its name, where the code that it
governs looks.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import PID_MAX
from bsdproc.emulator.errno import EINVAL, EOPNOTSUPP, EPERM, Refused
from bsdproc.emulator.freebsd import fork
from bsdproc.emulator.freebsd.amd64.abi import ELF32, ELF64
from bsdproc.emulator.freebsd.amd64.stack import MAXTSIZ, NCPUS
from bsdproc.emulator.freebsd.cred import DEFAULTS, UNPRIVILEGED_DEBUG, ucred
from bsdproc.emulator.freebsd.sysctl import MAX_WIRED, Flag, Handler, Request, Row, Type
from bsdproc.emulator.machine.physical import PAGE

PHYSMEM = 4 << 30
BRAND = "kern.elf64.fallback_brand"
MAXHOSTNAMELEN = 256
HZ = 1000
Value = int | str | bytes
Getter = Callable[[Request], Value]
Setter = Callable[[Request, int], None]

RD = Flag.RD | Flag.MPSAFE
RW = Flag.RW | Flag.MPSAFE
CAPRD = Flag.CAPRD
TUN = Flag.TUN

FORMS = {
    Type.INT: ("<i", "I"), Type.UINT: ("<I", "IU"), Type.LONG: ("<q", "L"),
    Type.ULONG: ("<Q", "LU"), Type.S64: ("<q", "Q"), Type.U64: ("<Q", "QU"),
    Type.U8: ("<B", "CU"),
}  # fmt: skip
"""How a number of each type is stored, and how sysctl(8) is told to print it."""


# -- handlers ---------------------------------------------------------------------
def _number(type: int, get: Getter, set: Setter | None = None) -> Handler:
    """sysctl_handle_int and its kin: what is set is as wide as what is got."""
    form = struct.Struct(FORMS[type][0])
    low, high = _range(form)

    def handler(request: Request, below: tuple[int, ...]) -> None:
        narrow = not request.wide and type in (Type.LONG, Type.ULONG)
        use = struct.Struct("<i" if type == Type.LONG else "<I") if narrow else form
        value = int(get(request))
        request.put(form.pack(max(low, min(value, high))) if not narrow
                    else use.pack(value & 0x7FFFFFFF))
        if request.new is not None:
            new = use.unpack(request.take(use.size))[0]
            if set is None:
                raise Refused(EPERM)
            set(request, new)

    return handler


def _range(form: struct.Struct) -> tuple[int, int]:
    bits, signed = 8 * form.size, form.format[-1:].islower()
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def _text(get: Getter, name: str | None = None, room: int = 0) -> Handler:
    """sysctl_handle_string; with `name` a setting of less than `room` bytes."""

    def handler(request: Request, below: tuple[int, ...]) -> None:
        value = get(request)
        data = value.encode() if isinstance(value, str) else bytes(value)
        request.put(data + b"\0")
        if request.new is not None and name is not None:
            if len(request.new) >= room:
                raise Refused(EINVAL)
            new = request.take(len(request.new)).split(b"\0")[0]
            request.system.settings[name] = new.decode("utf-8", "replace")

    return handler


def _bytes(get: Callable[[Request], bytes]) -> Handler:
    def handler(request: Request, below: tuple[int, ...]) -> None:
        request.put(get(request))

    return handler


def _stored(name: str, default: Value) -> Getter:
    return lambda request: request.system.settings.get(name, default)


def _store(name: str) -> Setter:
    def set(request: Request, value: int) -> None:
        request.system.settings[name] = value

    return set


# -- rows -------------------------------------------------------------------------
def node(name: str, number: int | None, what: str, flags: int = Flag.RW | Flag.MPSAFE) -> Row:
    return Row(name, number, Type.NODE, flags, "N", None, what)


def constant(name: str, number: int | None, type: int, value: int | Getter, what: str,
             flags: int = RD | CAPRD) -> Row:
    get: Getter = value if callable(value) else lambda request: value
    return Row(name, number, type, flags, FORMS[type][1], _number(type, get), what)


def opaque(name: str, number: int | None, format: str, get: Callable[[Request], bytes],
           what: str) -> Row:
    """A structure."""
    return Row(name, number, Type.OPAQUE, RD, format, _bytes(get), what)


def setting(name: str, number: int | None, type: int, default: int, what: str,
            flags: int = RW, check: Callable[[int], bool] | None = None) -> Row:
    """A number that the superuser may set."""
    store = _store(name)

    def set(request: Request, value: int) -> None:
        if check is not None and not check(value):
            raise Refused(EINVAL)
        store(request, value)

    return Row(name, number, type, flags, FORMS[type][1],
               _number(type, _stored(name, default), set), what)


def unchanging(name: str, number: int | None, type: int, value: int, what: str,
               flags: int = RW) -> Row:
    """A number that the superuser may set on a real kernel; what another one would change
    is not done here, which it is refused for by name: EOPNOTSUPP."""

    def set(request: Request, new: int) -> None:
        if new != value:
            raise unsupported(request, name)

    return Row(name, number, type, flags, FORMS[type][1],
               _number(type, lambda request: value, set), what)


def unsupported(request: Request, name: str) -> Refused:
    request.system.note(f"sysctl {name} cannot be set to another value here")
    return Refused(EOPNOTSUPP, f"{name} is not implemented but as it is")


def handled(name: str, number: int | None, type: int, get: Getter, set: Setter, what: str,
            flags: int = RW) -> Row:
    """A number that something is done with when it is set."""
    return Row(name, number, type, flags, FORMS[type][1], _number(type, get, set), what)


def text(name: str, number: int | None, value: str | Getter, what: str,
         flags: int = RD | CAPRD) -> Row:
    get: Getter = value if callable(value) else lambda request: value
    return Row(name, number, Type.STRING, flags, "A", _text(get), what)


def writable_text(name: str, number: int | None, default: str, room: int, what: str,
                  flags: int = RW) -> Row:
    return Row(name, number, Type.STRING, flags, "A",
               _text(_stored(name, default), name, room), what)


# -- values -----------------------------------------------------------------------
def _version(request: Request) -> str:
    system = request.system
    return f"FreeBSD {system.release} (emulated) {system.machine}\n"


def _random(request: Request) -> bytes:
    """As much as is asked for, up to 256 bytes; the same in every run."""
    size = min(request.room or 0, 256)
    return random.Random(request.system.clock).randbytes(size)


def _boottime(request: Request) -> bytes:
    return struct.pack("<qq", request.system.boot_time, 0)


def _clockrate(request: Request) -> bytes:
    """struct clockinfo: hz, tick, a spare, stathz, profhz."""
    return struct.pack("<iiiii", HZ, 1_000_000 // HZ, 0, 127, 8126)


def _open_files(request: Request) -> int:
    return len({id(slot.file) for p in request.system.procs.values() if hasattr(p, "files")
                for slot in p.files.slots.values()})


def _securelevel(request: Request) -> int:
    return ucred(request.td.proc).prison.securelevel


def _raise_securelevel(request: Request, value: int) -> None:
    """It can only go up."""
    prison = ucred(request.td.proc).prison
    if value < prison.securelevel:
        raise Refused(EPERM)
    prison.settings["kern.securelevel"] = value


def _unprivileged_debug(request: Request) -> int:
    return int(ucred(request.td.proc).prison.allows(UNPRIVILEGED_DEBUG))


def _set_unprivileged_debug(request: Request, value: int) -> None:
    if value not in (0, 1):
        raise Refused(EINVAL)
    ucred(request.td.proc).prison.settings[UNPRIVILEGED_DEBUG] = value


def _hostname(request: Request) -> str:
    prison = ucred(request.td.proc).prison
    if prison.parent is not None and prison.hostname:
        return str(prison.hostname)
    return str(request.system.settings.get("kern.hostname", "emulated"))


def _jailed(request: Request) -> int:
    return int(ucred(request.td.proc).prison.parent is not None)


def _pid_max_fits(value: int) -> bool:
    return 300 <= value <= PID_MAX


def _elf(bits: int) -> list[Row]:
    """kern.elf64 and kern.elf32."""
    at, on = f"kern.elf{bits}", int(bits == 64)
    abi = ELF64 if on else ELF32
    return [
        node(at, None, f"ELF programs of {bits} bits"),
        setting(f"{at}.fallback_brand", None, Type.INT, -1, "System of unmarked programs",
                RW | TUN),
        setting(f"{at}.nxstack", None, Type.INT, 1, "Stacks are not executable"),
        setting(f"{at}.sigfastblock", None, Type.INT, 1, "AT_BSDFLAGS tells of sigfastblock",
                RW | TUN),
        setting(f"{at}.pie_base", None, Type.ULONG, abi.load_address,
                "Where position-independent programs go otherwise",
                check=lambda value: value % PAGE == 0),
        setting(f"{at}.vdso", None, Type.INT, 1, "Programs are told of the vDSO", RW | TUN),
        setting(f"{at}.allow_wx", None, Type.U8, 1, "Pages may be writable and executable",
                RW | TUN),
        node(f"{at}.aslr", None, "Randomisation of addresses"),
        setting(f"{at}.aslr.enable", None, Type.INT, on, "For programs at fixed addresses",
                RW | TUN),
        setting(f"{at}.aslr.pie_enable", None, Type.INT, on,
                "For position-independent programs", RW | TUN),
        setting(f"{at}.aslr.honor_sbrk", None, Type.INT, 0, "Leave room for sbrk()"),
        setting(f"{at}.aslr.stack", None, Type.INT, 1, "For the stack", RW | TUN),
    ]


def _bsd(name: str, default: int, what: str, flags: int = RW) -> Row:
    full = f"security.bsd.{name}"
    return setting(full, None, Type.INT, DEFAULTS.get(full, default), what, flags)


KERN = (
    node("kern", 1, "The kernel", RW | CAPRD),
    text("kern.ostype", 1, "FreeBSD", "Name of the system"),
    text("kern.osrelease", 2, lambda r: r.system.release, "Its release"),
    constant("kern.osrevision", 3, Type.INT, 199506, "Revision of BSD"),
    text("kern.version", 4, _version, "This kernel", RD),
    constant("kern.maxproc", 6, Type.INT, fork.MAXPROC, "Most processes", RD | TUN),
    unchanging("kern.maxfiles", 7, Type.INT, 2 * limits.MAXFILESPERPROC, "Most open files"),
    constant("kern.argmax", 8, Type.INT, 524288, "Most bytes of arguments and environment"),
    Row("kern.securelevel", 9, Type.INT, RW | Flag.PRISON, "I",
        _number(Type.INT, _securelevel, _raise_securelevel), "Security level"),
    Row("kern.hostname", 10, Type.STRING, RW | Flag.PRISON | CAPRD, "A",
        _text(_hostname, "kern.hostname", MAXHOSTNAMELEN), "Name of the machine"),
    setting("kern.hostid", 11, Type.ULONG, 0, "Number of the machine", RW | Flag.PRISON | CAPRD),
    Row("kern.clockrate", 12, Type.OPAQUE, RD, "S,clockinfo", _bytes(_clockrate),
        "Rates of the clocks"),
    constant("kern.posix1version", 17, Type.INT, 200112, "Version of POSIX.1"),
    constant("kern.ngroups", 18, Type.INT, 1023, "Most supplementary groups", RD | CAPRD | TUN),
    constant("kern.job_control", 19, Type.INT, 1, "There is job control"),
    constant("kern.saved_ids", 20, Type.INT, 0, "There are saved ids"),
    Row("kern.boottime", 21, Type.OPAQUE, RD, "S,timeval", _bytes(_boottime), "When it booted"),
    writable_text("kern.domainname", 22, "", MAXHOSTNAMELEN, "NIS domain",
                  RW | Flag.PRISON | CAPRD),
    constant("kern.osreldate", 24, Type.INT, lambda r: r.system.osreldate,
             "Version of the kernel's interface"),
    writable_text("kern.bootfile", 26, "/boot/kernel/kernel", 1024, "File of the kernel"),
    setting("kern.maxfilesperproc", 27, Type.INT, limits.MAXFILESPERPROC,
            "Most open files of a process"),
    setting("kern.maxprocperuid", 28, Type.INT, limits.MAXPROCPERUID, "Most processes of a user"),
    constant("kern.ps_strings", 32, Type.ULONG, lambda r: r.td.proc.ps_strings,
             "Where the caller's ps_strings lies", RD | CAPRD),
    constant("kern.usrstack", 33, Type.ULONG, lambda r: r.td.proc.stack_base
             + r.td.proc.stack_size, "The end of the caller's stack", RD | CAPRD),
    setting("kern.logsigexit", 34, Type.INT, 1, "Log fatal signals"),
    constant("kern.iov_max", 35, Type.INT, 1024, "Most elements of an iovec", RD),
    writable_text("kern.hostuuid", 36, "00000000-0000-0000-0000-000000000000", 64,
                  "UUID of the machine", RW | Flag.PRISON | CAPRD),
    Row("kern.arandom", 37, Type.OPAQUE, RD | CAPRD, "", _bytes(_random), "Random bytes"),
    text("kern.ident", None, "EMULATED", "Configuration of the kernel", RD),
    setting("kern.pid_max", None, Type.INT, PID_MAX, "Highest process id", RW | TUN,
            _pid_max_fits),
    constant("kern.lastpid", None, Type.INT, lambda r: r.system.last_pid, "Latest process id",
             RD),
    constant("kern.openfiles", None, Type.INT, _open_files, "Open files", RD),
    setting("kern.ps_arg_cache_limit", None, Type.ULONG, PAGE // 16,
            "Up to so many bytes the kernel keeps a process's arguments"),
    setting("kern.proc_vmmap_skip_resident_count", None, Type.INT, 0,
            "The map of a process does not say how many pages are in memory"),
    setting("kern.kill_on_debugger_exit", None, Type.INT, 1,
            "What a debugger traces is killed when it exits", RW | TUN),
    unchanging("kern.wait_dequeue_sigchld", None, Type.U8, 1,
               "Collecting a child takes its SIGCHLD away", RW | TUN),
    unchanging("kern.sig_discard_ign", None, Type.U8, 1, "Ignored signals are not queued",
               RW | TUN),
    setting("kern.sigfastblock_fetch_always", None, Type.U8, 0,
            "sigfastblock's word is read at each system call", RW | TUN),
    setting("kern.trap_enotcap", None, Type.U8, 0, "SIGTRAP for what capability mode refuses",
            RW | TUN),
    unchanging("kern.forcesigexit", None, Type.INT, 1,
               "A fault whose signal is blocked or ignored is fatal"),
    setting("kern.lognosys", None, Type.INT, 0, "Log unknown system calls", RW | TUN),
    setting("kern.coredump", None, Type.INT, 1, "Fatal signals leave a core file"),
    setting("kern.sugid_coredump", None, Type.INT, 0, "Set-id programs too", RW | TUN),
    setting("kern.capmode_coredump", None, Type.INT, 0, "Those in capability mode too", RW | TUN),
    writable_text("kern.corefile", None, "%N.core", 1024, "Name of a core file"),
    setting("kern.compress_user_cores", None, Type.INT, 0, "Core files are compressed",
            Flag.RW | TUN | Flag.NEEDGIANT, lambda value: value in (0, 1)),
    setting("kern.maxdsiz", None, Type.ULONG, limits.MAXDSIZ, "Largest data segment", RW | TUN),
    setting("kern.dfldsiz", None, Type.ULONG, limits.MAXDSIZ, "Its limit at first", RW | TUN),
    setting("kern.maxssiz", None, Type.ULONG, limits.MAXSSIZ, "Largest stack", RW | TUN),
    setting("kern.dflssiz", None, Type.ULONG, 8 << 20, "Its limit at first", RW | TUN),
    setting("kern.sgrowsiz", None, Type.ULONG, 128 << 10, "What a stack grows by", RW | TUN),
    setting("kern.maxtsiz", None, Type.ULONG, MAXTSIZ, "Largest text segment", RW | TUN),
    constant("kern.kstack_pages", None, Type.INT, 4, "Pages of a kernel stack", RD),
    constant("kern.hz", None, Type.INT, HZ, "Ticks of the clock in a second", RD | TUN),
    constant("kern.fscale", None, Type.INT, 2048, "What load averages are multiplied by", RD),
    constant("kern.maxthread", None, Type.INT, 1_000_000, "Most threads", RD | TUN),
    constant("kern.stackprot", None, Type.INT, 7, "Most that the caller's stack may be", RD),
    text("kern.supported_archs", None, "amd64 i386", "Machines whose programs run", RD),
    node("kern.smp", None, "Processors", RD | CAPRD),
    constant("kern.smp.cpus", None, Type.INT, NCPUS, "How many there are"),
    constant("kern.smp.maxcpus", None, Type.INT, 256, "How many there could be"),
    constant("kern.smp.maxid", None, Type.INT, NCPUS - 1, "The last one's number"),
    constant("kern.smp.active", None, Type.INT, 1, "There are several at work", RD),
    node("kern.sched", None, "The scheduler"),
    text("kern.sched.name", None, "emulated", "Its name", RD),
    node("kern.sigqueue", None, "Queued signals"),
    constant("kern.sigqueue.preallocate", None, Type.INT, 1024, "What there is room for",
             RD | TUN),
    constant("kern.sigqueue.overflow", None, Type.INT, 0, "How many were too many", RD),
    constant("kern.sigqueue.alloc_fail", None, Type.INT, 0, "How many had no room", RD),
    unchanging("kern.sigqueue.max_pending_per_proc", None, Type.INT, 128,
               "Most that a process has"),
    *_elf(64),
    *_elf(32),
    unchanging("kern.elf32.read_exec", None, Type.INT, 0, "What can be read can be executed"),
    handled("kern.fallback_elf_brand", None, Type.INT, _stored(BRAND, -1), _store(BRAND),
            "kern.elf64.fallback_brand by its old name"),
    setting("kern.disallow_high_osrel", None, Type.INT, 0,
            "Programs of a later FreeBSD are not executed"),
    setting("kern.chroot_allow_open_directories", None, Type.INT, 1,
            "Who has directories open may change its root"),
)

HW = (
    node("hw", 6, "Hardware"),
    text("hw.machine", 1, lambda r: "amd64" if r.wide else "i386", "Machine", RD),
    text("hw.model", 2, "Emulated processor", "Processor", RD),
    constant("hw.ncpu", 3, Type.INT, NCPUS, "Processors"),
    constant("hw.byteorder", 4, Type.INT, 1234, "Order of bytes"),
    constant("hw.physmem", 5, Type.ULONG, PHYSMEM, "Memory", RD),
    constant("hw.usermem", 6, Type.ULONG, PHYSMEM - (256 << 20), "Memory not wired", RD),
    constant("hw.pagesize", 7, Type.INT, PAGE, "Size of a page"),
    constant("hw.floatingpoint", 10, Type.INT, 1, "There is a floating point unit",
             RD),
    text("hw.machine_arch", 11, lambda r: "amd64" if r.wide else "i386",
         "Architecture for programs", RD),
    constant("hw.realmem", 12, Type.ULONG, PHYSMEM, "Memory by the firmware", RD),
    Row("hw.pagesizes", None, Type.OPAQUE, RD, "S,pagesizes",
        _bytes(lambda r: struct.pack("<3Q" if r.wide else "<3I", PAGE, 0, 0)),
        "Sizes of pages"),
    constant("hw.availpages", None, Type.LONG, PHYSMEM // PAGE, "Pages", RD),
)

SECURITY = (
    node("security", None, "Security"),
    node("security.bsd", None, "BSD's policy"),
    _bsd("see_other_uids", 1, "Users see each other's processes"),
    _bsd("see_other_gids", 1, "Those without a group in common too"),
    _bsd("see_jail_proc", 1, "Users see processes in jails"),
    _bsd("conservative_signals", 1, "Few signals to who changed credentials"),
    Row(UNPRIVILEGED_DEBUG, None, Type.INT, RW | Flag.PRISON | Flag.SECURE, "I",
        _number(Type.INT, _unprivileged_debug, _set_unprivileged_debug), "Users may debug"),
    _bsd("suser_enabled", 1, "uid 0 is privileged", RW | Flag.PRISON | TUN),
    setting("security.bsd.allow_ptrace", None, Type.U8, 1, "There is ptrace(2)", RW | TUN),
    _bsd("unprivileged_mlock", 1, "Users may lock memory", RW | TUN),
    _bsd("unprivileged_read_msgbuf", 1, "Users may read the kernel's messages"),
    _bsd("unprivileged_idprio", 0, "Users may set idle priority"),
    _bsd("unprivileged_chroot", 0, "Users may chroot"),
    _bsd("hardlink_check_uid", 0, "Links only to one's own files"),
    _bsd("hardlink_check_gid", 0, "Or one's group's"),
    unchanging("security.bsd.unprivileged_get_quota", None, Type.INT, 0,
               "Users may ask for each other's quotas"),
    _bsd("allow_read_dir", 0, "The superuser may read directories of file systems that let him"),
    unchanging("security.bsd.map_at_zero", None, Type.INT, 0, "Address 0 may be mapped",
               RW | TUN),
    _bsd("stack_guard_page", 1, "Guard pages below stacks", RW | TUN),
    node("security.jail", None, "Jails"),
    constant("security.jail.jailed", None, Type.INT, _jailed, "The caller is in one", RD),
    constant("security.jail.vnet", None, Type.INT, 0, "With a network of its own", RD),
    constant("security.jail.devfs_ruleset", None, Type.INT, 0, "Its rules for devices", RD),
)

REST = (
    node("vm", 2, "Virtual memory"),
    unchanging("vm.overcommit", 12, Type.INT, 0, "How swap is reserved"),
    setting("vm.imply_prot_max", None, Type.INT, 0, "mmap() limits what mprotect() may give",
            RW | TUN),
    setting(MAX_WIRED[0], None, Type.ULONG, MAX_WIRED[1], "Most wired pages of users"),
    node("vfs", 3, "File systems"),
    setting("vfs.usermount", None, Type.INT, 0, "Users may mount"),
    node("debug", 5, "Debugging"),
    node("machdep", 7, "Machine"),
    node("user", 8, "User level"),
    text("user.cs_path", 1, "", "Path of the standard programs", RD),
    writable_text("user.localbase", 21, "", 1024, "Where packages are installed", RW | TUN),
    node("p1003_1b", 9, "POSIX 1003.1b"),
    constant("p1003_1b.pagesize", 20, Type.INT, PAGE, "Size of a page"),
)

ROWS: tuple[Row, ...] = (*KERN, *HW, *SECURITY, *REST)
