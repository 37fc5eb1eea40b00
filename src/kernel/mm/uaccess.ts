/**
 * Buffers of reads and writes, and copies between them and the kernel: lib/iov_iter.c and the fault handling
 * of copy_from_user() and copy_to_user().
 *
 * Approximation: what goes through one page of the file is copied in one piece, and read from the source
 * before it is written, so that neither buffer nor file can change in the middle of it.
 */
import { blockAddress } from '../../media/layout.js';
import { LOAD, STORE } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import { dataByte, dataFrom, fillData, poolData } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import type { Piece } from '../syscall/user.js';
import {
  faultIn,
  fileOffset,
  isPoisoned,
  loadPiece,
  lookup,
  NOT_MAPPED,
  pieceAt,
} from '../syscall/user.js';
import type { IovIter, Run, Task } from '../types.js';
import { PTE_ANONYMOUS, pteBlock } from './memory-manager.js';

/** What could be copied: fewer bytes than were asked for where an access found no memory. */
export interface Copied {
  readonly length: number;
  readonly data: Data;
}

/** Memory that is nobody else's, as a read buffer or filled with `byte`. */
export const privateBuffer = (length: number, byte = 0): IovIter => ({ length, byte, start: null });

/** Models copy_from_iter(): bytes [done, done + length) of the buffer. */
export function* copyFromIter(
  k: Kernel,
  t: Task,
  iter: IovIter,
  done: number,
  length: number,
): Run<Copied> {
  if (iter.start === null) return { length, data: fillData(iter.byte) };
  const bytes = new Uint8Array(length);
  let copied = 0;
  while (copied < length) {
    const piece = pieceAt(k, iter.start, done + copied, done + length, false);
    const pte = lookup(k, t, piece.vpage, false) || (yield* faultIn(k, t, piece.vpage, false));
    const vma = k.mm.findVma(piece.vpage);
    if (pte === NOT_MAPPED || vma === null || isPoisoned(k, pte)) {
      k.mark(MARK['copy_from_iter:short']);
      break;
    }
    const data = loadPiece(k, t, vma, pte, piece, LOAD.kernel);
    for (let i = 0; i < piece.length; i++) bytes[copied + i] = dataByte(k.trace, data, i);
    copied += piece.length;
  }
  const data = copied === 0 ? fillData(0) : poolData(k.trace, bytes, copied);
  return { length: copied, data };
}

/** Models copy_to_iter(): gives how many of `length` bytes of `data` have got to where `done` is. */
export function* copyToIter(
  k: Kernel,
  t: Task,
  iter: IovIter,
  done: number,
  length: number,
  data: Data,
): Run<number> {
  if (iter.start === null) return length;
  let copied = 0;
  while (copied < length) {
    const piece = pieceAt(k, iter.start, done + copied, done + length, false);
    const pte = lookup(k, t, piece.vpage, true) || (yield* faultIn(k, t, piece.vpage, true));
    const isBad = pte !== NOT_MAPPED && isPoisoned(k, pte);
    if (pte === NOT_MAPPED || isBad || !storePiece(k, t, pte, piece, dataFrom(data, copied))) {
      k.mark(MARK['copy_to_iter:short']);
      break;
    }
    copied += piece.length;
  }
  return copied;
}

/** Cached stores by the kernel through the user's mapping; false if that is gone. */
function storePiece(k: Kernel, t: Task, pte: number, piece: Piece, data: Data): boolean {
  if ((pte & PTE_ANONYMOUS) !== 0) {
    const page = k.mm.anonymous[pteBlock(pte)] as Uint8Array;
    for (let i = 0; i < piece.length; i++) page[piece.within + i] = dataByte(k.trace, data, i);
    return true;
  }
  const vma = k.mm.findVma(piece.vpage);
  if (vma === null) return false;
  const address = blockAddress(k.layout, pteBlock(pte)) + piece.within;
  const offset = fileOffset(k, vma, piece);
  k.cpus.storeData(t.id, t.op, address, piece.length, data, STORE.kernel, vma.inode.ino, offset);
  return true;
}
