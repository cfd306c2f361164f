/*
 * A NetBSD/amd64 program without a C library.  The numbers are those of
 * <sys/syscall.h>.
 */
#ifndef NETBSD_H
#define NETBSD_H

enum call {
	CALL_exit = 1, CALL_fork = 2, CALL_read = 3, CALL_write = 4, CALL_open = 5,
	CALL_close = 6, CALL_getpid = 20, CALL_setuid = 23, CALL_ptrace = 26, CALL_kill = 37,
	CALL_getppid = 39, CALL_execve = 59, CALL_chroot = 61, CALL_munmap = 73,
	CALL_mprotect = 74, CALL_setpgid = 82, CALL_setsid = 147, CALL_futex = 166,
	CALL_mmap = 197, CALL_sysctl = 202, CALL_vfork = 282, CALL_clone = 287,
	CALL_sigprocmask = 293, CALL_sigsuspend = 294, CALL_getcontext = 307,
	CALL_setcontext = 308, CALL_lwp_create = 309, CALL_lwp_exit = 310, CALL_lwp_self = 311,
	CALL_lwp_wait = 312, CALL_lwp_kill = 318, CALL_lwp_unpark = 321, CALL_lwp_setname = 323,
	CALL_sigaction = 340, CALL_sched_yield = 350, CALL_nanosleep = 430, CALL_wait4 = 449,
	CALL_pipe2 = 453, CALL_posix_spawn = 474, CALL_lwp_park = 478
};

#define SYSTEM "NetBSD"

/* argc lies on top of the stack, rdx and rbx are the kernel's to tell. */
#define START "movq %rsp, %rdi\n\t"

/* A handler returns to a trampoline, which finds the context in r15. */
extern char trampoline[];
__asm__(".text\n\t.globl trampoline\n"
    "trampoline:\n\tmovq %r15, %rdi\n\tmovl $308, %eax\n\tsyscall\n\thlt\n");

#define OWN_SIGNALS						\
struct action {							\
	void (*handler)(int);					\
	sigset mask;						\
	int flags;						\
};								\
static inline void						\
on(int signal, void (*handler)(int))				\
{								\
	struct action action = { handler, {{ 0, 0, 0, 0 }}, 0 };	\
								\
	CALL5(sigaction, signal, &action, 0, trampoline, 2);	\
}

#include "common.h"

/* NT_NETBSD_IDENT: NetBSD 10.0. */
__asm__(".pushsection .note.tag, \"a\", @note\n\t.balign 4\n\t.long 7, 4, 1\n"
    "\t.asciz \"NetBSD\"\n\t.balign 4\n\t.long 1000000000\n\t.popsection\n");

#endif
