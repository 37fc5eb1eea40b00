/*
 * The QEMU plugin: writes one record for every store, write-back and fence of the guest that concerns the
 * pmem range, in the order in which its one emulating thread executes them, and stops the guest at
 * hypercalls of the agent until the controller has answered through the control page.
 *
 * Once the guest has booted, every store of it is instrumented all the time, and the first thing a callback
 * does is to look whether the trace is on: switching instrumentation itself would translate the guest's code
 * anew each time. That happens once, before the first command: what booting left among the translated code
 * would only be in the way of the rest in the processor's caches. There is one emulating thread
 * (thread=single), hence no lock.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cpu.h"
#include "instruction.h"
#include "protocol.h"
#include "qemu-api.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = QEMU_API_VERSION;

/* Where nokaslr and four-level page tables put the direct map of physical memory. */
#define DIRECT_MAP 0xffff888000000000ull
#define PAGE_BYTES 4096

static const uint8_t *ram;
static uint64_t ram_bytes;
static struct record *trace;
static struct control *control;
/* A byte for each page of pmem, set also while the trace is off; cleared by the controller. */
static uint8_t *dirty;
static bool tracing;
static qemu_plugin_id_t plugin;
/* Whether stores are looked at. */
static bool booted;
/* Per CPU: whether anything was recorded that an sfence, and that a locked instruction, would order. */
static bool unfenced[CPUS_MAX];
static bool unlocked[CPUS_MAX];

void report_problem(uint32_t which)
{
    if (control->problems++ == 0) control->problem = which;
}

static struct record *append(uint8_t kind, unsigned int cpu)
{
    static struct record nowhere;
    struct record *record = &nowhere;
    if (control->records < control->capacity) record = &trace[control->records++];
    else control->overflow++;
    record->kind = kind;
    record->cpu = cpu;
    return record;
}

static bool any(const bool *of_cpus)
{
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        if (of_cpus[cpu]) return true;
    }
    return false;
}

/* --- stores -------------------------------------------------------------------------------------- */

/* The program counter and whether the store is non-temporal, in one pointer; kernel addresses keep their sign. */
static void *pack(uint64_t pc, bool non_temporal)
{
    return (void *)(pc << 1 | non_temporal);
}

static void mark_dirty(uint32_t offset, unsigned int length)
{
    dirty[offset / PAGE_BYTES] = 1;
    dirty[(offset + length - 1) / PAGE_BYTES] = 1;
}

static void append_store(unsigned int reported, uint32_t offset, const uint8_t *bytes, unsigned int length,
                         void *packed)
{
    unsigned int cpu = running_cpu(reported);
    mark_dirty(offset, length);
    struct record *record = append(RECORD_STORE, cpu);
    uint64_t words[2] = {0, 0};
    memcpy(words, bytes, length);
    record->length = length;
    record->how = (uintptr_t)packed & 1 ? STORE_NON_TEMPORAL : 0;
    record->number = offset;
    record->pc = (uint64_t)((int64_t)packed >> 1);
    record->low = words[0];
    record->high = words[1];
    unfenced[cpu] = unlocked[cpu] = true;
}

/* A store through a user address: the pages that it touches may lie anywhere. */
static void user_store(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address,
                       const uint8_t *bytes, unsigned int length, void *packed)
{
    while (length > 0) {
        unsigned int room = PAGE_BYTES - (address & (PAGE_BYTES - 1));
        unsigned int part = length < room ? length : room;
        struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
        if (place == NULL) {
            report_problem(PROBLEM_ADDRESS);
        } else if (!qemu_plugin_hwaddr_is_io(place)) {
            uint64_t offset = qemu_plugin_hwaddr_phys_addr(place) - PMEM_BASE;
            if (offset < PMEM_BYTES) append_store(cpu, offset, bytes, part, packed);
        }
        address += part;
        bytes += part;
        length -= part;
    }
}

static void on_store(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *packed)
{
    uint64_t offset = address - (DIRECT_MAP + PMEM_BASE);
    /* The kernel reaches pmem through the direct map only. */
    bool direct = offset < PMEM_BYTES;
    if (!direct && (!tracing || address >= USER_END)) return;
    unsigned int shift = qemu_plugin_mem_size_shift(info);
    if (shift > 4) {
        report_problem(PROBLEM_WIDE);
        return;
    }
    unsigned int length = 1u << shift;
    if (direct && length > PMEM_BYTES - offset) length = PMEM_BYTES - offset;
    if (!tracing) {
        mark_dirty(offset, length);
        return;
    }
    qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
    const uint8_t *bytes = (const uint8_t *)&value.data;
    if (direct) {
        append_store(cpu, offset, bytes, length, packed);
    } else {
        user_store(cpu, info, address, bytes, length, packed);
    }
}

/* --- flushes and fences --------------------------------------------------------------------------- */

/* Walks the guest's page tables; false where nothing is mapped. */
static bool translate(unsigned int cpu, uint64_t address, uint64_t *physical)
{
    const uint64_t frame = 0x000ffffffffff000ull;
    if (address - DIRECT_MAP < ram_bytes) {
        *physical = address - DIRECT_MAP;
        return true;
    }
    uint64_t table = read_register(cpu, CR3) & frame;
    for (int shift = 39; shift >= 12; shift -= 9) {
        uint64_t entry;
        uint64_t at = table + ((address >> shift) & 511) * 8;
        if (at + 8 > ram_bytes) return false;
        memcpy(&entry, ram + at, 8);
        if ((entry & 1) == 0) return false;
        if (shift == 12 || (shift < 39 && (entry & 0x80) != 0)) {
            uint64_t mask = (1ull << shift) - 1;
            *physical = (entry & frame & ~mask) | (address & mask);
            return true;
        }
        table = entry & frame;
    }
    return false;
}

/* A flush instruction, decoded once when it is translated. */
struct flush {
    struct flush *next;
    uint64_t pc;
    uint64_t end;
    struct instruction instruction;
};

static void on_flush(unsigned int cpu, void *data)
{
    const struct flush *flush = data;
    const struct instruction *instruction = &flush->instruction;
    if (!tracing) return;
    if (!instruction->operand) {
        report_problem(PROBLEM_OPERAND);
        return;
    }
    uint64_t address = instruction->displacement;
    uint64_t physical;
    if (instruction->relative) address += flush->end;
    if (instruction->base != NO_REGISTER) address += read_register(cpu, instruction->base);
    if (instruction->index != NO_REGISTER) {
        address += read_register(cpu, instruction->index) * instruction->scale;
    }
    /* Where nothing is mapped the instruction faults, and is executed again if the fault is mended. */
    if (!translate(cpu, address, &physical) || physical - PMEM_BASE >= PMEM_BYTES) return;
    cpu = running_cpu(cpu);
    struct record *record = append(RECORD_FLUSH, cpu);
    record->length = 64;
    record->how = instruction->how;
    record->number = (physical - PMEM_BASE) & ~63ull;
    record->pc = flush->pc;
    record->low = record->high = 0;
    unfenced[cpu] = unlocked[cpu] = true;
}

/* A fence after a fence says nothing new; the kernel executes thousands of locked instructions. */
static void on_fence(unsigned int cpu, uint64_t pc, uint8_t how)
{
    const bool *unordered = how == FENCE_LOCKED ? unlocked : unfenced;
    if (!tracing || !any(unordered)) return;
    cpu = running_cpu(cpu);
    if (!unordered[cpu]) return;
    struct record *record = append(RECORD_FENCE, cpu);
    record->length = 0;
    record->how = how;
    record->number = 0;
    record->pc = pc;
    record->low = record->high = 0;
    unlocked[cpu] = false;
    if (how != FENCE_LOCKED) unfenced[cpu] = false;
}

static void on_sfence(unsigned int cpu, void *pc) { on_fence(cpu, (uint64_t)pc, FENCE_SFENCE); }
static void on_mfence(unsigned int cpu, void *pc) { on_fence(cpu, (uint64_t)pc, FENCE_MFENCE); }
static void on_locked(unsigned int cpu, void *pc) { on_fence(cpu, (uint64_t)pc, FENCE_LOCKED); }

/* --- hypercalls ----------------------------------------------------------------------------------- */

static void nap(unsigned int round)
{
    long microseconds = round < 100 ? 20 : round < 400 ? 100 : 1000;
    struct timespec time = {0, microseconds * 1000};
    nanosleep(&time, NULL);
}

/* Stops the guest until the controller has answered. If it is gone, so is this process (see install). */
static void ask(uint32_t call)
{
    if (!booted) {
        fputs("daxfuzz plugin: the guest was not ready\n", stderr);
        abort();
    }
    control->call = call;
    uint32_t number = control->request + 1;
    __atomic_store_n(&control->request, number, __ATOMIC_SEQ_CST);
    for (unsigned int round = 0;; round++) {
        for (int spin = 0; spin < 400; spin++) {
            if (__atomic_load_n(&control->reply, __ATOMIC_SEQ_CST) == number) return;
            __builtin_ia32_pause();
        }
        nap(round);
    }
}

static void append_mark(unsigned int cpu, uint8_t kind)
{
    uint64_t packed = read_register(cpu, RSI);
    struct record *record = append(kind, running_cpu(cpu));
    record->length = packed;
    record->how = packed >> 8;
    record->number = packed >> 32;
    record->pc = read_register(cpu, RDX);
    record->low = read_register(cpu, RCX);
    record->high = read_register(cpu, R8);
}

static void on_boot(qemu_plugin_id_t id);

static void on_hypercall(unsigned int cpu, void *data)
{
    (void)data;
    uint32_t call = read_register(cpu, RDI);
    if (call >= CALL_MARK) {
        if (tracing) append_mark(cpu, call - CALL_MARK);
        return;
    }
    if (call == CALL_PROBLEM) {
        report_problem(read_register(cpu, RSI));
        return;
    }
    if (call == CALL_CPU) {
        name_cpu(cpu, read_register(cpu, RSI));
        return;
    }
    if (call == CALL_READY) {
        qemu_plugin_reset(plugin, on_boot);
        return;
    }
    if (call == CALL_LISTED) {
        __atomic_fetch_add(&control->listed, 1, __ATOMIC_SEQ_CST);
        return;
    }
    tracing = false;
    ask(call);
    if (call != CALL_BEGIN) return;
    control->records = control->overflow = control->problems = control->problem = 0;
    /* What was stored before the trace may still need its fence. */
    memset(unfenced, true, sizeof unfenced);
    memset(unlocked, true, sizeof unlocked);
    tracing = true;
}

/* --- translation ---------------------------------------------------------------------------------- */

/* Translated blocks keep pointers to these for ever, and the same instruction is translated often. */
static struct flush *flush_at(uint64_t pc, size_t length, const struct instruction *instruction)
{
    static struct flush *all;
    struct flush *flush = all;
    while (flush != NULL && (flush->pc != pc || flush->end != pc + length ||
                             memcmp(&flush->instruction, instruction, sizeof *instruction) != 0)) {
        flush = flush->next;
    }
    if (flush != NULL) return flush;
    flush = calloc(1, sizeof *flush);
    if (flush == NULL) abort();
    flush->next = all;
    flush->pc = pc;
    flush->end = pc + length;
    flush->instruction = *instruction;
    all = flush;
    return flush;
}

static void instrument(struct qemu_plugin_insn *insn)
{
    static const execute_callback fences[] = {
        [FENCE_SFENCE] = on_sfence, [FENCE_MFENCE] = on_mfence, [FENCE_LOCKED] = on_locked};
    enum qemu_plugin_cb_flags access = access_for_running_cpu();
    uint8_t bytes[16];
    size_t length = qemu_plugin_insn_data(insn, bytes, sizeof bytes);
    uint64_t pc = qemu_plugin_insn_vaddr(insn);
    struct instruction instruction = decode_instruction(bytes, length);
    if (instruction.kind == INSTRUCTION_FLUSH) {
        void *flush = flush_at(pc, length, &instruction);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_flush, QEMU_PLUGIN_CB_R_REGS, flush);
    } else if (instruction.kind == INSTRUCTION_FENCE) {
        execute_callback callback = fences[instruction.how];
        qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, access, (void *)pc);
    } else if (instruction.kind == INSTRUCTION_HYPERCALL) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_hypercall, QEMU_PLUGIN_CB_R_REGS, NULL);
    }
    if (instruction.kind == INSTRUCTION_STACK) return;
    void *packed = pack(pc, instruction.kind == INSTRUCTION_NON_TEMPORAL);
    qemu_plugin_register_vcpu_mem_cb(insn, on_store, access, QEMU_PLUGIN_MEM_W, packed);
}

/* Before the guest has booted, only the agent is heard. */
static void instrument_hypercall(struct qemu_plugin_insn *insn)
{
    uint8_t bytes[16];
    size_t length = qemu_plugin_insn_data(insn, bytes, sizeof bytes);
    if (decode_instruction(bytes, length).kind != INSTRUCTION_HYPERCALL) return;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, on_hypercall, QEMU_PLUGIN_CB_R_REGS, NULL);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    for (size_t index = 0; index < count; index++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, index);
        if (booted) instrument(insn);
        else instrument_hypercall(insn);
    }
}

/* Nothing that was translated before is left. */
static void on_boot(qemu_plugin_id_t id)
{
    booted = true;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

/* --- start ---------------------------------------------------------------------------------------- */

static void on_vcpu(qemu_plugin_id_t id, unsigned int cpu)
{
    (void)id;
    add_cpu(cpu);
    prctl(PR_SET_TIMERSLACK, 1000);
}

static void *map_fd(int fd, uint64_t *length)
{
    struct stat status;
    if (fstat(fd, &status) != 0) return NULL;
    void *mapped = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    *length = status.st_size;
    return mapped == MAP_FAILED ? NULL : mapped;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    uint64_t length;
    (void)argc;
    (void)argv;
    plugin = id;
    if (!info->system_emulation || strcmp(info->target_name, "x86_64") != 0) return -1;
    /* A guest whose controller has gone would wait for ever; the kernel ends it even after kill -9. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() == 1) return -1;
    ram = map_fd(FD_RAM, &ram_bytes);
    control = map_fd(FD_CONTROL, &length);
    trace = map_fd(FD_TRACE, &length);
    dirty = (uint8_t *)control + AT_DIRTY;
    if (ram == NULL || control == NULL || trace == NULL) return -1;
    qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    __atomic_store_n(&control->magic, CONTROL_MAGIC, __ATOMIC_SEQ_CST);
    return 0;
}
