/* What FreeBSD's amd64 and i386 share. */

/* <x86/reg.h> */
struct xmmreg {
    uint32_t xmm_env[8];
    uint8_t xmm_acc[8][16];
    uint8_t xmm_reg[8][16];
    uint8_t xmm_pad[224];
};

/* <x86/ptrace.h> */
struct ptrace_xstate_info {
    uint64_t xsave_mask;
    uint32_t xsave_len;
};

/* <x86/fpu.h> */
struct env87 {
    int32_t en_cw;
    int32_t en_sw;
    int32_t en_tw;
    int32_t en_fip;
    uint16_t en_fcs;
    uint16_t en_opcode;
    int32_t en_foo;
    int32_t en_fos;
};
struct fpacc87 {
    uint8_t fp_bytes[10];
};
struct save87 {
    struct env87 sv_env;
    struct fpacc87 sv_ac[8];
    uint8_t sv_pad0[4];
    uint8_t sv_pad[64];
};
struct xmmacc {
    uint8_t xmm_bytes[16];
};
struct ymmacc {
    uint8_t ymm_bytes[16];
};
struct xstate_hdr {
    uint64_t xstate_bv;
    uint64_t xstate_xcomp_bv;
    uint8_t xstate_rsrv0[8];
    uint8_t xstate_rsrv[40];
};
struct savexmm_xstate {
    struct xstate_hdr sx_hd;
    struct ymmacc sx_ymm[16];
};
struct savefpu_xstate {
    struct xstate_hdr sx_hd;
    struct ymmacc sx_ymm[16];
};

/* <sys/_sigaltstack.h> */
#define MINSIGSTKSZ 2048
#define SIGSTKSZ 34816

/* <x86/reg.h> */
#define DBREG_DR6_RESERVED1 0xffff0ff0
#define DBREG_DR6_BMASK 0x000f
#define DBREG_DR6_BD 0x2000
#define DBREG_DR6_BS 0x4000
#define DBREG_DR6_BT 0x8000
#define DBREG_DR7_RESERVED1 0x0400
#define DBREG_DR7_LOCAL_ENABLE 0x01
#define DBREG_DR7_GLOBAL_ENABLE 0x02
#define DBREG_DR7_LEN_1 0x00
#define DBREG_DR7_LEN_2 0x01
#define DBREG_DR7_LEN_4 0x03
#define DBREG_DR7_LEN_8 0x02
#define DBREG_DR7_EXEC 0x00
#define DBREG_DR7_WRONLY 0x01
#define DBREG_DR7_RDWR 0x03
#define DBREG_DR7_GD 0x2000

/* <x86/ptrace.h> */
#define PT_GETXSTATE_INFO 68
#define PT_GETXSTATE 69
#define PT_SETXSTATE 70
#define PT_GETFSBASE 71
#define PT_SETFSBASE 72
#define PT_GETGSBASE 73
#define PT_SETGSBASE 74
#define PT_GETTLSBASE 75
#define PT_SETTLSBASE 76

/* <x86/procctl.h> */
#define PROC_KPTI_CTL 268435456
#define PROC_KPTI_STATUS 268435457
#define PROC_LA_CTL 268435458
#define PROC_LA_STATUS 268435459
#define PROC_KPTI_CTL_ENABLE_ON_EXEC 1
#define PROC_KPTI_CTL_DISABLE_ON_EXEC 2
#define PROC_KPTI_STATUS_ACTIVE 0x80000000
#define PROC_LA_CTL_LA48_ON_EXEC 1
#define PROC_LA_CTL_LA57_ON_EXEC 2
#define PROC_LA_CTL_DEFAULT_ON_EXEC 3
#define PROC_LA_STATUS_LA48 0x01000000
#define PROC_LA_STATUS_LA57 0x02000000

/* <x86/fpu.h> */
#define XSTATE_XCOMP_BV_COMPACT 0x8000000000000000
#define X86_XSTATE_XCR0_OFFSET 464

/* <x86/ucontext.h> */
#define _MC_HASSEGS 0x1
#define _MC_HASBASES 0x2
#define _MC_HASFPXSTATE 0x4
#define _MC_FPFMT_NODEV 0x10000
#define _MC_FPFMT_XMM 0x10002
#define _MC_FPOWNED_NONE 0x20000
#define _MC_FPOWNED_FPU 0x20001
#define _MC_FPOWNED_PCB 0x20002

/* <sys/user.h> */
#define KINFO_FILE_SIZE 1392
#define KINFO_VMENTRY_SIZE 1160
#define KINFO_KSTACK_SIZE 1096
