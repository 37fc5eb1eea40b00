/* See cpu.h. */
#include "cpu.h"

#include <string.h>

#include "protocol.h"

#define GS_BASE 17
#define KERNEL_GS_BASE 18
#define REGISTERS 19

static const char *const register_names[REGISTERS] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",
    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "cr3", "gs_base", "k_gs_base",
};

static struct qemu_plugin_register *registers[CPUS_MAX][REGISTERS];
/* What was read last: made once, for reads are many. */
static GByteArray *register_bytes;

unsigned int cpu_count;
/* Where each CPU has its own data in the kernel; the agent says which is whose. */
static uint64_t cpu_data[CPUS_MAX];

void add_cpu(unsigned int cpu)
{
    GArray *found = qemu_plugin_get_registers();
    if (cpu >= CPUS_MAX || found == NULL) {
        report_problem(PROBLEM_REGISTERS);
        return;
    }
    if (register_bytes == NULL) register_bytes = g_byte_array_new();
    if (cpu_count <= cpu) cpu_count = cpu + 1;
    const qemu_plugin_reg_descriptor *descriptors = (const qemu_plugin_reg_descriptor *)found->data;
    for (unsigned int at = 0; at < found->len; at++) {
        for (int number = 0; number < REGISTERS; number++) {
            if (strcmp(descriptors[at].name, register_names[number]) == 0) {
                registers[cpu][number] = descriptors[at].handle;
            }
        }
    }
}

uint64_t read_register(unsigned int reported, int number)
{
    uint64_t value = 0;
    struct qemu_plugin_register *handle = registers[reported][number];
    if (handle == NULL) {
        report_problem(PROBLEM_REGISTERS);
        return 0;
    }
    g_byte_array_set_size(register_bytes, 0);
    qemu_plugin_read_register(handle, register_bytes);
    unsigned int length = register_bytes->len;
    if (length == 0) report_problem(PROBLEM_REGISTERS);
    memcpy(&value, register_bytes->data, length < 8 ? length : 8);
    return value;
}

/* The address of the CPU's own data is in one register while in the kernel, in the other while in user space. */
static uint64_t own_data(unsigned int reported)
{
    uint64_t base = read_register(reported, GS_BASE);
    return base >= USER_END ? base : read_register(reported, KERNEL_GS_BASE);
}

unsigned int running_cpu(unsigned int reported)
{
    if (cpu_count == 1) return reported;
    uint64_t data = own_data(reported);
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        if (cpu_data[cpu] == data) return cpu;
    }
    report_problem(PROBLEM_CPU);
    return reported;
}

void name_cpu(unsigned int reported, uint64_t number)
{
    if (number < CPUS_MAX) cpu_data[number] = own_data(reported);
}

enum qemu_plugin_cb_flags access_for_running_cpu(void)
{
    return cpu_count > 1 ? QEMU_PLUGIN_CB_R_REGS : QEMU_PLUGIN_CB_NO_REGS;
}
