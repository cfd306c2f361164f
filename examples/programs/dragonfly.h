/*
 * A DragonFly/x86_64 program without a C library.  The numbers are those of
 * <sys/syscall.h>.
 */
#ifndef DRAGONFLY_H
#define DRAGONFLY_H

enum call {
	CALL_exit = 1, CALL_fork = 2, CALL_read = 3, CALL_write = 4, CALL_open = 5,
	CALL_close = 6, CALL_wait4 = 7, CALL_getpid = 20, CALL_setuid = 23, CALL_ptrace = 26,
	CALL_kill = 37, CALL_getppid = 39, CALL_execve = 59, CALL_vfork = 66, CALL_munmap = 73,
	CALL_mprotect = 74, CALL_setpgid = 82, CALL_setsid = 147, CALL_setgid = 181,
	CALL_mmap = 197, CALL_sysctl = 202, CALL_nanosleep = 240, CALL_sched_yield = 331,
	CALL_jail = 338, CALL_sigprocmask = 340, CALL_sigsuspend = 341, CALL_sigaction = 342,
	CALL_umtx_sleep = 469, CALL_umtx_wakeup = 470, CALL_extexit = 494, CALL_lwp_create = 495,
	CALL_lwp_gettid = 496, CALL_lwp_kill = 497, CALL_procctl = 536, CALL_pipe2 = 538
};

#define SYSTEM "DragonFly"

#include "common.h"

/* NT_VERSION: DragonFly 5.9. */
__asm__(".pushsection .note.tag, \"a\", @note\n\t.balign 4\n\t.long 10, 4, 1\n"
    "\t.asciz \"DragonFly\"\n\t.balign 4\n\t.long 500901\n\t.popsection\n");

#endif
