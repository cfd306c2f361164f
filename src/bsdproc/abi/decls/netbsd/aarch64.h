/* NetBSD on aarch64: its scalars, registers and machine state. */

/* <arm/mcontext.h> */
union __freg {
    uint8_t __b8[16];
    uint16_t __h16[8];
    uint32_t __s32[4];
    uint64_t __d64[2];
    __uint128_t __q128[1];
};
typedef struct {
    uint64_t __gregs[35];
    struct {
        union __freg __qregs[32];
        uint32_t __fpcr;
        uint32_t __fpsr;
    } __fregs;
    uint64_t __spare[8];
} mcontext_t;

/* <machine/reg.h> */
struct reg {
    uint64_t r_reg[31];
    uint64_t r_sp;
    uint64_t r_pc;
    uint64_t r_spsr;
    uint64_t r_tpidr;
};
union fpelem {
    uint64_t u64[2];
    __uint128_t u128[1];
};
struct fpreg {
    union fpelem fp_reg[32];
    uint32_t fpcr;
    uint32_t fpsr;
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

#include "common.h"

/* Given by the compiler. */
#define __NetBSD_Version__ 1001000000

/* <arm/mcontext.h> */
#define _NGREG 35
#define _NGREG32 17
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
#define _REG_CPSR 16
#define _REG_X0 0
#define _REG_X1 1
#define _REG_X2 2
#define _REG_X3 3
#define _REG_X4 4
#define _REG_X5 5
#define _REG_X6 6
#define _REG_X7 7
#define _REG_X8 8
#define _REG_X9 9
#define _REG_X10 10
#define _REG_X11 11
#define _REG_X12 12
#define _REG_X13 13
#define _REG_X14 14
#define _REG_X15 15
#define _REG_X16 16
#define _REG_X17 17
#define _REG_X18 18
#define _REG_X19 19
#define _REG_X20 20
#define _REG_X21 21
#define _REG_X22 22
#define _REG_X23 23
#define _REG_X24 24
#define _REG_X25 25
#define _REG_X26 26
#define _REG_X27 27
#define _REG_X28 28
#define _REG_X29 29
#define _REG_X30 30
#define _REG_X31 31
#define _REG_ELR 32
#define _REG_SPSR 33
#define _REG_TPIDR 34
#define _REG_RV 0
#define _REG_FP 29
#define _REG_LR 30
#define _REG_SP 31
#define _REG_PC 32
#define _NFREG 32
#define _UC_TLSBASE 524288
#define _UC_ARM_VFP 65536
#define _UC_SETSTACK 131072
#define _UC_CLRSTACK 262144

/* <machine/ptrace.h> */
#define PT_GETREGS 32
#define PT_SETREGS 33
#define PT_GETFPREGS 34
#define PT_SETFPREGS 35
#define PT_STEP 36
#define PT_SETSTEP 37
#define PT_CLEARSTEP 38
#define PTRACE_BREAKPOINT 0 /* a string */
#define PTRACE_BREAKPOINT_SIZE 4

/* <machine/elf_machdep.h> */
#define PT_AARCH64_ARCHEXT 1879048192
#define PT_AARCH64_UNWIND 1879048193

/* <miscfs/procfs/procfs.h> */
#define PROCFSMNT_BITS 0 /* a string */
