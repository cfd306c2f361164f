/* NetBSD on sparc: its scalars, registers and machine state. */

/* <machine/mcontext.h> */
typedef struct {
    long __gregs[19];
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
            double __fpu_dregs[16];
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
} mcontext_t;

/* <machine/reg.h> */
struct trapframe {
    int tf_psr;
    int tf_pc;
    int tf_npc;
    int tf_y;
    int tf_global[8];
    int tf_out[8];
};
struct rwindow {
    int rw_local[8];
    int rw_in[8];
};
struct reg {
    int r_psr;
    int r_pc;
    int r_npc;
    int r_y;
    int r_global[8];
    int r_out[8];
};
struct fpreg {
    unsigned int fr_regs[32];
    int fr_fsr;
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
    long __uc_pad[43];
};

#include "sparc_both.h"

/* <machine/reg.h> */
struct fpstate {
    struct fpreg fs_reg;
    int fs_qsize;
    struct fp_qentry fs_queue[16];
};

#include "common.h"

/* <machine/mcontext.h> */
#define _NGREG 19
#define _UC_MACHINE_PAD 43
