"""Jails: made, changed, entered and ended (sys/kern/kern_jail.c).

A jail's processes see, signal and debug one another and those of jails
within; what lies outside is not there for them (cred.py has these rules).
There is no network here to divide: parameters about it are refused, and a
note says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.state import P, ProcState
from bsdproc.emulator.errno import (
    EEXIST,
    EINVAL,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd.cred import (
    SECURELEVEL,
    SUSER_ENABLED,
    UNPRIVILEGED_DEBUG,
    Prison,
    Priv,
    priv_check,
    ucred,
)

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.system import System

CREATE, UPDATE, ATTACH, DYING = 1, 2, 4, 8
JAIL_MAX = 999999
NAME_MAX = 256

ALLOWED_AT_FIRST = frozenset(
    {"set_hostname", "reserved_ports", "unprivileged_proc_debug", "suser"}
)
ALLOW = ALLOWED_AT_FIRST | {
    "sysvipc",
    "raw_sockets",
    "chflags",
    "quotas",
    "socket_af",
    "mlock",
    "read_msgbuf",
}
"""The parameters allow.*; what a new jail may unless it is told otherwise."""
NUMBERS = ("jid", "securelevel", "children.max")
STRINGS = ("name", "path", "host.hostname", "errmsg")
NETWORK = ("ip4", "ip6", "vnet")

Parameters = Mapping[str, bytes]


def allow_setting(what: str) -> str:
    """Where a prison's settings keep allow.`what`."""
    return {"unprivileged_proc_debug": UNPRIVILEGED_DEBUG, "suser": SUSER_ENABLED}.get(
        what, f"allow.{what}"
    )


def alive(system: System, prison: Prison) -> bool:
    """A jail lives while it persists, or has a process or a jail in it."""
    return (
        prison.parent is None
        or prison.persist
        or any(
            ucred(p).prison is prison and p.state is not ProcState.ZOMBIE
            for p in system.procs.values()
        )
        or any(alive(system, child) for child in prison.children)
    )


def within(system: System, prison: Prison) -> Iterator[Prison]:
    """All living jails inside, at any depth."""
    for child in list(prison.children):
        if alive(system, child):
            yield child
            yield from within(system, child)
        else:
            prison.children.remove(child)


def find(system: System, prison: Prison, jid: int) -> Prison | None:
    return next((j for j in within(system, prison) if j.id == jid), None)


def relative_name(observer: Prison, prison: Prison) -> str:
    """Its name as those in `observer` say it."""
    return prison.name if observer.parent is None else prison.name[len(observer.name) + 1 :]


def find_name(system: System, prison: Prison, name: str) -> Prison | None:
    return next((j for j in within(system, prison) if relative_name(prison, j) == name), None)


# -- jail_set ----------------------------------------------------------------
def jail_set(system: System, td: Thread, params: Parameters, flags: int) -> int:
    """Make a jail, or change one; its id.

    EPERM without privilege or where no more jails may be made, EINVAL for
    bad flags, an unknown parameter, or a new jail that neither persists nor
    is entered, EEXIST and ENOENT for an id or name that is there, or is not.
    """
    priv_check(td, Priv.JAIL_SET)
    if flags & ATTACH:
        priv_check(td, Priv.JAIL_ATTACH)
    mine = ucred(td.proc).prison
    if flags & CREATE and mine.children_max == 0:
        raise Refused(EPERM)
    if flags & ~(CREATE | UPDATE | ATTACH | DYING) or not flags & (CREATE | UPDATE):
        raise Refused(EINVAL)
    _known(system, params)
    jid = _number(system, params, "jid", 0)
    name = _string(params, "name")
    persist = _flag(params, "persist")
    if flags & (CREATE | ATTACH) == CREATE and not persist:
        raise Refused(EINVAL)
    if name is not None and len(name) >= NAME_MAX:
        raise Refused(ENAMETOOLONG)
    if flags & (CREATE | UPDATE) == CREATE and not jid and name:
        last = name.rpartition(".")[2]
        jid = int(last) if last.isascii() and last.isdigit() else 0
    path = _path(system, td, params, flags)
    prison, parent, last = _which(system, mine, jid, name, flags)
    if prison is not None:
        parent = prison.parent or parent
    slevel = _number(system, params, "securelevel", parent.securelevel)
    childmax = _number(system, params, "children.max", 0)
    if slevel < parent.securelevel or childmax >= parent.children_max:
        raise Refused(EPERM)
    if prison is None:
        prison = _make(system, mine, parent, jid, last, path or mine.path)
    elif last:
        _rename(prison, _full_name(parent, last))
    if "securelevel" in params:
        prison.settings[SECURELEVEL] = slevel
    if "children.max" in params:
        prison.children_max = childmax
    _set(prison, params, persist)
    if flags & ATTACH:
        enter(system, td, prison)
    return prison.id


def _set(prison: Prison, params: Parameters, persist: bool | None) -> None:
    """What no other jail has a say in; what is not named stays."""
    host = _string(params, "host.hostname")
    if host is not None:
        prison.hostname = host
    for what in ALLOW:
        wanted = _flag(params, f"allow.{what}")
        if wanted is not None:
            prison.settings[allow_setting(what)] = int(wanted)
    if persist is not None:
        prison.persist = persist


def _known(system: System, params: Parameters) -> None:
    for name in params:
        if name.split(".")[0] in NETWORK:
            system.note(f"jail parameter {name} is not implemented: there is no network")
            raise Refused(EOPNOTSUPP)
        bare = name.replace("allow.no", "allow.") if name.startswith("allow.no") else name
        if (
            name not in (*NUMBERS, *STRINGS, "persist", "nopersist")
            and bare.removeprefix("allow.") not in ALLOW
        ):
            raise Refused(EINVAL)


def _number(system: System, params: Parameters, name: str, default: int) -> int:
    data = params.get(name)
    if data is None:
        return default
    if len(data) != 4:
        raise Refused(EINVAL)
    return int.from_bytes(data, system.target.byteorder, signed=True)


def _string(params: Parameters, name: str) -> str | None:
    data = params.get(name)
    if data is None:
        return None
    if not data.endswith(b"\0"):
        raise Refused(EINVAL)
    return data.split(b"\0")[0].decode("utf-8", "surrogateescape")


def _flag(params: Parameters, name: str) -> bool | None:
    """A parameter without a value, or its opposite with "no" before its last
    part."""
    group, dot, last = name.rpartition(".")
    if name in params:
        return True
    return False if f"{group}{dot}no{last}" in params else None


def _path(system: System, td: Thread, params: Parameters, flags: int) -> str | None:
    path = _string(params, "path")
    if path is None:
        return None
    if flags & UPDATE:
        raise Refused(EINVAL)
    p = td.proc
    vnode = system.vfs.lookup(path, cwd=p.cwd, root=p.root, cred=p.cred)
    if vnode.kind != "dir":
        raise Refused(ENOTDIR)
    return system.vfs.path_of(vnode)


def _which(
    system: System, mine: Prison, jid: int, name: str | None, flags: int
) -> tuple[Prison | None, Prison, str]:
    """The jail that is meant, if it is there; else the one to make it in;
    and the last part of its name."""
    only = flags & (CREATE | UPDATE)
    parent, last, prison = mine, "", None
    if jid < 0:
        raise Refused(EINVAL)
    if jid:
        anywhere = find(system, system.prison0, jid)
        prison = find(system, mine, jid)
        if anywhere is not None and only == CREATE:
            raise Refused(EEXIST)
        if (anywhere is not None and prison is None) or (prison is None and only == UPDATE):
            raise Refused(ENOENT)
    elif name is None and only == UPDATE:
        raise Refused(ENOENT)
    if name is None:
        return prison, parent, last
    above, dot, last = name.rpartition(".")
    if prison is not None:
        if dot and (prison.parent is None or relative_name(mine, prison.parent) != above):
            raise Refused(EINVAL)
        parent = prison.parent or mine
    elif dot:
        found = find_name(system, mine, above)
        if found is None:
            raise Refused(ENOENT)
        parent = found
    same = next(
        (j for j in parent.children
         if j is not prison and alive(system, j) and j.name.rpartition(".")[2] == last),
        None,
    )  # fmt: skip
    if same is not None:
        if prison is not None or only == CREATE:
            raise Refused(EEXIST)
        prison = same
    elif prison is None and only == UPDATE:
        raise Refused(ENOENT)
    return prison, parent, last


def _full_name(parent: Prison, last: str) -> str:
    return last if parent.parent is None else f"{parent.name}.{last}"


def _rename(prison: Prison, name: str) -> None:
    for child in prison.children:
        _rename(child, name + child.name[len(prison.name) :])
    prison.name = name


def _make(
    system: System, mine: Prison, parent: Prison, jid: int, last: str, path: str
) -> Prison:
    above: Prison | None = mine
    while above is not None:
        if sum(1 for _ in within(system, above)) >= above.children_max:
            raise Refused(EPERM)
        above = above.parent
    jid = jid or _free_id(system)
    prison = Prison(jid, parent, path, _full_name(parent, last or str(jid)), {})
    for what in ALLOW:
        prison.settings[allow_setting(what)] = int(what in ALLOWED_AT_FIRST)
    parent.children.insert(0, prison)
    return prison


def _free_id(system: System) -> int:
    machine = system.prison0
    taken = {j.id for j in within(system, machine)}
    while True:
        machine.last_id = machine.last_id % JAIL_MAX + 1
        if machine.last_id not in taken:
            return machine.last_id


# -- the others ----------------------------------------------------------------
def jail_attach(system: System, td: Thread, jid: int) -> None:
    """EPERM without privilege, EINVAL for no jail of the caller's."""
    priv_check(td, Priv.JAIL_ATTACH)
    prison = find(system, ucred(td.proc).prison, jid)
    if prison is None:
        raise Refused(EINVAL)
    enter(system, td, prison)


def enter(system: System, td: Thread, prison: Prison) -> None:
    """The process is in the jail from now on, its root and working directory
    the jail's; like one that changed ids it is marked (P_SUGID)."""
    p = td.proc
    p.root = p.cwd = prison.path
    p.jail_dir = p.jail_dir or prison.path
    p.cred = p.cred.copy(prison=prison)
    p.flag |= P.SUGID


def jail_remove(system: System, td: Thread, jid: int) -> None:
    """It persists no more, nor do those within, and their processes die."""
    priv_check(td, Priv.JAIL_REMOVE)
    prison = find(system, ucred(td.proc).prison, jid)
    if prison is None:
        raise Refused(EINVAL)
    for j in [prison, *within(system, prison)]:
        j.persist = False
    for p in list(system.procs.values()):
        if prison.holds(ucred(p).prison):
            system.psignal(p, signo.SIGKILL)


def jail_get(
    system: System, td: Thread, params: Parameters, flags: int
) -> tuple[int, dict[str, bytes]]:
    """The id of the jail that `lastjid`, `jid` or `name` means, and its value
    of every parameter named.  ENOENT for none."""
    if flags & ~DYING:
        raise Refused(EINVAL)
    mine = ucred(td.proc).prison
    last = _number(system, params, "lastjid", -1)
    jid = _number(system, params, "jid", 0)
    prison: Prison | None = None
    if "lastjid" in params:
        later = [j for j in within(system, mine) if j.id > last]
        prison = min(later, key=lambda j: j.id, default=None)
    elif jid:
        prison = find(system, mine, jid)
    else:
        name = _string(params, "name")
        prison = None if name is None else find_name(system, mine, name)
    if prison is None:
        raise Refused(ENOENT)
    values = _values(system, mine, prison)
    asked = [n for n in params if n not in ("lastjid", "errmsg")]
    if not set(asked) <= set(values):
        raise Refused(EINVAL)
    return prison.id, {n: values[n] for n in asked}


def _values(system: System, mine: Prison, prison: Prison) -> dict[str, bytes]:
    inside = "" if mine.path == "/" else mine.path
    numbers = {
        "jid": prison.id,
        "parent": 0 if prison.parent in (mine, None) else prison.parent.id,
        "securelevel": prison.securelevel,
        "children.cur": sum(1 for _ in within(system, prison)),
        "children.max": prison.children_max,
        "persist": int(prison.persist),
        "nopersist": int(not prison.persist),
        "dying": 0,
        "nodying": 1,
    }
    for what in ALLOW:
        own = int(bool(prison.settings.get(allow_setting(what), 0)))
        numbers[f"allow.{what}"], numbers[f"allow.no{what}"] = own, 1 - own
    strings = {
        "name": relative_name(mine, prison),
        "path": prison.path.removeprefix(inside) or "/",
        "host.hostname": prison.hostname,
    }
    order = system.target.byteorder
    return {
        **{n: v.to_bytes(4, order, signed=True) for n, v in numbers.items()},
        **{n: v.encode("utf-8", "surrogateescape") + b"\0" for n, v in strings.items()},
    }
