"""`bsdproc proccontrol`: settings of processes, in the manner of proccontrol(1)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from bsdproc import Debugger, freebsd
from bsdproc.freebsd import procctl
from bsdproc.freebsd.constants.procctl import (
    AslrPolicy,
    KptiPolicy,
    LaPolicy,
    LogsigexitPolicy,
    ProtmaxPolicy,
    StackgapFlags,
    TraceControl,
    WxmapFlags,
)
from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import dragonfly_control, session
from bsdproc.typed.enums import name_of

SYSTEMS: Final = ("freebsd", "dragonfly")
ELSEWHERE: Final = "NetBSD has no procctl(2)"


class Mode(NamedTuple):
    """A setting: how it is asked for and set."""

    help: str
    query: Callable[[int, Kernel], str]
    enable: Callable[[int | None, Kernel], None] | None
    disable: Callable[[int | None, Kernel], None] | None


def _words(value: object) -> str:
    """"force enabled" for PROC_ASLR_FORCE_ENABLE."""
    name = name_of(value)
    for prefix in ("PROC_ASLR_", "PROC_PROTMAX_", "PROC_KPTI_CTL_", "PROC_LA_CTL_",
                   "PROC_LOGSIGEXIT_CTL_"):
        name = name.removeprefix(prefix)
    return {"FORCE_ENABLE": "force enabled", "FORCE_DISABLE": "force disabled",
            "NOFORCE": "not forced", "ENABLE_ON_EXEC": "enabled from the next exec on",
            "DISABLE_ON_EXEC": "disabled from the next exec on",
            "DEFAULT_ON_EXEC": "the default from the next exec on",
            "LA48_ON_EXEC": "48 bits from the next exec on",
            "LA57_ON_EXEC": "57 bits from the next exec on"}.get(name, name)


def _active(yes: bool) -> str:
    return "active" if yes else "not active"


def _aslr(pid: int, kernel: Kernel) -> str:
    found = procctl.aslr(pid, kernel=kernel)
    return f"{_words(found.policy)}, {_active(found.active)}"


def _protmax(pid: int, kernel: Kernel) -> str:
    found = procctl.protmax(pid, kernel=kernel)
    return f"{_words(found.policy)}, {_active(found.active)}"


def _kpti(pid: int, kernel: Kernel) -> str:
    found = procctl.kpti(pid, kernel=kernel)
    return f"{_words(found.policy)}, {_active(found.active)}"


def _la(pid: int, kernel: Kernel) -> str:
    found = procctl.la(pid, kernel=kernel)
    return f"{_words(found.policy)}, {found.bits or 'no'} bits now"


def _trace(pid: int, kernel: Kernel) -> str:
    found = procctl.trace(pid, kernel=kernel)
    if not found.enabled:
        return "disabled"
    return "enabled" if found.tracer is None else f"enabled, traced by {found.tracer}"


def _trapcap(pid: int, kernel: Kernel) -> str:
    return "enabled" if procctl.trapcap(pid, kernel=kernel) else "disabled"


def _nonewprivs(pid: int, kernel: Kernel) -> str:
    return "enabled" if procctl.no_new_privs(pid, kernel=kernel) else "disabled"


def _stackgap(pid: int, kernel: Kernel) -> str:
    found = procctl.stackgap(pid, kernel=kernel)
    now = "enabled" if StackgapFlags.PROC_STACKGAP_ENABLE in found else "disabled"
    later = "enabled" if StackgapFlags.PROC_STACKGAP_ENABLE_EXEC in found else "disabled"
    return f"{now}, {later} after the next exec"


def _wxmap(pid: int, kernel: Kernel) -> str:
    found = procctl.wxmap(pid, kernel=kernel)
    permitted = WxmapFlags.PROC_WX_MAPPINGS_PERMIT in found
    exec_ = WxmapFlags.PROC_WX_MAPPINGS_DISALLOW_EXEC in found
    now = "enforced W^X" if WxmapFlags.PROC_WXORX_ENFORCE in found else "no W^X"
    policy = "permitted" if permitted else "disallowed from the next exec on" if exec_ else (
        "not forced")
    return f"{policy}, {now}"


def _logsigexit(pid: int, kernel: Kernel) -> str:
    return _words(procctl.logsigexit(pid, kernel=kernel))


MODES: Final[Mapping[str, Mode]] = {
    "aslr": Mode(
        "address space layout randomization", _aslr,
        lambda pid, k: procctl.set_aslr(pid, AslrPolicy.PROC_ASLR_FORCE_ENABLE, kernel=k),
        lambda pid, k: procctl.set_aslr(pid, AslrPolicy.PROC_ASLR_FORCE_DISABLE, kernel=k)),
    "protmax": Mode(
        "an implied PROT_MAX of mmap(2)", _protmax,
        lambda pid, k: procctl.set_protmax(
            pid, ProtmaxPolicy.PROC_PROTMAX_FORCE_ENABLE, kernel=k),
        lambda pid, k: procctl.set_protmax(
            pid, ProtmaxPolicy.PROC_PROTMAX_FORCE_DISABLE, kernel=k)),
    "trace": Mode(
        "being traced and dumping core", _trace,
        lambda pid, k: procctl.set_trace(pid, TraceControl.PROC_TRACE_CTL_ENABLE, kernel=k),
        lambda pid, k: procctl.set_trace(pid, TraceControl.PROC_TRACE_CTL_DISABLE_EXEC, kernel=k)),
    "trapcap": Mode(
        "SIGTRAP for a breach of capability mode", _trapcap,
        lambda pid, k: procctl.set_trapcap(pid, True, kernel=k),
        lambda pid, k: procctl.set_trapcap(pid, False, kernel=k)),
    "stackgap": Mode(
        "gaps below stacks", _stackgap,
        lambda pid, k: procctl.set_stackgap(pid, StackgapFlags.PROC_STACKGAP_ENABLE_EXEC, kernel=k),
        lambda pid, k: procctl.set_stackgap(
            pid, StackgapFlags.PROC_STACKGAP_DISABLE | StackgapFlags.PROC_STACKGAP_DISABLE_EXEC,
            kernel=k)),
    "nonewprivs": Mode(
        "ignoring set-id bits, for good", _nonewprivs,
        lambda pid, k: procctl.set_no_new_privs(pid, kernel=k), None),
    "wxmap": Mode(
        "mappings that are writable and executable", _wxmap,
        lambda pid, k: procctl.set_wxmap(pid, WxmapFlags.PROC_WX_MAPPINGS_PERMIT, kernel=k),
        lambda pid, k: procctl.set_wxmap(
            pid, WxmapFlags.PROC_WX_MAPPINGS_DISALLOW_EXEC, kernel=k)),
    "kpti": Mode(
        "kernel page table isolation (amd64)", _kpti,
        lambda pid, k: procctl.set_kpti(pid, KptiPolicy.PROC_KPTI_CTL_ENABLE_ON_EXEC, kernel=k),
        lambda pid, k: procctl.set_kpti(pid, KptiPolicy.PROC_KPTI_CTL_DISABLE_ON_EXEC, kernel=k)),
    "la48": Mode(
        "linear addresses of 48 bits (amd64)", _la,
        lambda pid, k: procctl.set_la(pid, LaPolicy.PROC_LA_CTL_LA48_ON_EXEC, kernel=k),
        lambda pid, k: procctl.set_la(pid, LaPolicy.PROC_LA_CTL_DEFAULT_ON_EXEC, kernel=k)),
    "la57": Mode(
        "linear addresses of 57 bits (amd64)", _la,
        lambda pid, k: procctl.set_la(pid, LaPolicy.PROC_LA_CTL_LA57_ON_EXEC, kernel=k),
        lambda pid, k: procctl.set_la(pid, LaPolicy.PROC_LA_CTL_DEFAULT_ON_EXEC, kernel=k)),
    "logsigexit": Mode(
        "logging of fatal signals", _logsigexit,
        lambda pid, k: procctl.set_logsigexit(
            pid, LogsigexitPolicy.PROC_LOGSIGEXIT_CTL_FORCE_ENABLE, kernel=k),
        lambda pid, k: procctl.set_logsigexit(
            pid, LogsigexitPolicy.PROC_LOGSIGEXIT_CTL_FORCE_DISABLE, kernel=k)),
}


def parser() -> argparse.ArgumentParser:
    helps = {**{name: mode.help for name, mode in MODES.items()}, **dragonfly_control.MODES}
    listed = "\n".join(f"  {name:11} {text}" for name, text in helps.items())
    made = argparse.ArgumentParser(
        prog="bsdproc proccontrol",
        description="Ask for a setting of a process, or set it: of one that runs, or for a command "
        "that is then run, with its exit status (128 and the signal's number when one ended it).",
        usage="bsdproc proccontrol -m MODE (-q | -s (enable|disable)) [--emulate SYSTEM/MACHINE "
        "[--root FOLDER]] "
        "(-p PID | [--] COMMAND [ARGUMENT ...])",
        epilog=f"modes:\n{listed}\n\n-q with a command asks at its first instruction; of a reaper, "
        "what the command has left below it when it has ended.",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("-m", dest="mode", metavar="MODE",
                      choices=(*helps, *dragonfly_control.LACKING), required=True,
                      help="the setting")
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("-q", dest="query", action="store_true", help="ask for it")
    which.add_argument("-s", dest="set", choices=("enable", "disable"), help="set it")
    made.add_argument("-p", dest="pid", metavar="PID", type=int, help="of a process that runs")
    session.add_emulate(made, SYSTEMS)
    made.add_argument("command", metavar="COMMAND", nargs="?")
    made.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER)
    return made


def main(argv: Sequence[str]) -> int:
    return session.run("proccontrol", _main, argv)


def _main(argv: Sequence[str]) -> int:
    made = parser()
    options = made.parse_args(argv)
    if (options.pid is None) == (options.command is None):
        made.error("either a command or -p PID is wanted")
    if options.pid is not None and (options.emulate or options.pid <= 0):
        made.error("-p takes the id of a process of this host")
    words = [options.command, *options.arguments]
    with session.kernel(options.emulate, SYSTEMS, ELSEWHERE, root=options.root) as kernel:
        env = session.environment(options.emulate)
        if kernel.system == "dragonfly":
            dragonfly_control.check(options.mode, options.set, options.pid)
            path = session.bring(kernel, options.command, options.root)
            return dragonfly_control.run(kernel, options.set, path, words, env)
        mode = MODES.get(options.mode)
        if mode is None:
            raise session.Problem(f"{options.mode}: it is for dragonfly alone", session.USAGE)
        change = mode.enable if options.set == "enable" else mode.disable
        if options.set and change is None:
            raise session.Problem(f"{options.mode} cannot be disabled", session.USAGE)
        try:
            if options.pid is None:
                path = session.bring(kernel, options.command, options.root)
                if change is not None and options.set:
                    return _run(kernel, change, path, words, env)
                return _ask(kernel, mode, path, words, env)
            if change is not None and options.set:
                change(options.pid, kernel)
            else:
                print(mode.query(options.pid, kernel))
        except KernelError as error:
            raise session.Problem(f"{options.mode}: {session.said(error)}") from None
    return 0


def _ask(kernel: Kernel, mode: Mode, path: str, words: Sequence[str],
         env: Mapping[str, str] | None) -> int:
    """What holds for a program that has just been executed."""
    with Debugger(kernel=kernel) as debugger:
        try:
            process = debugger.spawn(words, path=path, env=env)
        except OSError as error:
            raise session.refused(error, words[0], kernel) from None
        print(mode.query(process.pid, kernel))
    return 0


def _run(kernel: Kernel, change: Callable[[int | None, Kernel], None], path: str,
         words: Sequence[str], env: Mapping[str, str] | None) -> int:
    """Set it in a child, which hands it on to the command; the command's status."""
    sys.stdout.flush()

    def work(view: Kernel) -> freebsd.Status | None:
        change(None, view)
        pid = view.spawn(path, words, env)
        return freebsd.wait(pid, kernel=view)

    return session.status_of(kernel.run_child(work))
