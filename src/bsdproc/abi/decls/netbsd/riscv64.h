/* NetBSD on riscv64: its scalars, registers and machine state. */

/* <machine/reg.h> */
struct reg {
    uint64_t r_reg[31];
    uint64_t r_pc;
};
struct reg32 {
    uint32_t r_reg[31];
    uint32_t r_pc;
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

#include "riscv.h"

#include "common.h"

/* <machine/ptrace.h> */
#define PT_MACHDEP_STRINGS 0 /* a string */
#define PTRACE_BREAKPOINT 0 /* a string */

/* <sys/ptrace.h> */
#define PT_STRINGS 0 /* a string */

/* <miscfs/procfs/procfs.h> */
#define PROCFSMNT_BITS 0 /* a string */
