/*
 * What an x86-64 instruction means to persistency: a flush and of which operand, a fence, a non-temporal
 * store, a hypercall, or nothing. Decodes only as much as that takes; stores themselves are reported by QEMU.
 */
#ifndef DAXFUZZ_INSTRUCTION_H
#define DAXFUZZ_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum instruction_kind {
    INSTRUCTION_OTHER,
    INSTRUCTION_FLUSH,
    INSTRUCTION_FENCE,
    INSTRUCTION_NON_TEMPORAL,
    INSTRUCTION_HYPERCALL,
    /* Stores to the stack and nowhere else: no stack is in pmem. Most stores of a kernel are of this kind. */
    INSTRUCTION_STACK,
};

#define NO_REGISTER (-1)

struct instruction {
    enum instruction_kind kind;
    int how;       /* FLUSH_... or FENCE_... */
    bool operand;  /* of a flush: whether the following was understood */
    int base;      /* register number or NO_REGISTER */
    int index;     /* register number or NO_REGISTER */
    int scale;     /* 1, 2, 4, 8 */
    bool relative; /* to the end of the instruction */
    int64_t displacement;
};

struct instruction decode_instruction(const uint8_t *bytes, size_t length);

#endif
