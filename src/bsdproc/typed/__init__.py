"""What the typed surfaces share: the halves of `bsdproc.freebsd`, `bsdproc.netbsd` and
`bsdproc.dragonfly` that are the same on each system.

Nothing here knows a system by name.  Records and register files have a ``system``
that a surface's own base class sets, calls go through a `call.System` that a surface
makes, and what differs in data (names, numbers, words of a type) is handed in.

Tables of constants and registers stand in each surface, however alike they look: each is
what that system's headers say and is held against them, and a release of one system
changes one table.
"""
