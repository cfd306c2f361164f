/* FreeBSD on riscv64: its scalars, registers and machine state. */

/* <sys/types.h> */
typedef int64_t register_t;
typedef int64_t segsz_t;
typedef int64_t time_t;
typedef uint64_t u_register_t;
typedef uint64_t vm_size_t;

/* <machine/reg.h> */
struct reg {
    uint64_t ra;
    uint64_t sp;
    uint64_t gp;
    uint64_t tp;
    uint64_t t[7];
    uint64_t s[12];
    uint64_t a[8];
    uint64_t sepc;
    uint64_t sstatus;
};
struct fpreg {
    uint64_t fp_x[32][2];
    uint64_t fp_fcsr;
};
struct dbreg {
    int dummy;
};

/* <machine/ucontext.h> */
struct gpregs {
    register_t gp_ra;
    register_t gp_sp;
    register_t gp_gp;
    register_t gp_tp;
    register_t gp_t[7];
    register_t gp_s[12];
    register_t gp_a[8];
    register_t gp_sepc;
    register_t gp_sstatus;
};
struct fpregs {
    uint64_t fp_x[32][2];
    uint64_t fp_fcsr;
    int fp_flags;
    int pad;
};
struct __mcontext {
    struct gpregs mc_gpregs;
    struct fpregs mc_fpregs;
    int mc_flags;
    int mc_pad;
    uint64_t mc_spare[8];
};
typedef struct __mcontext mcontext_t;

/* <machine/elf.h> */
typedef struct {
    int a_type;
    union {
        int a_val;
    } a_un;
} Elf32_Auxinfo;
typedef struct {
    long a_type;
    union {
        long a_val;
        void *a_ptr;
        void (*a_fcn)(void);
    } a_un;
} Elf64_Auxinfo;
typedef Elf64_Auxinfo Elf_Auxinfo;

#include "common.h"

/* <sys/_sigaltstack.h> */
#define MINSIGSTKSZ 4096
#define SIGSTKSZ 36864

/* <machine/ucontext.h> */
#define _MC_FP_VALID 0x1

/* <sys/_pv_entry.h> */
#define PC_FREEN 18446744073709551615
#define PC_FREEL 0xffffffffff
