/* What NetBSD's amd64 and i386 share. */

/* <x86/cpu_extended_state.h> */
union fp_addr {
    uint64_t fa_64;
    struct {
        uint32_t fa_off;
        uint16_t fa_seg;
        uint16_t fa_opcode;
    } fa_32;
} __packed __aligned(4);
struct fpacc87 {
    uint64_t f87_mantissa;
    uint16_t f87_exp_sign;
} __packed __aligned(2);
struct fpaccfx {
    struct fpacc87 r __aligned(16);
};
struct xmmreg {
    uint8_t xmm_bytes[16];
};
struct ymmreg {
    uint8_t ymm_bytes[16];
};
struct zmmreg {
    uint8_t zmm_bytes[32];
};
struct hi16_zmmreg {
    uint8_t zmm_bytes[64];
};
struct save87 {
    uint16_t s87_cw __aligned(4);
    uint16_t s87_sw __aligned(4);
    uint16_t s87_tw __aligned(4);
    union fp_addr s87_ip;
    union fp_addr s87_dp;
    struct fpacc87 s87_ac[8];
};
struct fxsave {
    uint16_t fx_cw;
    uint16_t fx_sw;
    uint8_t fx_tw;
    uint8_t fx_zero;
    uint16_t fx_opcode;
    union fp_addr fx_ip;
    union fp_addr fx_dp;
    uint32_t fx_mxcsr;
    uint32_t fx_mxcsr_mask;
    struct fpaccfx fx_87_ac[8];
    struct xmmreg fx_xmm[16];
    uint8_t fx_rsvd[96];
} __aligned(16);
struct xsave_header {
    uint8_t xsh_fxsave[512];
    uint64_t xsh_xstate_bv;
    uint64_t xsh_xcomp_bv;
    uint8_t xsh_rsrvd[8];
    uint8_t xsh_reserved[40];
};
struct xsave_ymm {
    struct ymmreg xs_ymm[16];
};
struct xsave_opmask {
    uint64_t xs_k[8];
};
struct xsave_zmm_hi256 {
    struct zmmreg xs_zmm[16];
};
struct xsave_hi16_zmm {
    struct hi16_zmmreg xs_hi16_zmm[16];
};
struct xstate {
    uint64_t xs_rfbm;
    uint64_t xs_xstate_bv;
    struct fxsave xs_fxsave;
    struct xsave_ymm xs_ymm_hi128;
    struct xsave_opmask xs_opmask;
    struct xsave_zmm_hi256 xs_zmm_hi256;
    struct xsave_hi16_zmm xs_hi16_zmm;
};
union savefpu {
    struct save87 sv_87;
    struct fxsave sv_xmm;
};

/* Given by the compiler. */
#define __NetBSD_Version__ 1001000000

/* <machine/mcontext.h> */
#define _UC_UCONTEXT_ALIGN -16
#define _UC_TLSBASE 524288
#define _UC_XSAVE 1048576
#define _UC_SETSTACK 65536
#define _UC_CLRSTACK 131072

/* <machine/ptrace.h> */
#define PT_STEP 32
#define PT_GETREGS 33
#define PT_SETREGS 34
#define PT_GETFPREGS 35
#define PT_SETFPREGS 36
#define PTRACE_BREAKPOINT_SIZE 1
#define PTRACE_BREAKPOINT_ADJ 1

/* <x86/cpu_extended_state.h> */
#define XSAVE_ALIGN 64
#define EN_SW_INVOP 0x0001
#define EN_SW_DENORM 0x0002
#define EN_SW_ZERODIV 0x0004
#define EN_SW_OVERFLOW 0x0008
#define EN_SW_UNDERFLOW 0x0010
#define EN_SW_PRECLOSS 0x0020
#define EN_SW_STACK_FAULT 0x0040
#define EN_SW_ERROR_SUMMARY 0x0080
#define EN_SW_CTL_PREC 0x0300
#define EN_SW_PREC_24 0x0000
#define EN_SW_PREC_53 0x0200
#define EN_SW_PREC_64 0x0300
#define EN_SW_CTL_ROUND 0x0c00
#define EN_SW_ROUND_EVEN 0x0000
#define EN_SW_ROUND_DOWN 0x0400
#define EN_SW_ROUND_UP 0x0800
#define EN_SW_ROUND_ZERO 0x0c00
#define EN_SW_CTL_INF 0x1000
