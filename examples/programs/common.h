/*
 * A BSD program for amd64 without a C library: system calls, a _start that
 * calls main.  What each system has of its own is in its header: the numbers
 * of calls (CALL_), and the note by which its kernel knows whose program it is.
 * The layouts are those of <sys/signal.h>.
 */
#ifndef COMMON_H
#define COMMON_H

enum { SIG_ILL = 4, SIG_TRAP = 5, SIG_SEGV = 11, SIG_TERM = 15, SIG_USR1 = 30, SIG_USR2 = 31 };
enum { MASK_BLOCK = 1, MASK_UNBLOCK = 2 };

typedef struct { unsigned int word[4]; } sigset;

#ifndef OWN_SIGNALS
struct action {
	void (*handler)(int);
	int flags;
	sigset mask;
};
#endif

struct span { long seconds, nanoseconds; };

/* The kernel's answer, or its error number with a minus sign. */
static inline long
call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	unsigned char failed;
	long answer;

	__asm__ volatile("syscall\n\tsetc %1"
	    : "=a"(answer), "=q"(failed), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
	    : "0"(number), "D"(a), "S"(b)
	    : "rcx", "r11", "memory", "cc");
	return (failed ? -answer : answer);
}

#define CALL0(name)		call(CALL_##name, 0, 0, 0, 0, 0, 0)
#define CALL1(name, a)		call(CALL_##name, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(name, a, b)	call(CALL_##name, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(name, a, b, c)	call(CALL_##name, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(name, a, b, c, d)	\
	call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL5(name, a, b, c, d, e) \
	call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(name, a, b, c, d, e, f) \
	call(CALL_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Seen by a debugger: not optimised away, and found by its name. */
#define SEEN			__attribute__((used)) volatile
#define PLACE			__attribute__((noinline, used))

static inline sigset
only(int signal)
{
	sigset set = {{ 0, 0, 0, 0 }};

	set.word[(signal - 1) / 32] = 1u << (signal - 1) % 32;
	return (set);
}

#ifdef OWN_SIGNALS
OWN_SIGNALS
#else
static inline void
on(int signal, void (*handler)(int))
{
	struct action action = { handler, 0, {{ 0, 0, 0, 0 }} };

	CALL3(sigaction, signal, &action, 0);
}
#endif

static inline long
length(const char *text)
{
	long n = 0;

	while (text[n] != 0)
		n++;
	return (n);
}

static inline int
equal(const char *a, const char *b)
{
	while (*a == *b && *a != 0)
		a++, b++;
	return (*a == *b);
}

/* The compiler calls these for structs that it copies or clears. */
__attribute__((used)) void *
memset(void *to, int byte, unsigned long size)
{
	char *p = to;

	while (size-- > 0)
		*p++ = (char)byte;
	return (to);
}

__attribute__((used)) void *
memcpy(void *to, const void *from, unsigned long size)
{
	char *p = to;
	const char *q = from;

	while (size-- > 0)
		*p++ = *q++;
	return (to);
}

int main(int argc, char **argv);

__attribute__((used, noreturn)) static void
begin(long *stack)
{
	for (;;)
		CALL1(exit, main((int)stack[0], (char **)(stack + 1)));
}

/* Kernels give the address of argc in rdi, and a stack like that of a call, or
   argc on top of the stack (START). */
#ifndef START
#define START ""
#endif
__asm__(".text\n\t.globl _start\n\t.type _start, @function\n"
    "_start:\n\t" START "xorl %ebp, %ebp\n\tandq $-16, %rsp\n\tcall begin\n\thlt\n");

#endif
