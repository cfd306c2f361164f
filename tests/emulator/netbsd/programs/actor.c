/*
 * What the tests of the emulated NetBSD have done to them: the first argument
 * says which part to play.  Built by build.py beside it.
 */
#include "netbsd.h"

SEEN long word = 0x1122334455667788;
SEEN long caught, from, turns;
SEEN int other;

struct info { int signo, code, error, pad, pid, uid; };

PLACE void
handler(int signal)
{
	caught = signal;
}

static void
handler3(int signal, struct info *info, void *context)
{
	(void)context;
	caught = signal * 100000 + info->code;
	from = info->pid;
}

static void
on3(int signal, void (*function)(int, struct info *, void *))
{
	struct action action = { (void (*)(int))function, {{ 0, 0, 0, 0 }}, 0x40 };

	CALL5(sigaction, signal, &action, 0, trampoline, 2);
}

static void
nap(long milliseconds)
{
	struct span span = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	CALL2(nanosleep, &span, 0);
}

static long stack[1024];
static int child;

/* What _lwp_create wants: struct __ucontext, 784 bytes, registers at 56. */
static long context[98];

PLACE void
lwp_main(void)
{
	turns++;
	CALL2(lwp_setname, 0, "worker");
	CALL0(lwp_exit);
}

PLACE void
lwp_nap(void)
{
	for (;;) {
		turns++;
		nap(10);
	}
}

static void
make_lwp(void (*function)(void))
{
	CALL1(getcontext, context);
	context[7 + 21] = (long)function;
	context[7 + 24] = (long)(stack + 1023);
	CALL3(lwp_create, context, 0, &other);
}

int
main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "";
	int status = 0;
	long pid;

	if (equal(part, "int3"))
		__asm__ volatile("nop\n\tint3\n\tnop");
	else if (equal(part, "ud2"))
		__asm__ volatile("ud2");
	else if (equal(part, "divide"))
		__asm__ volatile("xorl %%ecx, %%ecx\n\tidivl %%ecx" : : "a"(1) : "rcx", "rdx");
	else if (equal(part, "wild"))
		*(volatile int *)0x123000 = 1;
	else if (equal(part, "hlt"))
		__asm__ volatile("hlt");
	else if (equal(part, "calls"))
		CALL0(getppid), CALL1(close, 99), CALL0(getpid);
	else if (equal(part, "unknown"))
		return ((int)-call(500, 0, 0, 0, 0, 0, 0));
	else if (equal(part, "handler")) {
		on(SIG_USR1, handler);
		CALL2(kill, CALL0(getpid), SIG_USR1);
		return ((int)caught);
	} else if (equal(part, "siginfo")) {
		on3(SIG_USR1, handler3);
		CALL2(kill, CALL0(getpid), SIG_USR1);
		return (caught == 3000000 && from == CALL0(getpid) ? 1 : 2);
	} else if (equal(part, "lwpsignal")) {
		on3(SIG_USR1, handler3);
		CALL2(lwp_kill, CALL0(lwp_self), SIG_USR1);
		return (caught == 3000000 - 5 ? 1 : 2);
	} else if (equal(part, "realtime")) {
		on(40, handler);
		CALL2(kill, CALL0(getpid), 40);
		return ((int)caught);
	} else if (equal(part, "kill"))
		CALL2(kill, CALL0(getpid), SIG_USR1);
	else if (equal(part, "power"))
		CALL2(kill, CALL0(getpid), 32);
	else if (equal(part, "stop"))
		CALL2(kill, CALL0(getpid), 17);
	else if (equal(part, "nap"))
		for (;;)
			nap(10);
	else if (equal(part, "fork")) {
		pid = CALL0(fork);
		if (pid == 0)
			return (5);
		CALL4(wait4, pid, &status, 0, 0);
		return (status >> 8);
	} else if (equal(part, "vfork")) {
		pid = CALL0(vfork);
		if (pid == 0)
			CALL1(exit, 5);
		CALL4(wait4, pid, &status, 0, 0);
		return (status >> 8);
	} else if (equal(part, "clone")) {
		pid = CALL2(clone, 20, 0);
		if (pid == 0)
			return (6);
		CALL4(wait4, pid, &status, 0, 0);
		return (status >> 8);
	} else if (equal(part, "spawn")) {
		char *arguments[] = { argv[0], "kill", 0 };
		char *none[] = { 0 };

		if (CALL6(posix_spawn, &child, argv[0], 0, 0, arguments, none) != 0)
			return (1);
		CALL4(wait4, child, &status, 0, 0);
		return (status & 127);
	} else if (equal(part, "exec")) {
		char *arguments[] = { argv[0], "handler", 0 };
		char *none[] = { 0 };

		CALL3(execve, argv[0], arguments, none);
	} else if (equal(part, "lwp")) {
		make_lwp(lwp_main);
		CALL2(lwp_wait, other, 0);
		return ((int)turns);
	} else if (equal(part, "lwps")) {
		make_lwp(lwp_nap);
		for (;;)
			nap(10);
	} else if (equal(part, "park")) {
		struct span span = { 0, 50000000 };

		return ((int)-CALL6(lwp_park, 3, 0, &span, 0, 0, 0));
	} else if (equal(part, "unpark")) {
		CALL2(lwp_unpark, CALL0(lwp_self), 0);
		return ((int)-CALL6(lwp_park, 3, 0, 0, 0, 0, 0));
	} else if (equal(part, "mmap")) {
		long *map = (long *)call(CALL_mmap, 0, 8192, 3, 0x1002, -1, 0);

		map[1000] = 7;
		return ((int)map[1000]);
	} else if (equal(part, "uid"))
		return ((int)call(25, 0, 0, 0, 0, 0, 0));
	else if (equal(part, "loop"))
		for (;;)
			turns++;
	return (0);
}
