/* What NetBSD's sparc and sparc64 share. */

/* <machine/reg.h> */
struct fp_qentry {
    int *fq_addr;
    int fq_instr;
};

/* Given by the compiler. */
#define __NetBSD_Version__ 1001000000

/* <machine/mcontext.h> */
#define _UC_SETSTACK 65536
#define _UC_CLRSTACK 131072
#define _UC_TLSBASE 524288
#define _REG_CCR 0
#define _REG_PSR 0
#define _REG_PC 1
#define _REG_nPC 2
#define _REG_Y 3
#define _REG_G1 4
#define _REG_G2 5
#define _REG_G3 6
#define _REG_G4 7
#define _REG_G5 8
#define _REG_G6 9
#define _REG_G7 10
#define _REG_O0 11
#define _REG_O1 12
#define _REG_O2 13
#define _REG_O3 14
#define _REG_O4 15
#define _REG_O5 16
#define _REG_O6 17
#define _REG_O7 18
#define _REG_ASI 19
#define _REG_FPRS 20
#define _XRS_ID 0x78727300

/* <machine/ptrace.h> */
#define PT_GETREGS 32
#define PT_SETREGS 33
#define PT_GETFPREGS 34
#define PT_SETFPREGS 35
#define PTRACE_BREAKPOINT_SIZE 4

/* <machine/reg.h> */
#define FP_QSIZE 16
