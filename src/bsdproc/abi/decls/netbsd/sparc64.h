/* NetBSD on sparc64: its scalars, registers and machine state. */

/* <sparc/mcontext.h> */
typedef struct {
    long __gregs[21];
    struct {
        int __wbcnt;
        long *__spbuf[31];
        struct {
            long __rw_local[8];
            long __rw_in[8];
        } __wbuf[31];
    } *__gwins;
    struct {
        union {
            unsigned int __fpu_regs[32];
            double __fpu_dregs[32];
            long double __fpu_qregs[16];
        } __fpu_fr;
        struct __fq *__fpu_q;
        unsigned long __fpu_fsr;
        unsigned char __fpu_qcnt;
        unsigned char __fpu_q_entrysize;
        unsigned char __fpu_en;
    } __fpregs;
    struct {
        unsigned int __xrs_id;
        char *__xrs_ptr;
    } __xrs;
    long __asrs[16];
} mcontext_t;

/* <machine/reg.h> */
struct trapframe32 {
    int tf_psr;
    int tf_pc;
    int tf_npc;
    int tf_y;
    int tf_global[8];
    int tf_out[8];
};
struct trapframe64 {
    int64_t tf_tstate;
    int64_t tf_pc;
    int64_t tf_npc;
    int64_t tf_fault;
    int64_t tf_kstack;
    int tf_y;
    short tf_tt;
    char tf_pil;
    char tf_oldpil;
    int64_t tf_global[8];
    int64_t tf_out[8];
    int64_t tf_local[8];
    int64_t tf_in[8];
};
struct rwindow32 {
    int rw_local[8];
    int rw_in[8];
};
struct rwindow64 {
    int64_t rw_local[8];
    int64_t rw_in[8];
};
struct reg32 {
    int r_psr;
    int r_pc;
    int r_npc;
    int r_y;
    int r_global[8];
    int r_out[8];
};
struct reg64 {
    int64_t r_tstate;
    int64_t r_pc;
    int64_t r_npc;
    int r_y;
    int64_t r_global[8];
    int64_t r_out[8];
};
struct fpreg64 {
    unsigned int fr_regs[64];
    int64_t fr_fsr;
    int fr_gsr;
};
struct fpreg32 {
    unsigned int fr_regs[32];
    int fr_fsr;
};
struct reg {
    int64_t r_tstate;
    int64_t r_pc;
    int64_t r_npc;
    int r_y;
    int64_t r_global[8];
    int64_t r_out[8];
};
struct fpreg {
    unsigned int fr_regs[64];
    int64_t fr_fsr;
    int fr_gsr;
};
struct trapframe {
    int64_t tf_tstate;
    int64_t tf_pc;
    int64_t tf_npc;
    int64_t tf_fault;
    int64_t tf_kstack;
    int tf_y;
    short tf_tt;
    char tf_pil;
    char tf_oldpil;
    int64_t tf_global[8];
    int64_t tf_out[8];
    int64_t tf_local[8];
    int64_t tf_in[8];
};
struct rwindow {
    int64_t rw_local[8];
    int64_t rw_in[8];
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
    long __uc_pad[8];
};

#include "sparc_both.h"

/* <machine/reg.h> */
struct fpstate64 {
    struct fpreg64 fs_reg;
    int fs_qsize;
    struct fp_qentry fs_queue[16];
};
struct fpstate32 {
    struct fpreg32 fs_reg;
    int fs_qsize;
    struct fp_qentry fs_queue[16];
};
struct fpstate {
    struct fpreg64 fs_reg;
    int fs_qsize;
    struct fp_qentry fs_queue[16];
};

#include "common.h"

/* <sparc/mcontext.h> */
#define _NGREG 21
#define _UC_MACHINE_PAD 8

/* <machine/mcontext.h> */
#define _NGREG32 19
#define _REG32_PSR 0
#define _REG32_PC 1
#define _REG32_nPC 2
#define _REG32_Y 3
#define _REG32_G1 4
#define _REG32_G2 5
#define _REG32_G3 6
#define _REG32_G4 7
#define _REG32_G5 8
#define _REG32_G6 9
#define _REG32_G7 10
#define _REG32_O0 11
#define _REG32_O1 12
#define _REG32_O2 13
#define _REG32_O3 14
#define _REG32_O4 15
#define _REG32_O5 16
#define _REG32_O6 17
#define _REG32_O7 18
#define _UC_MACHINE32_PAD 43

/* <sparc/ptrace.h> */
#define PTRACE_BREAKPOINT 0 /* a string */

/* <miscfs/procfs/procfs.h> */
#define PROCFSMNT_BITS 0 /* a string */
