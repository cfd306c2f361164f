"""A child's record, made of its parent's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.state import P, Proc

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System


def new_process(system: System, parent: Proc, *, no_wait: bool = False) -> Proc:
    """A copy of the parent's record: all that a child inherits but memory,
    threads and descriptors.  With `no_wait` it is its reaper's child."""
    owner = parent.reaper if no_wait else parent
    p = Proc(system.new_pid(), owner, parent.cred)
    p.flag = (parent.flag & P.SUGID) | P.INMEM
    p.comm = parent.comm
    p.title = parent.title
    p.args, p.env, p.auxv = list(parent.args), list(parent.env), parent.auxv
    p.ps_strings, p.sigtramp = parent.ps_strings, parent.sigtramp
    p.text, p.text_path, p.image = parent.text, parent.text_path, parent.image
    p.linker = parent.linker
    p.stack_base, p.stack_size = parent.stack_base, parent.stack_size
    p.text_start, p.data_start = parent.text_start, parent.data_start
    p.break_start, p.break_end = parent.break_start, parent.break_end
    p.sysent, p.osrel = parent.sysent, parent.osrel
    p.jail_dir = parent.jail_dir
    p.cwd, p.root, p.umask = parent.cwd, parent.root, parent.umask
    p.rlimits = dict(parent.rlimits)
    p.login_class, p.nice = parent.login_class, parent.nice
    p.sigacts = parent.sigacts.copy()
    p.started = system.clock
    p.pgrp = parent.pgrp
    p.pgrp.members.insert(p.pgrp.members.index(parent) + 1, p)
    owner.children.insert(0, p)
    system.procs[p.pid] = p
    system.forked(parent, p, no_wait=no_wait)
    return p
