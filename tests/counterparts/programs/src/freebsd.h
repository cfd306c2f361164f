/*
 * What a program without a C library needs of FreeBSD on amd64: the call
 * into the kernel, the entry from it, and the numbers that `act` uses.
 */
#ifndef FREEBSD_H
#define FREEBSD_H

typedef long word;
typedef unsigned long uword;

enum call {
	EXIT = 1, FORK = 2, READ = 3, WRITE = 4, OPEN = 5, CLOSE = 6,
	WAIT4 = 7, GETPID = 20, PTRACE = 26, KILL = 37, GETPPID = 39,
	EXECVE = 59, VFORK = 66, FLOCK = 131, SETRLIMIT = 195,
	NANOSLEEP = 240, SIGPROCMASK = 340, SIGWAITINFO = 346, KQUEUE = 362,
	SIGACTION = 416, THR_EXIT = 431, THR_SELF = 432, THR_KILL = 433,
	UMTX_OP = 454, THR_NEW = 455, PDFORK = 518, WAIT6 = 532,
	PROCCTL = 544, KEVENT = 560
};

enum errno_value { ESRCH = 3, EINTR = 4, ECHILD = 10 };

/* A note that says which system the program is for, and since when. */
__asm__(".section .note.tag,\"a\",@note\n"
    ".p2align 2\n"
    ".long 8\n.long 4\n.long 1\n"
    ".string \"FreeBSD\"\n"
    ".long 1302001\n"
    ".text\n");

/* Never inlined, so that a stop in it is a stop at one place. */
word kernel6(word number, word a, word b, word c, word d, word e, word f);

__asm__(".globl kernel6\n"
    ".type kernel6,@function\n"
    "kernel6:\n"
    "mov %rdi,%rax\n"
    "mov %rsi,%rdi\n"
    "mov %rdx,%rsi\n"
    "mov %rcx,%rdx\n"
    "mov %r8,%r10\n"
    "mov %r9,%r8\n"
    "mov 8(%rsp),%r9\n"
    "syscall\n"
    ".globl after_call\n"
    "after_call:\n"
    "jae .Lgood\n"
    "neg %rax\n"
    ".Lgood: ret\n"
    ".size kernel6,.-kernel6\n");

/* The result of a call, or the negative errno of one that failed. */
#define kernel(number, a, b, c, d) \
	kernel6((number), (word)(a), (word)(b), (word)(c), (word)(d), 0, 0)

/*
 * vfork's child returns from here first: into memory that the parent will
 * use, so the return address may lie only in a register.
 */
word kernel_vfork(void);

__asm__(".globl kernel_vfork\n"
    ".type kernel_vfork,@function\n"
    "kernel_vfork:\n"
    "pop %rsi\n"
    "mov $66,%eax\n"
    "syscall\n"
    "jmp *%rsi\n"
    ".size kernel_vfork,.-kernel_vfork\n");

void breakpoint(void);

__asm__(".globl breakpoint\n"
    ".type breakpoint,@function\n"
    "breakpoint:\n"
    "int3\n"
    ".globl after_breakpoint\n"
    "after_breakpoint:\n"
    "ret\n"
    ".size breakpoint,.-breakpoint\n");

/* The kernel enters with a pointer to argc in rdi and an odd stack. */
void start(word *argc);

__asm__(".globl _start\n"
    ".type _start,@function\n"
    "_start:\n"
    "xor %ebp,%ebp\n"
    "and $-16,%rsp\n"
    "call start\n"
    "ud2\n"
    ".size _start,.-_start\n");

struct moment { word seconds, nanoseconds; };
struct set { unsigned int bits[4]; };
struct action { void (*handler)(int); int flags; struct set mask; };
struct limit { word now, most; };

struct thread {
	void (*start)(void *);
	void *argument;
	char *stack;
	uword stack_size;
	char *tls;
	uword tls_size;
	word *child_id, *parent_id;
	int flags;
	void *priority;
	void *spare[3];
};

struct event {
	uword ident;
	short filter;
	unsigned short flags;
	unsigned int filter_flags;
	word data;
	void *user;
	uword ext[4];
};

#endif
