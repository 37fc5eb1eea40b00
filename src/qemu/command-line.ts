/** The words with which QEMU is started; see README.md for why each is there. */
import { FD, MAILBOX_BASE, MAILBOX_BYTES, PMEM_BASE, PMEM_BYTES } from './protocol.js';
import { hex } from '../support/units.js';

export const RAM_BYTES = 512 * 1024 * 1024;

export interface MachineOptions {
  /** Emulated by one thread in turn, so that the trace is one total order. */
  readonly cpus: 1 | 2;
  /** Instruction counting: the same program gives the same trace; 2^shift ns an instruction. */
  readonly icountShift: number | null;
}

export const inherited = (fd: number): string => `/proc/self/fd/${fd}`;

function kernelArguments(): string {
  return [
    'console=ttyS0',
    'quiet',
    // An oops ends QEMU (-no-reboot), with its text on the console.
    'oops=panic',
    'panic=-1',
    // The plugin compares with the direct map's fixed address and walks page tables from cr3.
    'nokaslr',
    'mitigations=off',
    // Accounting, zeroing and checking that has nothing to do with file systems: a tenth of a mount.
    ...['psi=0', 'init_on_alloc=0', 'cgroup_disable=memory', 'audit=0', 'lsm=capability'],
    ...['hardened_usercopy=off', 'randomize_kstack_offset=off'],
    // A guest that waits for its controller is not stuck.
    'nowatchdog',
    // A single CPU would patch LOCK prefixes out of the kernel, and their fences out of the trace.
    'noreplace-smp',
    // Mounting waits for RCU grace periods, which otherwise take timer ticks.
    'rcupdate.rcu_expedited=1',
    `memmap=${PMEM_BYTES >> 20}M!${hex(PMEM_BASE)}`,
    `memmap=${MAILBOX_BYTES >> 20}M$${hex(MAILBOX_BASE)}`,
  ].join(' ');
}

function accelerator(options: MachineOptions): string[] {
  const one = ['-accel', 'tcg,thread=single'];
  if (options.icountShift === null) return one;
  return [
    ...one,
    '-icount',
    `shift=${options.icountShift},sleep=off`,
    '-rtc',
    'base=2024-01-01T00:00:00,clock=vm',
  ];
}

export function machineArguments(
  kernel: string,
  plugin: string,
  options: MachineOptions,
  /** From a snapshot; else it boots. */
  goesOn: boolean,
): readonly string[] {
  const random = options.icountShift === null ? '' : ',-rdrand,-rdseed';
  const ram = `${RAM_BYTES >> 20}M`;
  return [
    ...['-machine', 'q35,memory-backend=mem', ...accelerator(options)],
    // Four-level page tables, as the plugin walks them. Without erms the kernel clears memory by words: TCG
    // emulates rep stosb byte by byte, which took half of the time of an xfs mount. Without smap it does not
    // open and close user memory around each access, and TCG has no need to leave the translated code there.
    ...['-cpu', `max,la57=off,-erms,-fsrm,-smap${random}`, '-smp', String(options.cpus), '-m', ram],
    ...['-object', `memory-backend-file,id=mem,share=on,size=${ram},mem-path=${inherited(FD.ram)}`],
    ...['-display', 'none', '-nodefaults', '-no-reboot'],
    ...['-serial', `file:${inherited(FD.console)}`],
    ...['-kernel', kernel, '-initrd', inherited(FD.initrd), '-append', kernelArguments()],
    ...['-plugin', plugin],
    ...['-chardev', 'stdio,id=monitor,signal=off', '-mon', 'chardev=monitor,mode=control'],
    ...(goesOn ? ['-incoming', 'defer'] : []),
  ];
}
