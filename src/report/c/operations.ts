/** Every operation of a program as a C function: what it is called with, and what it is made of. */
import type { Op, OpName } from '../../program/op.js';
import {
  FALLOCATE,
  MAP_PRIVATE,
  MAP_READ_ONLY,
  MAP_SYNC,
  MAP_UNALIGNED,
  MS_ASYNC,
  O_DSYNC,
  PROTECT_READ_ONLY,
  specOf,
  usesPages,
} from '../../program/op.js';
import type { Geometry } from '../../program/geometry.js';
import { hex } from '../../support/units.js';

/** Parts of a program that others are built on, in the order in which they have to come. */
export const PART_NAMES = ['files', 'mappings', 'clip', 'guard'] as const;
export type PartName = (typeof PART_NAMES)[number];

/** Device access through pins: no system call holds a page for as long as the program wants. */
const PINS: readonly OpName[] = ['pin', 'dma_write', 'dma_read', 'unpin'];
/** Freezing takes privileges, and DAX files ignore where the buffer of a direct transfer is. */
const PRIVILEGED: readonly OpName[] = ['freeze', 'thaw', 'pwrite_from', 'pread_into'];
/** Taking away what the file system stands on is for root, and for a machine of its own. */
const REMOVAL: readonly OpName[] = ['unbind', 'shutdown'];
/** What a kernel does when it likes, or when the whole program is in the way. */
const OF_THE_KERNEL: readonly OpName[] = ['flusher', 'commit', 'umount', 'mount', 'drop_caches'];
/** Injecting errors is for root, and depends on the platform. */
const MEDIA: readonly OpName[] = ['poison'];
const LEFT_OUT: ReadonlySet<OpName> = new Set<OpName>([
  ...PINS,
  ...PRIVILEGED,
  ...REMOVAL,
  ...OF_THE_KERNEL,
  ...MEDIA,
]);

/** `mode` of fallocate(2), by the index of ours. */
const FALLOCATE_MODES: Record<number, string> = {
  [FALLOCATE.punchHole]: 'FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE',
  [FALLOCATE.zeroRange]: 'FALLOC_FL_ZERO_RANGE',
  [FALLOCATE.allocate]: '0',
  [FALLOCATE.allocateKeepSize]: 'FALLOC_FL_KEEP_SIZE',
  [FALLOCATE.collapseRange]: 'FALLOC_FL_COLLAPSE_RANGE',
  [FALLOCATE.insertRange]: 'FALLOC_FL_INSERT_RANGE',
  [FALLOCATE.unshareRange]: 'FALLOC_FL_UNSHARE_RANGE',
};

export const isLeftOut = (op: Op): boolean => LEFT_OUT.has(specOf(op.code).name);

/** An offset of the program as an offset of the file. */
export const at = (byte: number): string => `AT(${hex(byte)})`;

/** The call of an operation's function: `do_store(0, AT(0x40), AT(0x48), 0x3)`. */
export function callOf(op: Op, fill: number, geometry: Geometry): string {
  const spec = specOf(op.code);
  const unit = usesPages(spec) ? geometry.pageSize : 1;
  const from = at(op.offset * unit);
  const to = at((op.offset + op.length) * unit);
  const range = `${op.target}, ${from}, ${to}`;
  const call = (...args: readonly (string | number)[]): string =>
    `do_${spec.name}(${args.join(', ')})`;
  const flag = (bit: number, set: string, clear: string): string =>
    (op.flags & bit) !== 0 ? set : clear;
  switch (spec.name) {
    case 'open':
      return call(op.target, op.source);
    case 'mmap': {
      const protection = flag(MAP_READ_ONLY, 'PROT_READ', 'PROT_READ | PROT_WRITE');
      const shared = flag(MAP_SYNC, 'MAP_SHARED_VALIDATE | MAP_SYNC', 'MAP_SHARED');
      // MAP_SYNC does not go with a private mapping: the call fails, as it does in the program.
      const both = flag(MAP_SYNC, 'MAP_PRIVATE | MAP_SYNC', 'MAP_PRIVATE');
      const kind = (op.flags & MAP_PRIVATE) !== 0 ? both : shared;
      const skew = flag(MAP_UNALIGNED, 'AT(PAGE)', '0');
      return call(op.target, op.source, from, to, protection, kind, skew);
    }
    case 'mprotect':
      return call(range, flag(PROTECT_READ_ONLY, 'PROT_READ', 'PROT_READ | PROT_WRITE'));
    case 'msync':
      return call(range, flag(MS_ASYNC, 'MS_ASYNC', 'MS_SYNC'));
    case 'store':
      return call(range, hex(fill));
    case 'pwrite':
      return call(range, hex(fill), flag(O_DSYNC, 'RWF_DSYNC', '0'));
    case 'ftruncate':
      return call(op.target, at(op.length));
    case 'fallocate':
      return call(range, FALLOCATE_MODES[op.flags] ?? '0');
    case 'reflink':
      return call(op.target, op.source);
    case 'reflink_range':
      return call(range, op.source, at(op.flags * geometry.pageSize));
    case 'fsync':
    case 'fdatasync':
    case 'syncfs':
    case 'close':
      return call(op.target);
    case 'sync':
      return call();
    default:
      return call(range);
  }
}

interface Code {
  readonly parts: readonly PartName[];
  readonly text: string;
}

/** Operations on a file descriptor that are one call of the same name. */
function onFile(name: string, parameters: string, body: string): Code {
  return {
    parts: ['files'],
    text: `static long do_${name}(int slot${parameters})
{
${body}
}
`,
  };
}

const result = (call: string): string => `    return ${call} < 0 ? -errno : 0;`;

const MMAP = `/* The address is congruent to the offset modulo the PMD size, but for the skew. */
static long do_mmap(int slot, int fd, long from, long to, int protection, int flags, long skew)
{
    if (fds[fd] < 0)
        return -EBADF;
    if (mappings[slot].start != NULL)
        return -EBUSY;
    size_t room = (size_t)(to - from + 2 * PMD + AT(PAGE));
    unsigned char *area = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return -errno;
    unsigned char *start = area + PMD - (long)((uintptr_t)area % PMD) + from % PMD + skew;
    size_t length = (size_t)(to - from);
    if (mmap(start, length, protection, flags | MAP_FIXED, fds[fd], from) == MAP_FAILED) {
        int error = errno;
        munmap(area, room);
        return -error;
    }
    int shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    mappings[slot] = (struct mapping){ start, to - from, from, fds[fd], shared, { 0 } };
    return 0;
}
`;

const MUNMAP = `static long do_munmap(int slot, long from, long to)
{
    struct mapping *mapping = &mappings[slot];
    if (!clip(slot, from, &to))
        return -EINVAL;
    unsigned char *start = mapping->start + from;
    size_t length = (size_t)(to - from);
    if (munmap(start, length) != 0)
        return -errno;
    /* So that nothing else comes to lie there, and a later access faults. */
    mmap(start, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    memset(mapping->gone + from / AT(PAGE), 1, (size_t)((to - from) / AT(PAGE)));
    if (memchr(mapping->gone, 0, (size_t)(mapping->length / AT(PAGE))) == NULL)
        mapping->start = NULL;
    return 0;
}
`;

/** An operation on the part of a mapping that a range names. */
function onMapping(name: string, parameters: string, outside: string, body: string): Code {
  return {
    parts: ['mappings', 'clip'],
    text: `static long do_${name}(int slot, long from, long to${parameters})
{
    if (!clip(slot, from, &to))
        return -${outside};
${body}
}
`,
  };
}

/**
 * An operation that touches the bytes of a mapping, and may be killed for it. The touching is a function of
 * its own, because what sigsetjmp returns to must not have changed its variables.
 */
function touching(name: string, parameter: string, body: string): Code {
  const [, declared = ''] = /^, (.*)$/.exec(parameter) ?? [];
  const argument = declared === '' ? '' : `, ${declared.split(' ').pop() ?? ''}`;
  const code = onMapping(
    name,
    parameter,
    'EFAULT',
    `    GUARD(-EFAULT);
    touch_${name}(mappings[slot].start, from, to${argument});
    guarded = 0;
    return 0;`,
  );
  const touch = `NOT_INLINE static void touch_${name}(volatile unsigned char *start, long from, long to${parameter})
{
${body}
}
`;
  return { parts: [...code.parts, 'guard'], text: `${touch}\n${code.text}` };
}

const LOAD = `    for (long i = from; i < to; i++) {
        unsigned char byte = start[i];
        if (i == from)
            seen = byte;
    }`;

const USER_FLUSH = `#if defined(__x86_64__) || defined(__i386__)
    for (long i = from & ~63L; i < to; i += 64)
        __asm__ volatile("clflush %0" : : "m"(start[i]) : "memory");
    __asm__ volatile("sfence" ::: "memory");
#else
    (void)start, (void)from, (void)to; /* no write-back is known for this processor: the operation does nothing */
#endif`;

const PWRITE = `    size_t length = (size_t)(to - from);
    unsigned char *buffer = malloc(length);
    if (buffer == NULL)
        return -ENOMEM;
    memset(buffer, byte, length);
    struct iovec vector = { buffer, length };
    ssize_t done = pwritev2(fds[slot], &vector, 1, from, flags);
    int error = errno;
    free(buffer);
    return done < 0 ? -error : done;`;

const PREAD = `    size_t length = (size_t)(to - from);
    unsigned char *buffer = malloc(length);
    if (buffer == NULL)
        return -ENOMEM;
    ssize_t done = pread(fds[slot], buffer, length, from);
    int error = errno;
    if (done > 0)
        seen = buffer[0];
    free(buffer);
    return done < 0 ? -error : done;`;

const REFLINK_RANGE = `    struct file_clone_range range = {
        .src_fd = fds[source],
        .src_offset = (unsigned long)origin,
        .src_length = (unsigned long)(to - from),
        .dest_offset = (unsigned long)from,
    };
${result('ioctl(fds[slot], FICLONERANGE, &range)')}`;

const OPEN = `    fds[slot] = open(FILES[file].name, O_RDWR);
${result('fds[slot]')}`;

const CLOSE = `    int error = close(fds[slot]) < 0 ? errno : 0;
    fds[slot] = -1;
    return -error;`;

const RANGE = ', long from, long to';

const CODE: Partial<Record<OpName, Code>> = {
  open: onFile('open', ', int file', OPEN),
  mmap: { parts: ['files', 'mappings'], text: MMAP },
  mprotect: onMapping(
    'mprotect',
    ', int protection',
    'EFAULT',
    result('mprotect(mappings[slot].start + from, (size_t)(to - from), protection)'),
  ),
  munmap: { parts: ['mappings', 'clip'], text: MUNMAP },
  load: touching('load', '', LOAD),
  store: touching(
    'store',
    ', unsigned char byte',
    '    for (long i = from; i < to; i++)\n        start[i] = byte;',
  ),
  user_flush: touching('user_flush', '', USER_FLUSH),
  msync: onMapping(
    'msync',
    ', int flags',
    'ENOMEM',
    result('msync(mappings[slot].start + from, (size_t)(to - from), flags)'),
  ),
  fsync: onFile('fsync', '', result('fsync(fds[slot])')),
  syncfs: onFile('syncfs', '', result('syncfs(fds[slot])')),
  reflink: onFile('reflink', ', int source', result('ioctl(fds[slot], FICLONE, fds[source])')),
  reflink_range: onFile('reflink_range', `${RANGE}, int source, long origin`, REFLINK_RANGE),
  close: onFile('close', '', CLOSE),
  madvise: onMapping(
    'madvise',
    '',
    'ENOMEM',
    result('madvise(mappings[slot].start + from, (size_t)(to - from), MADV_DONTNEED)'),
  ),
  fdatasync: onFile('fdatasync', '', result('fdatasync(fds[slot])')),
  sync: { parts: [], text: 'static long do_sync(void)\n{\n    sync();\n    return 0;\n}\n' },
  pwrite: onFile('pwrite', `${RANGE}, unsigned char byte, int flags`, PWRITE),
  pread: onFile('pread', RANGE, PREAD),
  ftruncate: onFile('ftruncate', ', long size', result('ftruncate(fds[slot], size)')),
  fallocate: onFile(
    'fallocate',
    `${RANGE}, int mode`,
    result('fallocate(fds[slot], mode, from, to - from)'),
  ),
  fadvise: onFile(
    'fadvise',
    RANGE,
    '    return -posix_fadvise(fds[slot], from, to - from, POSIX_FADV_DONTNEED);',
  ),
};

/** The functions of the operations named, once each, and the parts that they are built on. */
export function functionsOf(ops: readonly Op[]): { text: string; parts: Set<PartName> } {
  const parts = new Set<PartName>();
  const texts = new Set<string>();
  for (const op of ops) {
    const code = CODE[specOf(op.code).name];
    if (code === undefined) continue;
    code.parts.forEach((part) => parts.add(part));
    texts.add(code.text);
  }
  return { text: [...texts].join('\n'), parts };
}
