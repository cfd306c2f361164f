/* NetBSD on i386: its scalars, registers and machine state. */

/* <machine/mcontext.h> */
typedef struct {
    int __gregs[19];
    struct {
        union {
            struct {
                int __fp_state[27];
            } __fpchip_state;
            struct {
                char __fp_xmm[512];
            } __fp_xmm_state;
            int __fp_fpregs[128];
            struct {
                char __fxsave[416];
                char __rsvd[48];
                int __xsaveptr;
                int __xsavelen;
                char __pad[40];
            } __xsave;
        } __fp_reg_set;
        int __fp_pad[33];
    } __fpregs;
    int _mc_tlsbase;
} mcontext_t;

/* <machine/reg.h> */
struct reg {
    int r_eax;
    int r_ecx;
    int r_edx;
    int r_ebx;
    int r_esp;
    int r_ebp;
    int r_esi;
    int r_edi;
    int r_eip;
    int r_eflags;
    int r_cs;
    int r_ss;
    int r_ds;
    int r_es;
    int r_fs;
    int r_gs;
};
struct dbreg {
    int dr[8];
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
    long __uc_pad[4];
};

#include "x86.h"

/* <machine/reg.h> */
struct fpreg {
    struct save87 fstate;
};
struct xmmregs {
    struct fxsave fxstate;
};

#include "common.h"

/* <machine/mcontext.h> */
#define _UC_VM 262144
#define _NGREG 19
#define _REG_GS 0
#define _REG_FS 1
#define _REG_ES 2
#define _REG_DS 3
#define _REG_EDI 4
#define _REG_ESI 5
#define _REG_EBP 6
#define _REG_ESP 7
#define _REG_EBX 8
#define _REG_EDX 9
#define _REG_ECX 10
#define _REG_EAX 11
#define _REG_TRAPNO 12
#define _REG_ERR 13
#define _REG_EIP 14
#define _REG_CS 15
#define _REG_EFL 16
#define _REG_UESP 17
#define _REG_SS 18
#define _UC_FXSAVE 32
#define _UC_MACHINE_PAD 4

/* <machine/ptrace.h> */
#define PT_GETXMMREGS 37
#define PT_SETXMMREGS 38
#define PT_GETDBREGS 39
#define PT_SETDBREGS 40
#define PT_SETSTEP 41
#define PT_CLEARSTEP 42
#define PT_GETXSTATE 43
#define PT_SETXSTATE 44

/* <machine/reg.h> */
#define tES 2
#define tDS 3
#define tEDI 4
#define tESI 5
#define tEBP 6
#define tEBX 7
#define tEDX 8
#define tECX 9
#define tEAX 10
#define tEIP 13
#define tCS 14
#define tEFLAGS 15
#define tESP 16
#define tSS 17
