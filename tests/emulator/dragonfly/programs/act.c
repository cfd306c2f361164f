/*
 * act WORD ...     does what its arguments say, one after the other.
 *
 * A word is a verb with its numbers, all in one argument: "exit 3".  At the
 * end of the words it exits with 0; a call that fails where it should not
 * ends it with the error's number plus 100.
 *
 *   exit CODE  exit-lwp CODE     the process; this lwp (extexit)
 *   kill SIG  kill-lwp TID SIG   itself; one of its lwps
 *   rest  spin  sleep MS         for ever asleep, for ever awake; some time
 *   int3  fault ADDRESS          a breakpoint; a store there (decimal)
 *   call NUMBER ERROR            a system call, which ends with that error
 *   exec PATH                    with the words that follow as arguments
 *   fork  vfork  rfork  lwp      up to the matching `end` are the child's words
 *   wait STATUS                  for any child, which ends so (wait4's status)
 *   catch SIG  ignore SIG  block SIG  unblock SIG
 *   await SIG N                  sleeps until it was caught N times
 *   then-exit SIG CODE           its handler exits
 *   trace-me  uid ID  session  group
 *   jail                         with the root directory and the name "cell"
 *   title TEXT  reap
 *   tell FD  hear FD             one byte
 *   umtx-wait  umtx-wake         between its lwps
 */
#include "dragonfly.h"

#define SIGNALS 64
#define LWPS 4

static char **words;
static volatile int caught[SIGNALS], code[SIGNALS], flag;
SEEN unsigned long counter;
static char stacks[LWPS][16384] __attribute__((aligned(16)));
static volatile int started, tids[LWPS];

static void do_words(int at);

static void
must(long answer)
{
	if (answer < 0)
		CALL1(exit, 100 - answer);
}

static int
verb(const char *said, const char *name)
{
	while (*name != 0 && *said == *name)
		said++, name++;
	return (*name == 0 && (*said == 0 || *said == ' '));
}

static const char *
text(const char *said)
{
	while (*said != 0 && *said != ' ')
		said++;
	return (*said == ' ' ? said + 1 : said);
}

static long
number(const char *said, int which)
{
	long value = 0;

	for (; which > 0; which--)
		said = text(said);
	while (*said >= '0' && *said <= '9')
		value = value * 10 + (*said++ - '0');
	return (value);
}

/* The place behind the `end` that belongs to the word before. */
static int
behind(int at)
{
	int depth = 1;

	for (; depth > 0; at++)
		if (verb(words[at], "fork") || verb(words[at], "vfork") ||
		    verb(words[at], "rfork") || verb(words[at], "lwp"))
			depth++;
		else if (verb(words[at], "end"))
			depth--;
	return (at);
}

static void
handler(int sig)
{
	caught[sig]++;
	if (code[sig] != 0)
		CALL1(exit, code[sig]);
}

static void
rest(long ms)
{
	struct span nap = { ms / 1000, ms % 1000 * 1000000 };

	CALL2(nanosleep, &nap, 0);
}

static void
lwp_main(void *at)
{
	do_words((int)(long)at);
	CALL3(extexit, 0x10000, 0, 0);
}

static void
lwp(int at)
{
	struct { void (*f)(void *); void *arg; void *stack; volatile int *a, *b; } p = {
		lwp_main, (void *)(long)at, stacks[started] + sizeof(stacks[0]), &tids[started], 0
	};

	started++;
	must(CALL1(lwp_create, &p));
}

static void
title(const char *to)
{
	int mib[4] = { 1, 14, 7, 0 };

	mib[3] = (int)CALL0(getpid);
	must(CALL6(sysctl, mib, 4, 0, 0, to, length(to)));
}

PLACE void
spin(void)
{
	__asm__ volatile("movq $0x77, %%r15\n"
	    "1:\tnop\n\taddq $1, counter(%%rip)\n\tjmp 1b" ::: "r15", "memory");
}

static int
signal_word(const char *said)
{
	int sig = (int)number(said, 1);
	sigset set = only(sig);

	if (verb(said, "catch")) {
		on(sig, handler);
	} else if (verb(said, "ignore")) {
		on(sig, (void (*)(int))1);
	} else if (verb(said, "block")) {
		must(CALL3(sigprocmask, MASK_BLOCK, &set, 0));
	} else if (verb(said, "unblock")) {
		must(CALL3(sigprocmask, MASK_UNBLOCK, &set, 0));
	} else if (verb(said, "await")) {
		while (caught[sig] < number(said, 2))
			rest(10);
	} else if (verb(said, "then-exit")) {
		code[sig] = (int)number(said, 2);
	} else if (verb(said, "kill")) {
		must(CALL2(kill, CALL0(getpid), sig));
	} else if (verb(said, "kill-lwp")) {
		must(CALL3(lwp_kill, -1, sig, number(said, 2)));
	} else {
		return (0);
	}
	return (1);
}

static int
child_word(const char *said, int at)
{
	long pid;
	int status;

	if (verb(said, "fork") || verb(said, "rfork")) {
		pid = verb(said, "fork") ? CALL0(fork) : call(251, 0x14, 0, 0, 0, 0, 0);
		must(pid);
		if (pid == 0)
			do_words(at + 1), CALL1(exit, 0);
	} else if (verb(said, "lwp")) {
		lwp(at + 1);
	} else if (verb(said, "wait")) {
		must(CALL4(wait4, -1, &status, 0, 0));
		if (status != number(said, 1))
			CALL1(exit, 99);
	} else {
		return (0);
	}
	return (1);
}

static int
self_word(const char *said, int at)
{
	struct { unsigned int version; const char *path, *host; void *ips; unsigned int n, a; } j = {
		1, "/", "cell", 0, 0, 0
	};
	char byte = 0;

	if (verb(said, "exit"))
		CALL1(exit, number(said, 1));
	else if (verb(said, "exit-lwp"))
		CALL3(extexit, 0x10000, number(said, 1), 0);
	else if (verb(said, "rest"))
		rest(1000000000);
	else if (verb(said, "sleep"))
		rest(number(said, 1));
	else if (verb(said, "spin"))
		spin();
	else if (verb(said, "int3"))
		__asm__ volatile("int3");
	else if (verb(said, "fault"))
		*(volatile int *)number(said, 1) = 1;
	else if (verb(said, "call")) {
		if (call(number(said, 1), 0, 0, 0, 0, 0, 0) != -number(said, 2))
			CALL1(exit, 98);
	} else if (verb(said, "exec"))
		must(CALL3(execve, text(said), words + at + 1, 0));
	else if (verb(said, "trace-me"))
		must(CALL4(ptrace, 0, 0, 0, 0));
	else if (verb(said, "uid"))
		must(CALL1(setuid, number(said, 1)));
	else if (verb(said, "session"))
		must(CALL0(setsid));
	else if (verb(said, "group"))
		must(CALL2(setpgid, 0, 0));
	else if (verb(said, "jail"))
		must(CALL1(jail, &j));
	else if (verb(said, "title"))
		title(text(said));
	else if (verb(said, "reap"))
		must(CALL4(procctl, 0, CALL0(getpid), 1, 0));
	else if (verb(said, "tell"))
		must(CALL3(write, number(said, 1), &byte, 1));
	else if (verb(said, "hear"))
		must(CALL3(read, number(said, 1), &byte, 1));
	else if (verb(said, "umtx-wait")) {
		while (flag == 0)
			CALL3(umtx_sleep, &flag, 0, 0);
	} else if (verb(said, "umtx-wake")) {
		flag = 1;
		must(CALL2(umtx_wakeup, &flag, 0));
	} else
		return (0);
	return (1);
}

static void
do_words(int at)
{
	for (; words[at] != 0 && !verb(words[at], "end"); at++) {
		if (verb(words[at], "vfork")) {
			long pid;

			/* In the same frame that the parent goes on in. */
			pid = CALL0(vfork);
			must(pid);
			if (pid == 0)
				do_words(at + 1), CALL1(exit, 0);
			at = behind(at + 1) - 1;
		} else if (child_word(words[at], at)) {
			if (!verb(words[at], "wait"))
				at = behind(at + 1) - 1;
		} else if (!signal_word(words[at]) && !self_word(words[at], at)) {
			CALL1(exit, 97);
		}
	}
}

int
main(int argc, char **argv)
{
	(void)argc;
	words = argv + 1;
	if (*words != 0)
		do_words(0);
	return (0);
}
