/*
 * play WORD ...    does what its arguments say, one after the other.
 *
 * A word is a verb with its numbers, all in one argument: "exit 3".  What goes
 * otherwise than a word expects ends the process with the status 200 plus the
 * word's place.  At the end of the words it exits with 0.
 *
 *   exit CODE              end
 *   trace-me  refused-me   PT_TRACE_ME; that it is EPERM
 *   raise SIG              _lwp_kill(2) to itself, as raise(3) does it
 *   send SIG               kill(2) to itself
 *   catch SIG  ignore SIG  block SIG
 *   caught SIG N CODE      that it was caught N times, last with that si_code
 *   trap  segv  ill  fpe   an instruction that faults
 *   getpid  exit-call CODE getpid(2); exit(2), which a debugger may omit
 *   fork  vfork            the words up to `end` are the child's alone
 *   spawn CODE             posix_spawn(2) of itself, to exit with CODE
 *   wait CODE              for the child: exits with CODE
 *   orphan                 until its parent is init
 *   parent                 that getppid(2) is still what it was at the start
 *   lwp                    _lwp_create(2) of one that naps for ever
 *   lwp-once               of one that exits at once; _lwp_wait(2) for it
 *   private                _lwp_setprivate(2) to 0x1234, and a name
 *   exec WORDS             execve(2) of itself, with the words that follow
 *   tell FD  hear FD       a byte
 *   rest                   for ever asleep
 */
#include "netbsd.h"

#define SIGNALS 64
enum { CALL_lwp_setprivate = 317 };

struct info { int signo, code; };

static char **words, *self;
static volatile int caught[SIGNALS], codes[SIGNALS];
static long child, stack[2048], context[98], first_parent;
SEEN long turns;

static int do_words(int at);

static void
handler(int sig, struct info *info, void *unused)
{
	(void)unused;
	caught[sig]++;
	codes[sig] = info->code;
}

static int
verb(const char *said, const char *name)
{
	while (*name != 0 && *said == *name)
		said++, name++;
	return (*name == 0 && (*said == 0 || *said == ' '));
}

static long
number(const char *said, int which)
{
	long value = 0, sign = 1;

	for (; which > 0; which--) {
		while (*said != 0 && *said != ' ')
			said++;
		if (*said == ' ')
			said++;
	}
	if (*said == '-')
		sign = -1, said++;
	while (*said >= '0' && *said <= '9')
		value = value * 10 + (*said++ - '0');
	return (sign * value);
}

static int
behind(int at)
{
	int depth = 1;

	for (; depth > 0; at++)
		if (verb(words[at], "fork") || verb(words[at], "vfork"))
			depth++;
		else if (verb(words[at], "end"))
			depth--;
	return (at);
}

static void
nap(long milliseconds)
{
	struct span span = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	CALL2(nanosleep, &span, 0);
}

static void
expect(int at, int true)
{
	if (!true)
		CALL1(exit, 200 + at);
}

static void
dispose(int at, int sig, void *how)
{
	struct action action = { (void (*)(int))how, {{ 0, 0, 0, 0 }}, 0x40 };

	expect(at, CALL5(sigaction, sig, &action, 0, trampoline, 2) == 0);
}

PLACE void
lwp_nap(void)
{
	for (;;) {
		turns++;
		nap(10);
	}
}

PLACE void
lwp_once(void)
{
	CALL0(lwp_exit);
}

static void
make_lwp(int at, void (*function)(void), int *made)
{
	CALL1(getcontext, context);
	context[7 + 21] = (long)function;
	context[7 + 24] = (long)(stack + 2047);
	expect(at, CALL3(lwp_create, context, 0, made) == 0);
}

static int
forked(int at, int shared)
{
	child = shared ? CALL0(vfork) : CALL0(fork);
	if (child == 0)
		do_words(at + 1);
	expect(at, child > 0);
	return (behind(at + 1) - 1);
}

static void
fault(const char *said)
{
	if (verb(said, "trap"))
		__asm__ volatile("int3");
	else if (verb(said, "segv"))
		*(volatile int *)0 = 1;
	else if (verb(said, "ill"))
		__asm__ volatile("ud2");
	else
		__asm__ volatile("xorl %%ecx, %%ecx\n\tidivl %%ecx" : : "a"(1) : "rcx", "rdx");
}

static void
of_signals(int at, const char *said)
{
	int sig = (int)number(said, 1);
	sigset set = only(sig);

	if (verb(said, "raise"))
		expect(at, CALL2(lwp_kill, CALL0(lwp_self), sig) == 0);
	else if (verb(said, "send"))
		expect(at, CALL2(kill, CALL0(getpid), sig) == 0);
	else if (verb(said, "catch"))
		dispose(at, sig, (void *)handler);
	else if (verb(said, "ignore"))
		dispose(at, sig, (void *)1);
	else if (verb(said, "block"))
		expect(at, CALL3(sigprocmask, MASK_BLOCK, &set, 0) == 0);
	else
		expect(at, caught[sig] == number(said, 2) && codes[sig] == number(said, 3));
}

static void
spawn(int at, const char *said)
{
	static char last[16] = "exit ";
	char *arguments[] = { self, last, 0 }, *none[] = { 0 };
	int made = 0, i;

	for (i = 0; i < 8; i++)
		last[i] = i < 4 ? "exit"[i] : said[i + 1];
	expect(at, CALL6(posix_spawn, &made, self, 0, 0, arguments, none) == 0);
	child = made;
}

static int
do_words(int at)
{
	char byte = '.';
	int status, made = 0;

	for (; words[at] != 0 && !verb(words[at], "end"); at++) {
		const char *said = words[at];

		if (verb(said, "exit") || verb(said, "exit-call"))
			CALL1(exit, number(said, 1));
		else if (verb(said, "trace-me"))
			expect(at, CALL4(ptrace, 0, 0, 0, 0) == 0);
		else if (verb(said, "refused-me"))
			expect(at, CALL4(ptrace, 0, 0, 0, 0) == -1);
		else if (verb(said, "trap") || verb(said, "segv") || verb(said, "ill") ||
		    verb(said, "fpe"))
			fault(said);
		else if (verb(said, "getpid"))
			CALL0(getpid);
		else if (verb(said, "fork") || verb(said, "vfork"))
			at = forked(at, verb(said, "vfork"));
		else if (verb(said, "spawn"))
			spawn(at, said);
		else if (verb(said, "wait")) {
			expect(at, CALL4(wait4, child, &status, 0, 0) == child);
			expect(at, status == number(said, 1) << 8);
		} else if (verb(said, "orphan"))
			while (CALL0(getppid) != 1)
				nap(1);
		else if (verb(said, "parent"))
			expect(at, CALL0(getppid) == first_parent);
		else if (verb(said, "lwp"))
			make_lwp(at, lwp_nap, &made);
		else if (verb(said, "lwp-once")) {
			make_lwp(at, lwp_once, &made);
			expect(at, CALL2(lwp_wait, made, 0) == 0);
		} else if (verb(said, "private")) {
			CALL1(lwp_setprivate, 0x1234);
			CALL2(lwp_setname, 0, "first");
		} else if (verb(said, "exec")) {
			char *none[] = { 0 };

			words[at] = self;
			CALL3(execve, self, words + at, none);
			expect(at, 0);
		} else if (verb(said, "tell"))
			expect(at, CALL3(write, number(said, 1), &byte, 1) == 1);
		else if (verb(said, "hear"))
			expect(at, CALL3(read, number(said, 1), &byte, 1) == 1);
		else if (verb(said, "rest"))
			for (;;)
				nap(1000);
		else
			of_signals(at, said);
	}
	CALL1(exit, 0);
	return (at);
}

int
main(int argc, char **argv)
{
	(void)argc;
	self = argv[0];
	words = argv;
	first_parent = CALL0(getppid);
	return (do_words(1));
}
