"""procfs(5), typed: every node that a real kernel showed is parsed."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from bsdproc.dragonfly import procfs
from bsdproc.dragonfly.constants import Limit, MountFlags, Signal, VmProtection
from bsdproc.dragonfly.procfs import Control
from bsdproc.dragonfly.registers import X86_64Registers
from bsdproc.kernel.errors import KernelError, NotSupported

from . import captured
from .recorded import Recorded, refusal

TEXTS = [text for name in (captured.PROCFS, captured.CORNERS) for text in captured.nodes(name)]
KP = re.compile(r"KP .*? pid (\d+): ppid=(-?\d+) .* jail=(\d+) .* comm=(\"(?:[^\"\\]|\\.)*\") ")


def whole(name: str) -> list[captured.Text]:
    """The nodes of that name that were read from beginning to end."""
    return [text for text in TEXTS if text.path.endswith(f"/{name}") and text.error is None
            and (text.room is None or len(text.data) < text.room)]


def serving(path: str, data: bytes | str) -> Recorded:
    kernel = Recorded()
    kernel.files[path] = data
    return kernel


# -- texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", whole("status"), ids=lambda text: text.data.decode()[:30])
def test_status(text: captured.Text) -> None:
    pid = int(text.path.split("/")[2])
    kernel = serving(text.path, text.data)
    found = procfs.status(pid, kernel=kernel.port)
    assert found == procfs.parse_status(text.data)
    assert found.pid == pid
    assert found.start is not None
    assert found.start > 1795298000
    # The same line, written again.
    tty = "-1,-1" if found.tty is None else "{},{}".format(*found.tty)
    times = " ".join("{},{}".format(*divmod(round(t * 1_000_000), 1_000_000))
                     for t in (found.start, found.user or 0, found.system or 0))
    groups = ",".join(map(str, (found.rgid, *found.groups)))
    assert (f"{found.name} {pid} {found.ppid} {found.pgid} {found.sid} {tty} "
            f"{','.join(found.flags) or 'noflags'} {times} {found.wmesg or 'nochan'} "
            f"{found.uid} {found.ruid} {groups} {found.jail or '-'}\n").encode() == text.data


def test_status_beside_kern_proc() -> None:
    """Odd names, the parent, the jail: as kern.proc had them at that moment."""
    compared = 0
    for text in whole("status"):
        said = KP.match(text.after)
        if said is None or said[1] != text.path.split("/")[2]:
            continue
        found = procfs.parse_status(text.data)
        assert found.pid == int(said[1])
        assert found.ppid == int(said[2])
        assert found.name.encode("utf-8", "surrogateescape") == captured.octets(said[4])
        assert (found.jail is not None) == (said[3] != "0")
        compared += 1
    assert compared >= 8


def test_status_has_what_is_special() -> None:
    found = {procfs.parse_status(text.data).name: procfs.parse_status(text.data)
             for text in whole("status")}
    assert {"a b", "x(1) 2", "été", "new\nline", "1234567890123456"} <= set(found)
    by_pid = {text.path: procfs.parse_status(text.data) for text in whole("status")}
    assert by_pid["/proc/27/status"].tty == (23, 0)
    assert by_pid["/proc/27/status"].flags == ("ctty", "sldr")
    assert by_pid["/proc/30/status"].jail == "jailhost"
    assert by_pid["/proc/33/status"].uid == 4294967294
    assert len(by_pid["/proc/32/status"].groups) == 16


def test_a_process_that_is_swapped_out() -> None:
    found = procfs.parse_status(b"sh 9 1 9 9 -1,-1 sldr -1,-1 -1,-1 -1,-1 wait 0 0 0,0 -\n")
    assert (found.start, found.user, found.system, found.wmesg) == (None, None, None, "wait")


@pytest.mark.parametrize("text", whole("map"), ids=lambda text: text.path)
def test_map(text: captured.Text) -> None:
    found = procfs.map(int(text.path.split("/")[2]), kernel=serving(text.path, text.data).port)
    assert len(found) == text.data.count(b"\n")
    for before, after in pairwise(found):
        assert before.start < before.end <= after.start
    code = next(entry for entry in found if VmProtection.VM_PROT_EXECUTE in entry.protection)
    assert (code.type, code.cow, code.resident) == ("vnode", True, None)
    assert code.path in ("/bin/pfs", "/tmp/del")
    assert found[-1].path is None
    assert found[-1].end == 0x7FFFFFE00000


def test_a_map_that_is_cut() -> None:
    cut = next(text for text in TEXTS if text.path.endswith("/map") and text.room == 300)
    with pytest.raises(procfs.Malformed):
        procfs.parse_map(cut.data)


def test_a_path_with_newlines() -> None:
    line = (b"0x0000000000400000 0x0000000000401000 3 2 0xfffff8005037ed40 rwx 3 0 0x4180"
            b" NCOW NNC vnode ")
    found = procfs.parse_map(line + b"/tmp/a\n0x1\nb c\n" + line + b"/x\n")
    assert [entry.path for entry in found] == ["/tmp/a\n0x1\nb c", "/x"]
    assert (found[0].resident, found[0].private_resident) == (3, 2)
    assert (found[0].size, 0x400000 in found[0], 0x401000 in found[0]) == (0x1000, True, False)
    assert procfs.parse_map(b"") == ()


@pytest.mark.parametrize("text", whole("rlimit"), ids=lambda text: text.path)
def test_rlimit(text: captured.Text) -> None:
    found = procfs.rlimit(int(text.path.split("/")[2]), kernel=serving(text.path, text.data).port)
    assert list(found) == list(Limit)
    assert found[Limit.RLIMIT_CPU] == procfs.Rlimit(None, None)
    assert found[Limit.RLIMIT_STACK] == procfs.Rlimit(8388608, 536870912)


def test_a_limit_of_a_newer_kernel() -> None:
    assert procfs.parse_rlimit(b"cpu 1 -1\nthreads 5 6\n") == {
        Limit.RLIMIT_CPU: procfs.Rlimit(1, None), "threads": procfs.Rlimit(5, 6)}


@pytest.mark.parametrize("text", whole("etype"), ids=lambda text: text.path)
def test_etype(text: captured.Text) -> None:
    assert procfs.etype(3, kernel=serving(text.path, text.data).port) == "DragonFly ELF64"


@pytest.mark.parametrize("text", whole("cmdline"), ids=lambda text: text.data.hex()[:40])
def test_cmdline(text: captured.Text) -> None:
    pid = int(text.path.split("/")[2])
    kernel = serving(text.path, text.data)
    if len(text.data) != 16:
        expected = text.data.decode().removesuffix("\0").split("\0")
        assert procfs.cmdline(pid, kernel=kernel.port) == tuple(expected)
        return
    # The program's name and what else lies there: kern.proc.args has nothing.
    name = text.data.partition(b"\0")[0].decode()
    assert procfs.cmdline(pid, kernel=kernel.port) == (name,)


def test_arguments_of_sixteen_bytes() -> None:
    kernel = serving("/proc/7/cmdline", b"/bin/sleep\x00 100\x00")
    kernel.sysctls[1, 14, 7, 7] = b"/bin/sleep\x00 100\x00"
    assert procfs.cmdline(7, kernel=kernel.port) == ("/bin/sleep", " 100")


# -- registers and memory --------------------------------------------------------------------


def test_registers() -> None:
    sets = [text for text in whole("regs") if len(text.data) == 200]
    assert len(sets) >= 4
    for text in sets:
        found = procfs.regs(int(text.path.split("/")[2]),
                            kernel=serving(text.path, text.data).port)
        assert bytes(found) == text.data
        assert (found.cs, found.ss) == (0x2B, 0x23)
        assert 0x400000 <= found.pc < 0x410000
        assert found.sp >> 32 == 0x7FFF


def test_what_the_kernel_has_not_filled_is_not_handed_on() -> None:
    """Both nodes end in what lay on the kernel's stack."""
    for name, filled in (("fpregs", 108), ("dbregs", 64)):
        text = next(iter(whole(name)))
        assert any(text.data[filled:])
        found = getattr(procfs, name)(3, kernel=serving(text.path, text.data).port)
        assert bytes(found) == text.data[:filled] + bytes(len(text.data) - filled)


def test_registers_are_written() -> None:
    kernel = serving("/proc/3/regs", bytes(200))
    registers = X86_64Registers()
    registers.rip = 0x401000
    procfs.set_regs(3, registers, kernel=kernel.port)
    assert kernel.written == [("/proc/3/regs", bytes(registers), 0)]
    kernel.on_write = lambda path, data: (_ for _ in ()).throw(refusal("EBUSY"))
    with pytest.raises(KernelError, match=r"/proc/3/regs of 3: EBUSY"):
        procfs.set_regs(3, registers, kernel=kernel.port)
    with pytest.raises(TypeError, match="X86_64DebugRegisters"):
        procfs.set_dbregs(3, registers, kernel=kernel.port)     # type: ignore[arg-type]


def test_too_few_registers() -> None:
    short = next(text for text in TEXTS if text.path == "/proc/3/regs" and text.room == 100)
    with pytest.raises(procfs.Malformed, match="200 bytes"):
        procfs.regs(3, kernel=serving(short.path, short.data).port)


def test_memory() -> None:
    kernel = serving("/proc/3/mem", bytes(0x100) + b"hello")
    assert procfs.read_mem(3, 0x100, 5, kernel=kernel.port) == b"hello"
    assert procfs.write_mem(3, 0x100, b"HELLO", kernel=kernel.port) == 5
    assert kernel.written == [("/proc/3/mem", b"HELLO", 0x100)]
    with pytest.raises(ValueError, match=r"2\*\*63"):
        procfs.read_mem(3, 1 << 63, 5, kernel=kernel.port)
    with pytest.raises(ValueError, match="negative"):
        procfs.read_mem(3, 0, -1, kernel=kernel.port)


# -- the directory -----------------------------------------------------------------------------

LS = re.compile(r"  (\S+) ino=\d+ dtype=(\d+) mode=(\d+) nlink=")


def listed(pid: str) -> dict[str, tuple[int, int]]:
    """name → (d_type, mode) of "ls /proc/PID" in the capture."""
    found = captured.lines(captured.PROCFS)
    names: dict[str, tuple[int, int]] = {}
    for line in found[found.index(f"ls /proc/{pid}") + 1 :]:
        entry = LS.match(line)
        if entry is None:
            return names
        if entry[1] not in (".", ".."):
            names[entry[1]] = (int(entry[2]), int(entry[3], 8))
    raise AssertionError(pid)


def test_node_modes_are_the_real_kernels() -> None:
    modes = procfs.node_modes()
    assert list(modes) == list(listed("3"))
    for name, (kind, mode) in listed("3").items():
        assert (kind, mode & 0o7777) == (10 if modes[name].kind == "link" else 8, modes[name].mode)
    hidden = set(modes) - set(listed("1"))
    assert hidden == {"regs", "fpregs", "dbregs", "map", "etype"}
    assert set(listed("0")) == set(listed("1"))


def test_the_root() -> None:
    kernel = Recorded()
    kernel.folders["/proc"] = ["curproc", "10", "0", "1", "2"]
    kernel.folders["/proc/3"] = list(listed("3"))
    kernel.links |= {"/proc/curproc": "2", "/proc/3/file": "/bin/pfs"}
    assert procfs.pids(kernel=kernel.port) == (0, 1, 2, 10)
    assert procfs.curproc(kernel=kernel.port) == 2
    assert procfs.file(3, kernel=kernel.port) == "/bin/pfs"
    assert set(procfs.nodes(3, kernel=kernel.port)) == set(procfs.NODES)
    kernel.links["/proc/curproc"] = "x"
    with pytest.raises(procfs.Malformed):
        procfs.curproc(kernel=kernel.port)


@pytest.mark.parametrize("text", [text for text in TEXTS if text.error is not None],
                         ids=lambda text: text.path)
def test_nodes_that_could_not_be_read(text: captured.Text) -> None:
    pid, name = text.path.split("/")[2:]
    kernel = serving(text.path, text.error or "")
    exists = pid in ("0", "1") and "extra" not in text.after
    if exists:
        kernel.folders[f"/proc/{pid}"] = list(listed(pid))
    else:
        kernel.files.pop(text.path)
    if name in ("note", "notepg", "ctl"):
        return      # nobody reads them here
    with pytest.raises(procfs.Hidden if exists else procfs.NoProcess) as caught:
        getattr(procfs, name)(int(pid), kernel=kernel.port)
    assert (caught.value.request, caught.value.target) == (text.path, int(pid))


def test_a_forbidden_node() -> None:
    """uid 1001 and /proc/1/mem."""
    with pytest.raises(procfs.Forbidden, match=r"/proc/1/mem of 1: EACCES"):
        procfs.read_mem(1, 0, 1, kernel=serving("/proc/1/mem", "EACCES").port)


def test_a_node_that_never_ends() -> None:
    with pytest.raises(procfs.Malformed, match="more than"):
        procfs.status(2, kernel=serving("/proc/2/status", b"x" * (1 << 20)).port)


def test_notes() -> None:
    kernel = serving("/proc/3/note", b"")
    kernel.files["/proc/3/notepg"] = b""
    kernel.on_write = lambda path, data: (_ for _ in ()).throw(refusal("EOPNOTSUPP"))
    for send in (procfs.note, procfs.notepg):
        with pytest.raises(KernelError, match="EOPNOTSUPP"):
            send(3, b"hello", kernel=kernel.port)


# -- ctl -----------------------------------------------------------------------------------------

SAID = re.compile(r'C ctl (\d+) "(.*)" -> (-?\d+) (\w+)')


def accepted() -> set[str]:
    """What the real kernel took, in lower case and without a newline."""
    found = (SAID.match(line) for line in captured.lines(captured.PROCFS))
    return {said[2].removesuffix("\\n") for said in found if said and said[4] != "EOPNOTSUPP"}


def process(kernel: Recorded, pid: int, *, stat: int, flags: int, ppid: int) -> None:
    layout = kernel.target.struct("struct kinfo_proc")
    kernel.sysctls[1, 14, 1, pid] = layout.pack(
        {"kp_pid": pid, "kp_stat": stat, "kp_flags": flags, "kp_ppid": ppid})


def test_names_of_commands_and_signals() -> None:
    names = procfs.ctl_names()
    assert accepted() <= set(names.values())
    assert {verb.value for verb in Control} <= accepted()
    assert names[Signal.SIGUSR1] == "usr1"
    assert len(names) == 5 + 31


def test_ctl() -> None:
    kernel = serving("/proc/3/ctl", b"")
    process(kernel, 3, stat=3, flags=0xC00, ppid=9)
    for command, word in procfs.ctl_names().items():
        procfs.ctl(3, command, kernel=kernel.port)
        assert kernel.written[-1] == ("/proc/3/ctl", word.encode(), 0)
    with pytest.raises(TypeError):
        procfs.ctl(3, "attach", kernel=kernel.port)     # type: ignore[arg-type]
    with pytest.raises(ValueError, match="SIGTHR"):
        procfs.ctl(3, Signal.SIGTHR, kernel=kernel.port)


def test_what_ctl_does_not_pass_on() -> None:
    kernel = serving("/proc/3/ctl", b"")
    kernel.files["/proc/0/ctl"] = b""
    with pytest.raises(ValueError, match="process 0"):
        procfs.ctl(0, Control.ATTACH, kernel=kernel.port)
    process(kernel, 3, stat=2, flags=0xC00, ppid=9)
    with pytest.raises(NotSupported, match="not stopped") as caught:
        procfs.ctl(3, Control.WAIT, kernel=kernel.port)
    assert (caught.value.request, caught.value.target) == ("/proc/3/ctl", 3)
    process(kernel, 3, stat=3, flags=0xC00, ppid=kernel.pid)
    with pytest.raises(NotSupported, match="own child"):
        procfs.ctl(3, Control.DETACH, kernel=kernel.port)
    assert kernel.written == []
    # An own child that is not traced stays as it is.
    process(kernel, 3, stat=2, flags=0x400, ppid=kernel.pid)
    procfs.ctl(3, Control.DETACH, kernel=kernel.port)
    assert len(kernel.written) == 1


# -- mounting -------------------------------------------------------------------------------------


def test_mounting() -> None:
    kernel = Recorded()
    procfs.mount("/mnt", MountFlags.MNT_RDONLY, kernel=kernel.port)
    procfs.unmount("/mnt", MountFlags.MNT_FORCE, kernel=kernel.port)
    assert kernel.mounts == [("procfs", "/mnt", 1), ("/mnt", 0x80000)]
    found = procfs.statvfs("/mnt", kernel=kernel.port)
    assert (found.fstype, found.files, found.flags) == ("procfs", 1476, MountFlags.MNT_LOCAL)
    with pytest.raises(ValueError, match="NUL"):
        procfs.mount("/a\0b", kernel=kernel.port)
    with pytest.raises(TypeError):
        procfs.unmount("/mnt", 1, kernel=kernel.port)       # type: ignore[arg-type]
