/* See instruction.h. */
#include "instruction.h"

#include <string.h>

#include "protocol.h"

struct prefixes {
    bool operand_size; /* 66 */
    bool repeat;       /* f2 or f3 */
    bool lock;
    bool unusual; /* another address size or a segment with a base: its operand is not computed */
    uint8_t rex;
    size_t end;
};

static struct prefixes read_prefixes(const uint8_t *bytes, size_t length)
{
    struct prefixes found = {0};
    size_t at = 0;
    for (; at < length; at++) {
        uint8_t byte = bytes[at];
        if (byte == 0x66) found.operand_size = true;
        else if (byte == 0xf2 || byte == 0xf3) found.repeat = true;
        else if (byte == 0xf0) found.lock = true;
        else if (byte == 0x67 || byte == 0x64 || byte == 0x65) found.unusual = true;
        else if (byte != 0x26 && byte != 0x2e && byte != 0x36 && byte != 0x3e) break;
    }
    if (at < length && (bytes[at] & 0xf0) == 0x40) found.rex = bytes[at++];
    found.end = at;
    return found;
}

static int64_t signed_at(const uint8_t *bytes, size_t count)
{
    int32_t wide = 0;
    int8_t narrow = 0;
    if (count == 4) {
        memcpy(&wide, bytes, 4);
        return wide;
    }
    memcpy(&narrow, bytes, 1);
    return narrow;
}

/* The memory operand whose ModRM byte is at `at`. */
static void decode_operand(struct instruction *result, const uint8_t *bytes, size_t length, size_t at,
                           uint8_t rex)
{
    uint8_t modrm = bytes[at++];
    int mode = modrm >> 6;
    int base = modrm & 7;
    size_t displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
    result->base = base | (rex & 1) << 3;
    if (base == 4) {
        if (at >= length) return;
        uint8_t sib = bytes[at++];
        int index = ((sib >> 3) & 7) | (rex & 2) << 2;
        base = sib & 7;
        result->scale = 1 << (sib >> 6);
        result->index = index == 4 ? NO_REGISTER : index;
        result->base = base | (rex & 1) << 3;
        if (base == 5 && mode == 0) {
            result->base = NO_REGISTER;
            displacement = 4;
        }
    } else if (base == 5 && mode == 0) {
        result->base = NO_REGISTER;
        result->relative = true;
        displacement = 4;
    }
    if (at + displacement > length) return;
    if (displacement > 0) result->displacement = signed_at(bytes + at, displacement);
    result->operand = true;
}

static void decode_0fae(struct instruction *result, const uint8_t *bytes, size_t length, size_t at,
                        const struct prefixes *prefixes)
{
    if (at >= length || prefixes->repeat) return;
    int operation = (bytes[at] >> 3) & 7;
    if (bytes[at] >> 6 == 3) {
        if (prefixes->operand_size || operation < 6) return;
        result->kind = INSTRUCTION_FENCE;
        result->how = operation == 7 ? FENCE_SFENCE : FENCE_MFENCE;
        return;
    }
    if (operation == 7) result->how = prefixes->operand_size ? FLUSH_CLFLUSHOPT : FLUSH_CLFLUSH;
    else if (operation == 6 && prefixes->operand_size) result->how = FLUSH_CLWB;
    else return;
    result->kind = INSTRUCTION_FLUSH;
    decode_operand(result, bytes, length, at, prefixes->rex);
    if (prefixes->unusual) result->operand = false;
}

/* movntps/pd, movntdq/q, maskmovdqu/q; movnti has no VEX form. */
static bool is_non_temporal(uint8_t opcode)
{
    return opcode == 0x2b || opcode == 0xe7 || opcode == 0xf7;
}

/* push, call, and moves and arithmetic whose memory operand is based on rsp. */
static bool stores_to_stack(const uint8_t *bytes, size_t length, const struct prefixes *prefixes)
{
    size_t at = prefixes->end;
    if (at >= length || prefixes->unusual || prefixes->lock) return false;
    uint8_t opcode = bytes[at];
    if ((opcode & 0xf8) == 0x50 || opcode == 0x68 || opcode == 0x6a || opcode == 0xe8) return true;
    if (at + 1 >= length) return false;
    uint8_t modrm = bytes[at + 1];
    int operation = (modrm >> 3) & 7;
    if (opcode == 0xff && (operation == 2 || operation == 6)) return true;
    bool moves = opcode == 0x88 || opcode == 0x89 || opcode == 0xc6 || opcode == 0xc7;
    bool computes = (opcode < 0x40 && (opcode & 7) < 2) || (opcode >= 0x80 && opcode <= 0x83);
    if (!moves && !computes) return false;
    if (modrm >> 6 == 3 || (modrm & 7) != 4 || at + 2 >= length) return false;
    return (bytes[at + 2] & 7) == 4 && (prefixes->rex & 1) == 0;
}

struct instruction decode_instruction(const uint8_t *bytes, size_t length)
{
    static const uint8_t hypercall[] = {HYPERCALL_BYTES};
    struct instruction result = {.base = NO_REGISTER, .index = NO_REGISTER, .scale = 1};
    if (length == sizeof hypercall && memcmp(bytes, hypercall, length) == 0) {
        result.kind = INSTRUCTION_HYPERCALL;
        return result;
    }
    struct prefixes prefixes = read_prefixes(bytes, length);
    size_t at = prefixes.end;
    if (prefixes.lock) {
        result.kind = INSTRUCTION_FENCE;
        result.how = FENCE_LOCKED;
    } else if (at + 1 < length && (bytes[at] == 0x86 || bytes[at] == 0x87) && bytes[at + 1] >> 6 != 3) {
        /* xchg with memory locks without saying so. */
        result.kind = INSTRUCTION_FENCE;
        result.how = FENCE_LOCKED;
    } else if (at + 1 < length && bytes[at] == 0x0f) {
        uint8_t opcode = bytes[at + 1];
        if (opcode == 0xae) decode_0fae(&result, bytes, length, at + 2, &prefixes);
        else if (opcode == 0xc3 || is_non_temporal(opcode)) result.kind = INSTRUCTION_NON_TEMPORAL;
    } else if (at + 2 < length && bytes[at] == 0xc5) {
        if (is_non_temporal(bytes[at + 2])) result.kind = INSTRUCTION_NON_TEMPORAL;
    } else if (at + 3 < length && bytes[at] == 0xc4 && (bytes[at + 1] & 31) == 1) {
        if (is_non_temporal(bytes[at + 3])) result.kind = INSTRUCTION_NON_TEMPORAL;
    } else if (stores_to_stack(bytes, length, &prefixes)) {
        result.kind = INSTRUCTION_STACK;
    }
    return result;
}
