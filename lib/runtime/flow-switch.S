/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* What a called function has to preserve is pushed on the old stack and popped from the new one.
 * The frame's layout is known to flow-switch-assembly.c. */

	.text

#if defined (__x86_64__)

/* rdi: where the old stack's pointer goes; rsi: the new stack's pointer. */
	.globl	usher_flow_switch
	.hidden	usher_flow_switch
	.type	usher_flow_switch, @function
	.p2align 4
usher_flow_switch:
	.cfi_startproc
#ifdef __CET__
	endbr64
#endif
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	popq	%rcx			/* the processor would take a ret back to the old stack */
	.cfi_adjust_cfa_offset -8
	.cfi_register rip, rcx
	notrack jmp *%rcx
	.cfi_endproc
	.size	usher_flow_switch, . - usher_flow_switch

/* The outermost frame of a new stack. rbx: the function to call. */
	.globl	usher_flow_switch_start
	.hidden	usher_flow_switch_start
	.type	usher_flow_switch_start, @function
	.p2align 4
usher_flow_switch_start:
	.cfi_startproc
	.cfi_undefined rip
	xorl	%ebp, %ebp
	callq	*%rbx
	ud2
	.cfi_endproc
	.size	usher_flow_switch_start, . - usher_flow_switch_start

#elif defined (__aarch64__)

/* x0: where the old stack's pointer goes; x1: the new stack's pointer. */
	.globl	usher_flow_switch
	.hidden	usher_flow_switch
	.type	usher_flow_switch, %function
	.p2align 4
usher_flow_switch:
	.cfi_startproc
	hint	#34			/* bti c */
	sub	sp, sp, #176
	.cfi_adjust_cfa_offset 176
	stp	x19, x20, [sp, #0]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	.cfi_rel_offset x29, 80
	.cfi_rel_offset x30, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr
	str	x9, [sp, #160]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldr	x9, [sp, #160]
	msr	fpcr, x9
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x29, x30, [sp, #80]
	ldp	x27, x28, [sp, #64]
	ldp	x25, x26, [sp, #48]
	ldp	x23, x24, [sp, #32]
	ldp	x21, x22, [sp, #16]
	ldp	x19, x20, [sp, #0]
	add	sp, sp, #176
	.cfi_adjust_cfa_offset -176
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	usher_flow_switch, . - usher_flow_switch

/* The outermost frame of a new stack. x19: the function to call. */
	.globl	usher_flow_switch_start
	.hidden	usher_flow_switch_start
	.type	usher_flow_switch_start, %function
	.p2align 4
usher_flow_switch_start:
	.cfi_startproc
	.cfi_undefined x30
	blr	x19
	brk	#0
	.cfi_endproc
	.size	usher_flow_switch_start, . - usher_flow_switch_start

#endif

	.section .note.GNU-stack, "", %progbits
