/* What NetBSD's riscv64 and riscv32 share. */

/* <machine/mcontext.h> */
union __fpreg {
    uint64_t u_u64;
    double u_d;
};
typedef struct {
    long __gregs[32];
    union __fpreg __fregs[33];
    long __spare[7];
} mcontext_t;

/* <sys/ucontext.h> */
struct __ucontext {
    unsigned int uc_flags;
    struct __ucontext *uc_link;
    sigset_t uc_sigmask;
    stack_t uc_stack;
    mcontext_t uc_mcontext;
};

/* <machine/reg.h> */
struct fpreg {
    union __fpreg r_fpreg[33];
};

/* Given by the compiler. */
#define __NetBSD_Version__ 1100000000

/* <machine/mcontext.h> */
#define _NGREG 32
#define _NFREG 33
#define _REG_X1 0
#define _REG_X2 1
#define _REG_X3 2
#define _REG_X4 3
#define _REG_X5 4
#define _REG_X6 5
#define _REG_X7 6
#define _REG_X8 7
#define _REG_X9 8
#define _REG_X10 9
#define _REG_X11 10
#define _REG_X12 11
#define _REG_X13 12
#define _REG_X14 13
#define _REG_X15 14
#define _REG_X16 15
#define _REG_X17 16
#define _REG_X18 17
#define _REG_X19 18
#define _REG_X20 19
#define _REG_X21 20
#define _REG_X22 21
#define _REG_X23 22
#define _REG_X24 23
#define _REG_X25 24
#define _REG_X26 25
#define _REG_X27 26
#define _REG_X28 27
#define _REG_X29 28
#define _REG_X30 29
#define _REG_X31 30
#define _REG_PC 31
#define _REG_RA 0
#define _REG_SP 1
#define _REG_GP 2
#define _REG_TP 3
#define _REG_T0 4
#define _REG_T1 5
#define _REG_T2 6
#define _REG_S0 7
#define _REG_S1 8
#define _REG_RV 9
#define _REG_A0 9
#define _REG_A1 10
#define _REG_A2 11
#define _REG_A3 12
#define _REG_A4 13
#define _REG_A5 14
#define _REG_A6 15
#define _REG_A7 16
#define _REG_S2 17
#define _REG_S3 18
#define _REG_S4 19
#define _REG_S5 20
#define _REG_S6 21
#define _REG_S7 22
#define _REG_S8 23
#define _REG_S9 24
#define _REG_S10 25
#define _REG_S11 26
#define _REG_T3 27
#define _REG_T4 28
#define _REG_T5 29
#define _REG_T6 30
#define _REG_F0 0
#define _REG_FPCSR 32
#define _UC_SETSTACK 0x00010000
#define _UC_CLRSTACK 0x00020000
#define _UC_TLSBASE 0x00080000

/* <machine/ptrace.h> */
#define PT_GETREGS 32
#define PT_SETREGS 33
#define PT_GETFPREGS 34
#define PT_SETFPREGS 35
#define PTRACE_BREAKPOINT_SIZE 2

/* <machine/reg.h> */
#define _X_RA 0
#define _X_SP 1
#define _X_GP 2
#define _X_TP 3
#define _X_T0 4
#define _X_T1 5
#define _X_T2 6
#define _X_S0 7
#define _X_S1 8
#define _X_A0 9
#define _X_A1 10
#define _X_A2 11
#define _X_A3 12
#define _X_A4 13
#define _X_A5 14
#define _X_A6 15
#define _X_A7 16
#define _X_S2 17
#define _X_S3 18
#define _X_S4 19
#define _X_S5 20
#define _X_S6 21
#define _X_S7 22
#define _X_S8 23
#define _X_S9 24
#define _X_S10 25
#define _X_S11 26
#define _X_T3 27
#define _X_T4 28
#define _X_T5 29
#define _X_T6 30
