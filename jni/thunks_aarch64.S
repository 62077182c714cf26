/* The pool of thunks and their common part, for AAPCS64. See thunks.h; thunks_x86_64.S is its sister.
 *
 * CFI is given for every instruction, and the frame record is where debuggers and the JVM look for it. Entries are landing
 * pads (BTI); return addresses are never written to, so there is nothing to sign. */
#if defined(__aarch64__)
#include "thunks_layout.h"

/* The frame of mg_thunk_common, from x29 up; what the caller put on the stack comes behind it. A multiple of 16. */
#define CALL 16
#define INTEGERS (CALL + MG_CALL_SIZE)
#define FLOATS (INTEGERS + 7 * 8)
#define INTEGER_RESULT (FLOATS + 8 * 8)
#define FLOAT_RESULT (INTEGER_RESULT + 8)
#define FRAME_SIZE (FLOAT_RESULT + 8)

        .text
        .balign MG_THUNK_CODE_SIZE
        .globl mg_thunk_pool
        .hidden mg_thunk_pool
        .type mg_thunk_pool, %function
mg_thunk_pool:
        .cfi_startproc
        .set index, 0
        .rept MG_THUNKS
        hint #34 /* bti c, which older assemblers do not know */
        mov w16, #index
        b mg_thunk_common
        .balign MG_THUNK_CODE_SIZE
        .set index, index + 1
        .endr
        .cfi_endproc
        .size mg_thunk_pool, . - mg_thunk_pool

/* w16: the index. Everything else is as the JVM left it for the native method. */
        .type mg_thunk_common, %function
mg_thunk_common:
        .cfi_startproc
        stp x29, x30, [sp, #-FRAME_SIZE]!
        .cfi_def_cfa_offset FRAME_SIZE
        .cfi_offset x29, -FRAME_SIZE
        .cfi_offset x30, -FRAME_SIZE + 8
        mov x29, sp
        .cfi_def_cfa_register x29

        adrp x17, mg_thunks
        add x17, x17, :lo12:mg_thunks
        add x17, x17, x16, lsl #MG_THUNK_SIZE_LOG2
        str x17, [x29, #CALL + MG_CALL_THUNK]
        str x0, [x29, #CALL + MG_CALL_ENV]
        stp x1, x2, [x29, #INTEGERS]
        stp x3, x4, [x29, #INTEGERS + 16]
        stp x5, x6, [x29, #INTEGERS + 32]
        str x7, [x29, #INTEGERS + 48]
        stp d0, d1, [x29, #FLOATS]
        stp d2, d3, [x29, #FLOATS + 16]
        stp d4, d5, [x29, #FLOATS + 32]
        stp d6, d7, [x29, #FLOATS + 48]

        add x0, x29, #CALL
        bl mg_boundary_enter
        tst w0, #0xff
        b.eq 3f

        /* The arguments on the stack, last one first, in room of an even number of words. */
        ldr x17, [x29, #CALL + MG_CALL_THUNK]
        ldr w9, [x17, #MG_THUNK_STACK_WORDS]
        add w10, w9, #1
        and w10, w10, #~1
        sub sp, sp, w10, uxtw #3
        add x11, x29, #FRAME_SIZE
1:      cbz w9, 2f
        sub w9, w9, #1
        ldr x12, [x11, w9, uxtw #3]
        str x12, [sp, w9, uxtw #3]
        b 1b

2:      ldr x0, [x29, #CALL + MG_CALL_ENV]
        ldp x1, x2, [x29, #INTEGERS]
        ldp x3, x4, [x29, #INTEGERS + 16]
        ldp x5, x6, [x29, #INTEGERS + 32]
        ldr x7, [x29, #INTEGERS + 48]
        ldp d0, d1, [x29, #FLOATS]
        ldp d2, d3, [x29, #FLOATS + 16]
        ldp d4, d5, [x29, #FLOATS + 32]
        ldp d6, d7, [x29, #FLOATS + 48]
        ldr x16, [x17, #MG_THUNK_FUNCTION]
        blr x16

        str x0, [x29, #INTEGER_RESULT]
        str d0, [x29, #FLOAT_RESULT]
        add x0, x29, #CALL
        bl mg_boundary_leave
        ldr x0, [x29, #INTEGER_RESULT]
        ldr d0, [x29, #FLOAT_RESULT]
        b 4f

        /* An exception is pending: the JVM does not look at the result. */
3:      mov x0, #0
        movi d0, #0
4:      mov sp, x29
        .cfi_def_cfa_register sp
        ldp x29, x30, [sp], #FRAME_SIZE
        .cfi_restore x29
        .cfi_restore x30
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size mg_thunk_common, . - mg_thunk_common

/* This code may be linked into what is protected by BTI: GNU_PROPERTY_AARCH64_FEATURE_1_AND. */
        .section .note.gnu.property, "a"
        .balign 8
        .long 4, 16, 5
        .asciz "GNU"
        .long 0xc0000000, 4, 1, 0
#endif

        .section .note.GNU-stack, "", %progbits
