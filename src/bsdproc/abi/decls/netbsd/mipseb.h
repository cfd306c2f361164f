/* NetBSD on mipseb: its scalars, registers and machine state. */

/* <mips/mcontext.h> */
struct __fpregset_oabi {
    union {
        double __fp_dregs[16];
        float __fp_fregs[32];
        int32_t __fp_regs[32];
    } __fp_r;
    unsigned int __fp_csr;
    unsigned int __fp_pad;
};
typedef struct {
    long __gregs[37];
    struct __fpregset_oabi __fpregs;
    long _mc_tlsbase;
    long __mc_unused;
} mcontext_t;

/* <mips/reg.h> */
struct reg {
    int32_t r_regs[38];
};
struct reg32 {
    int32_t r_regs[38];
};
struct reg64 {
    int64_t r_regs[38];
};
struct fpreg {
    uint32_t r_regs[33];
};
struct fpreg32 {
    uint32_t r_regs[33];
};
struct fpreg64 {
    uint64_t r_regs[33];
};
struct dspreg {
    int32_t r_regs[8];
};
struct dspreg32 {
    int32_t r_regs[8];
};
struct dspreg64 {
    int64_t r_regs[8];
};
struct fpreg_oabi {
    int32_t r_regs[33];
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
    long __uc_pad[14];
};

#include "common.h"

/* Given by the compiler. */
#define __NetBSD_Version__ 1001000000

/* <mips/mcontext.h> */
#define _NGREG 37
#define _REG_R0 0
#define _REG_AT 1
#define _REG_V0 2
#define _REG_V1 3
#define _REG_A0 4
#define _REG_A1 5
#define _REG_A2 6
#define _REG_A3 7
#define _REG_T0 8
#define _REG_T1 9
#define _REG_T2 10
#define _REG_T3 11
#define _REG_T4 12
#define _REG_T5 13
#define _REG_T6 14
#define _REG_T7 15
#define _REG_S0 16
#define _REG_S1 17
#define _REG_S2 18
#define _REG_S3 19
#define _REG_S4 20
#define _REG_S5 21
#define _REG_S6 22
#define _REG_S7 23
#define _REG_T8 24
#define _REG_T9 25
#define _REG_K0 26
#define _REG_K1 27
#define _REG_GP 28
#define _REG_SP 29
#define _REG_S8 30
#define _REG_RA 31
#define _REG_MDLO 32
#define _REG_MDHI 33
#define _REG_CAUSE 34
#define _REG_EPC 35
#define _REG_SR 36
#define _UC_MACHINE_PAD 14
#define _UC_SETSTACK 0x00010000
#define _UC_CLRSTACK 0x00020000
#define _UC_TLSBASE 0x00040000
#define _UC_MACHINE32_PAD 14

/* <mips/ptrace.h> */
#define PT_GETREGS 33
#define PT_SETREGS 34
#define PT_GETFPREGS 35
#define PT_SETFPREGS 36
#define PTRACE_BREAKPOINT_SIZE 4
#define GPR_BASE 0
#define JB_PC 2

/* <mips/regnum.h> */
#define _R_ZERO 0
#define _R_AST 1
#define _R_V0 2
#define _R_V1 3
#define _R_A0 4
#define _R_A1 5
#define _R_A2 6
#define _R_A3 7
#define _R_T0 8
#define _R_T1 9
#define _R_T2 10
#define _R_T3 11
#define _R_T4 12
#define _R_T5 13
#define _R_T6 14
#define _R_T7 15
#define _R_S0 16
#define _R_S1 17
#define _R_S2 18
#define _R_S3 19
#define _R_S4 20
#define _R_S5 21
#define _R_S6 22
#define _R_S7 23
#define _R_T8 24
#define _R_T9 25
#define _R_K0 26
#define _R_K1 27
#define _R_GP 28
#define _R_SP 29
#define _R_S8 30
#define _R_RA 31
#define _R_SR 32
#define _R_PS 32
#define _R_TA0 12
#define _R_TA1 13
#define _R_TA2 14
#define _R_TA3 15
#define _R_MULLO 33
#define _R_MULHI 34
#define _R_BADVADDR 35
#define _R_CAUSE 36
#define _R_PC 37
#define _FPBASE 38
#define _R_F0 38
#define _R_F1 39
#define _R_F2 40
#define _R_F3 41
#define _R_F4 42
#define _R_F5 43
#define _R_F6 44
#define _R_F7 45
#define _R_F8 46
#define _R_F9 47
#define _R_F10 48
#define _R_F11 49
#define _R_F12 50
#define _R_F13 51
#define _R_F14 52
#define _R_F15 53
#define _R_F16 54
#define _R_F17 55
#define _R_F18 56
#define _R_F19 57
#define _R_F20 58
#define _R_F21 59
#define _R_F22 60
#define _R_F23 61
#define _R_F24 62
#define _R_F25 63
#define _R_F26 64
#define _R_F27 65
#define _R_F28 66
#define _R_F29 67
#define _R_F30 68
#define _R_F31 69
#define _R_FSR 70
#define _R_DSPBASE 71
#define _R_MULLO1 71
#define _R_MULHI1 72
#define _R_MULLO2 73
#define _R_MULHI2 74
#define _R_MULLO3 75
#define _R_MULHI3 76
#define _R_DSPCTL 77
