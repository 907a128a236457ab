//! The very first instructions, before the C library's: what `runtime::protect` does, in
//! its most usual case.
//!
//! The runtime starts twice, the second time from a mount of its file that nobody can
//! write to. All that a program does before its first line it would do twice, then: ask
//! the processor for its features (which on a virtual machine asks the host, thirty
//! times), choose functions by them, look for its stack. A third of a millisecond, for a
//! process that is to execute itself at once. So the second start is made right here, by
//! four system calls in a row. If one is refused, nothing has happened: the C library's
//! `_start` comes next, and `protect` does what it does everywhere, with words for what
//! goes wrong. And it is `protect` that believes nothing, and looks again.
//!
//! At its entry a program's stack has the count of its words, their addresses, a zero, the
//! addresses of its environment and a zero (x86-64 psABI, section 3.4.1). A system call
//! takes its number in `eax`, and `rdi`, `rsi`, `rdx`, `r10`, `r8`; it answers in `rax`,
//! below zero with an error (syscall(2)).

#![expect(unsafe_code, reason = "instructions that no compiler has checked")]

// SAFETY: it writes below the stack pointer that the kernel has left, where nothing is
// yet, and to four registers that a program's entry may use as it likes; and it hands on to
// `_start` the two that this one reads, as they were.
std::arch::global_asm!(
    ".pushsection .text.skiff_begin, \"ax\", @progbits",
    ".globl skiff_begin",
    "skiff_begin:",
    "    mov r12, rdx",       // the kernel's word for _start: to be kept
    "    mov r13, rsp",       // as is the stack
    "    lea rbx, [rsp + 8]", // the words
    "    mov rax, [rsp]",
    "    lea r14, [rbx + 8 * rax + 8]", // the environment
    "    mov rsi, rbx",
    // A verb that makes processes? Four letters are enough: if it was another word, the
    // second start is in vain, and harmless.
    "2:  mov rax, [rsi]",
    "    test rax, rax",
    "    jz 4f", // none: as usual
    "    mov eax, [rax]",
    "    add rsi, 8",
    "    cmp eax, 0x006e7572", // "run\0"
    "    je 3f",
    "    cmp eax, 0x61657263", // "crea"
    "    je 3f",
    "    cmp eax, 0x63657865", // "exec"
    "    jne 2b",
    "3:  sub rsp, 32",
    // readlink("/proc/self/exe"): one letter, "/", is a mount without a place: as usual.
    "    mov eax, 89",
    "    lea rdi, [rip + 5f]",
    "    mov rsi, rsp",
    "    mov edx, 2",
    "    syscall",
    "    cmp rax, 1",
    "    je 4f",
    // open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
    "    mov eax, 428",
    "    mov edi, -100",
    "    lea rsi, [rip + 5f]",
    "    mov edx, 0x80001",
    "    syscall",
    "    test eax, eax",
    "    js 4f",
    "    mov ebp, eax",
    // mount_setattr(it, "", AT_EMPTY_PATH, {attr_set: MOUNT_ATTR_RDONLY, 0, 0, 0}, 32)
    "    mov qword ptr [rsp], 1",
    "    mov qword ptr [rsp + 8], 0",
    "    mov qword ptr [rsp + 16], 0",
    "    mov qword ptr [rsp + 24], 0",
    "    mov eax, 442",
    "    mov edi, ebp",
    "    lea rsi, [rip + 6f]",
    "    mov edx, 0x1000",
    "    mov r10, rsp",
    "    mov r8d, 32",
    "    syscall",
    "    test eax, eax",
    "    jnz 4f",
    // execveat(it, "", the words, the environment, AT_EMPTY_PATH)
    "    mov eax, 322",
    "    mov edi, ebp",
    "    lea rsi, [rip + 6f]",
    "    mov rdx, rbx",
    "    mov r10, r14",
    "    mov r8d, 0x1000",
    "    syscall",
    "4:  mov rsp, r13",
    "    mov rdx, r12",
    "    jmp _start",
    "5:  .ascii \"/proc/self/exe\"", // and its end is the next zero
    "6:  .byte 0",
    ".popsection",
);
