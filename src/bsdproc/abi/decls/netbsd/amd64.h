/* NetBSD on amd64: its scalars, registers and machine state. */

/* <machine/mcontext.h> */
typedef struct {
    unsigned long __gregs[26];
    unsigned long _mc_tlsbase;
    union {
        char __fxsave[512];
        struct {
            char __fxsave[416];
            char __rsvd[48];
            unsigned long __xsaveptr;
            unsigned long __xsavelen;
            char __pad[32];
        } __xsave;
    } __fpregs;
} mcontext_t;

/* <machine/reg.h> */
struct reg {
    long regs[26];
};
struct dbreg {
    long dr[16];
};

#include "types.h"

/* <sys/siginfo.h> */
struct _ksiginfo {
    int _signo;
    int _code;
    int _errno;
    int _pad;
    union {
        struct {
            pid_t _pid;
            uid_t _uid;
            sigval_t _value;
        } _rt;
        struct {
            pid_t _pid;
            uid_t _uid;
            int _status;
            unsigned int _utime;
            unsigned int _stime;
        } _child;
        struct {
            void *_addr;
            int _trap;
            int _trap2;
            int _trap3;
        } _fault;
        struct {
            long _band;
            int _fd;
        } _poll;
        struct {
            int _sysnum;
            int _retval[2];
            int _error;
            uint64_t _args[8];
        } _syscall;
        struct {
            int _pe_report_event;
            union {
                pid_t _pe_other_pid;
                lwpid_t _pe_lwp;
            } _option;
        } _ptrace_state;
    } _reason;
};

/* <sys/ucontext.h> */
struct __ucontext {
    unsigned int uc_flags;
    struct __ucontext *uc_link;
    sigset_t uc_sigmask;
    stack_t uc_stack;
    mcontext_t uc_mcontext;
};

#include "x86.h"

/* <machine/reg.h> */
struct fpreg {
    struct fxsave fxstate;
};

#include "common.h"

/* <machine/mcontext.h> */
#define _REG_URSP 24
#define _REG_RFL 23
#define _REG_RDI 0
#define _REG_RSI 1
#define _REG_RDX 2
#define _REG_R10 6
#define _REG_R8 4
#define _REG_R9 5
#define _REG_RCX 3
#define _REG_R11 7
#define _REG_R12 8
#define _REG_R13 9
#define _REG_R14 10
#define _REG_R15 11
#define _REG_RBP 12
#define _REG_RBX 13
#define _REG_RAX 14
#define _REG_GS 15
#define _REG_FS 16
#define _REG_ES 17
#define _REG_DS 18
#define _REG_TRAPNO 19
#define _REG_ERR 20
#define _REG_RIP 21
#define _REG_CS 22
#define _REG_RFLAGS 23
#define _REG_RSP 24
#define _REG_SS 25
#define _NGREG 26

/* <machine/ptrace.h> */
#define PT_GETDBREGS 37
#define PT_SETDBREGS 38
#define PT_SETSTEP 39
#define PT_CLEARSTEP 40
#define PT_GETXSTATE 41
#define PT_SETXSTATE 42
#define PT_MACHDEP_STRINGS 0 /* a string */
#define PTRACE_BREAKPOINT 0 /* a string */

/* <sys/ptrace.h> */
#define PT_STRINGS 0 /* a string */

/* <miscfs/procfs/procfs.h> */
#define PROCFSMNT_BITS 0 /* a string */
