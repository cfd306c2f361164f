/* NetBSD on powerpc: its scalars, registers and machine state. */

/* <powerpc/mcontext.h> */
union __vr {
    unsigned char __vr8[16];
    unsigned short __vr16[8];
    unsigned int __vr32[4];
    unsigned char __spe8[8];
    unsigned short __spe16[4];
    unsigned int __spe32[2];
};
typedef struct {
    long __gregs[39];
    struct {
        double __fpu_regs[32];
        unsigned int __fpu_fpscr;
        unsigned int __fpu_valid;
    } __fpregs;
    struct {
        union __vr __vrs[32] __aligned(16);
        unsigned int __vscr;
        unsigned int __vrsave;
    } __vrf;
} mcontext_t;

/* <powerpc/reg.h> */
struct reg {
    unsigned long fixreg[32];
    unsigned long lr;
    int cr;
    int xer;
    unsigned long ctr;
    unsigned long pc;
};
struct fpreg {
    double fpreg[32];
    double fpscr;
};
struct vreg {
    uint32_t vreg[32][4];
    unsigned long vrsave;
    unsigned long spare[2];
    unsigned long vscr;
};

#include "types.h"

/* <sys/siginfo.h> */
struct _ksiginfo {
    int _signo;
    int _code;
    int _errno;
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

#include "common.h"

/* Given by the compiler. */
#define __NetBSD_Version__ 1001000000

/* <powerpc/mcontext.h> */
#define _NGREG 39
#define _REG_R0 0
#define _REG_R1 1
#define _REG_R2 2
#define _REG_R3 3
#define _REG_R4 4
#define _REG_R5 5
#define _REG_R6 6
#define _REG_R7 7
#define _REG_R8 8
#define _REG_R9 9
#define _REG_R10 10
#define _REG_R11 11
#define _REG_R12 12
#define _REG_R13 13
#define _REG_R14 14
#define _REG_R15 15
#define _REG_R16 16
#define _REG_R17 17
#define _REG_R18 18
#define _REG_R19 19
#define _REG_R20 20
#define _REG_R21 21
#define _REG_R22 22
#define _REG_R23 23
#define _REG_R24 24
#define _REG_R25 25
#define _REG_R26 26
#define _REG_R27 27
#define _REG_R28 28
#define _REG_R29 29
#define _REG_R30 30
#define _REG_R31 31
#define _REG_CR 32
#define _REG_LR 33
#define _REG_PC 34
#define _REG_MSR 35
#define _REG_CTR 36
#define _REG_XER 37
#define _REG_MQ 38
#define _UC_POWERPC_VEC 65536
#define _UC_POWERPC_SPE 131072
#define _UC_TLSBASE 524288
#define _UC_SETSTACK 1048576
#define _UC_CLRSTACK 2097152

/* <powerpc/ptrace.h> */
#define PT_STEP 32
#define PT_GETREGS 33
#define PT_SETREGS 34
#define PT_GETFPREGS 35
#define PT_SETFPREGS 36
#define PT_GETVECREGS 37
#define PT_SETVECREGS 38
#define PT_SETSTEP 39
#define PT_CLEARSTEP 40
#define PTRACE_BREAKPOINT_SIZE 4
