/* The pool of thunks and their common part, for the System V calling convention. See thunks.h.
 *
 * CFI is given for every instruction, so gdb, _Unwind_* and profilers walk through; with CET every entry
 * is a landing pad and every return goes where its call came from. */
#if defined(__x86_64__)
#include "thunks_layout.h"
#if defined(__CET__)
#include <cet.h>
#endif

/* The frame of mg_thunk_common, from %rbp down. Its size keeps %rsp a multiple of 16. */
#define FRAME_SIZE 160
#define CALL (-FRAME_SIZE)
#define INTEGERS (CALL + MG_CALL_SIZE)
#define FLOATS (INTEGERS + 5 * 8)
#define INTEGER_RESULT (FLOATS + 8 * 8)
#define FLOAT_RESULT (INTEGER_RESULT + 8)

        .text
        .balign MG_THUNK_CODE_SIZE
        .globl mg_thunk_pool
        .hidden mg_thunk_pool
        .type mg_thunk_pool, @function
mg_thunk_pool:
        .cfi_startproc
        .set index, 0
        .rept MG_THUNKS
        endbr64
        movl $index, %r11d
        jmp mg_thunk_common
        .balign MG_THUNK_CODE_SIZE
        .set index, index + 1
        .endr
        .cfi_endproc
        .size mg_thunk_pool, . - mg_thunk_pool

/* %r11: the index. Everything else is as the JVM left it for the native method. */
        .type mg_thunk_common, @function
mg_thunk_common:
        .cfi_startproc
        pushq %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq $FRAME_SIZE, %rsp

        leaq mg_thunks(%rip), %rax
        shlq $MG_THUNK_SIZE_LOG2, %r11
        addq %rax, %r11
        movq %r11, CALL+MG_CALL_THUNK(%rbp)
        movq %rdi, CALL+MG_CALL_ENV(%rbp)
        movq %rsi, INTEGERS(%rbp)
        movq %rdx, INTEGERS+8(%rbp)
        movq %rcx, INTEGERS+16(%rbp)
        movq %r8, INTEGERS+24(%rbp)
        movq %r9, INTEGERS+32(%rbp)
        movsd %xmm0, FLOATS(%rbp)
        movsd %xmm1, FLOATS+8(%rbp)
        movsd %xmm2, FLOATS+16(%rbp)
        movsd %xmm3, FLOATS+24(%rbp)
        movsd %xmm4, FLOATS+32(%rbp)
        movsd %xmm5, FLOATS+40(%rbp)
        movsd %xmm6, FLOATS+48(%rbp)
        movsd %xmm7, FLOATS+56(%rbp)

        leaq CALL(%rbp), %rdi
        call mg_boundary_enter
        testb %al, %al
        jz 3f

        /* The arguments on the stack, last one first, at the end of an even number of words. */
        movq CALL+MG_CALL_THUNK(%rbp), %r11
        movl MG_THUNK_STACK_WORDS(%r11), %ecx
        testb $1, %cl
        jz 1f
        subq $8, %rsp
1:      testl %ecx, %ecx
        jz 2f
        pushq 8(%rbp,%rcx,8)
        decl %ecx
        jmp 1b

2:      movq CALL+MG_CALL_ENV(%rbp), %rdi
        movq INTEGERS(%rbp), %rsi
        movq INTEGERS+8(%rbp), %rdx
        movq INTEGERS+16(%rbp), %rcx
        movq INTEGERS+24(%rbp), %r8
        movq INTEGERS+32(%rbp), %r9
        movsd FLOATS(%rbp), %xmm0
        movsd FLOATS+8(%rbp), %xmm1
        movsd FLOATS+16(%rbp), %xmm2
        movsd FLOATS+24(%rbp), %xmm3
        movsd FLOATS+32(%rbp), %xmm4
        movsd FLOATS+40(%rbp), %xmm5
        movsd FLOATS+48(%rbp), %xmm6
        movsd FLOATS+56(%rbp), %xmm7
        call *MG_THUNK_FUNCTION(%r11)

        movq %rax, INTEGER_RESULT(%rbp)
        movsd %xmm0, FLOAT_RESULT(%rbp)
        leaq CALL(%rbp), %rdi
        call mg_boundary_leave
        movq INTEGER_RESULT(%rbp), %rax
        movsd FLOAT_RESULT(%rbp), %xmm0
        .cfi_remember_state
        leave
        .cfi_restore %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_restore_state

        /* An exception is pending: the JVM does not look at the result. */
3:      xorl %eax, %eax
        xorps %xmm0, %xmm0
        leave
        .cfi_restore %rbp
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size mg_thunk_common, . - mg_thunk_common
#endif

        .section .note.GNU-stack, "", @progbits
