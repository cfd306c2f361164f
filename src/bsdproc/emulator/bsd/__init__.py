"""What the emulated BSD kernels share: processes and threads, the scheduler and
the clock, process groups, descriptors, pipes and files, limits, program
loading, the queues of signals, system calls by name, and the port's methods.

It knows no system by name.  A personality is a package beside this one
(`bsdproc.emulator.freebsd`, `netbsd`, `dragonfly`), and consists of

- a subclass of `system.System`: the kernel's facts as class attributes (name,
  release, signal numbers, `machdep`, `comm_max` ..), and as methods what each
  system does in its own way.  The abstract methods are the list: how a signal
  is sent and taken, what a trap and a system call do, what fork, exec and exit
  add, who may signal or see whom.
- `machdep`, a module: registers, traps as signals, the frame of a handler, the
  stack of a new program.  It stands on `bsd.amd64`, which is the processor's
  part of these.
- its table of system calls by number: its own ones, and shared ones under its
  numbers (`syscalls.numbered`).
- a subclass of `kernel.EmulatedKernel` with the requests that are its own
  (ptrace, sysctl, wait ..), and of `kernel.Machine`, which users hold.
- its ptrace, wait statuses, sysctls, procfs and rules of credentials.

Inside, numbers are the ones that the systems share: errors, signals 1 to 31,
SA_ flags, resource limits.  Where they differ (O_ flags, si_code, errors
beyond 81, wait options), the shared part has FreeBSD's, and a system
translates where its programs see them: `System.open_flags`,
`System.user_errno`, its own structures.

A process is stopped while `state.P.STOPPED_SIG` or `STOPPED_TRACE` is set in
its flags: none of its threads runs then.  `Proc.xthread` is the thread that
reported the stop.  What runs in the kernel is a generator; it yields a
`state.Sleep` to sleep, and None when it has stopped.
"""
