/* The threads of a program and the markers around its operations; see agent.h. */
#include "agent.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thread {
    pthread_t handle;
    unsigned number;
    int root;
    int started;
};

static struct thread threads[THREADS_MAX];
/* A copy: the mailbox is not cached memory in a real machine, and not for the program to depend on. */
static struct op ops[OPS_MAX];
static uint32_t op_count;

/* These neither allocate nor free blocks nor change sizes. */
static int keeps_layout(uint8_t code)
{
    switch (code) {
    case OP_OPEN:
    case OP_MMAP:
    case OP_MPROTECT:
    case OP_MUNMAP:
    case OP_USER_FLUSH:
    case OP_PREAD:
    case OP_FADVISE: return 1;
    default: return 0;
    }
}

static int changes_names(uint8_t code)
{
    return code == OP_RENAME || code == OP_LINK || code == OP_UNLINK;
}

/* So that the CPU of a record says which thread caused it. */
int pin_thread(unsigned number)
{
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(number, &cpus);
    return sched_setaffinity(0, sizeof cpus, &cpus);
}

void introduce_cpus(void)
{
    for (unsigned number = 0; pin_thread(number) == 0; number++) hypercall(CALL_CPU, number, 0, 0, 0);
}

static void *run_thread(void *data);

static void start_threads(int root)
{
    for (unsigned number = 1; number < header()->thread_count && number < THREADS_MAX; number++) {
        struct thread *thread = &threads[number];
        *thread = (struct thread){.number = number, .root = root};
        thread->started = pthread_create(&thread->handle, NULL, run_thread, thread) == 0;
        if (!thread->started) report_problem(PROBLEM_THREAD);
    }
}

static void *run_thread(void *data)
{
    const struct thread *thread = data;
    uint32_t done = 0;
    if (pin_thread(thread->number) != 0) report_problem(PROBLEM_THREAD);
    for (uint32_t index = 0; index < op_count; index++) {
        const struct op *op = &ops[index];
        if (op->thread != thread->number) continue;
        if (thread->number == 0 && done++ == header()->spawn_after) start_threads(thread->root);
        mark(RECORD_OP_ENTER, thread->number, 0, op->number, op->code, 0, 0);
        int64_t result = perform(op, thread->root);
        if (changes_names(op->code)) note_names_changed();
        if (!keeps_layout(op->code)) report_layout(thread->number);
        mark(RECORD_OP_EXIT, thread->number, 0, op->number, op->code, result, 0);
    }
    if (thread->number == 0 && done == header()->spawn_after) start_threads(thread->root);
    return NULL;
}

void run_program(int root)
{
    op_count = header()->op_count < OPS_MAX ? header()->op_count : OPS_MAX;
    memcpy(ops, mailbox + AT_OPS, op_count * sizeof ops[0]);
    memset(threads, 0, sizeof threads);
    threads[0].root = root;
    run_thread(&threads[0]);
    for (unsigned number = 1; number < THREADS_MAX; number++) {
        if (threads[number].started) pthread_join(threads[number].handle, NULL);
    }
}
