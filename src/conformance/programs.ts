/**
 * The programs that are compared: one thread, the operations of real kernels, and the sizes of their world,
 * in which a PMD entry spans 512 pages. The device is so large that it never is full, for how much a file
 * system keeps for itself is no business of DAX.
 */
import { KERNEL_DIALECT } from '../program/dialect.js';
import { ProgramGenerator } from '../program/generate.js';
import type { Geometry } from '../program/geometry.js';
import type { Program } from '../program/program.js';
import type { Choice } from '../support/choice.js';
import type { FilesystemName } from '../target/real.js';

/** Files are too small for huge entries. */
const SMALL: Geometry = { pageSize: 4096, pmdPages: 512, filePagesMax: 8, blockCount: 256 };
/** Files of up to one huge entry and a half. */
const HUGE: Geometry = { pageSize: 4096, pmdPages: 512, filePagesMax: 768, blockCount: 4096 };

/** Pages of a file for every page that is drawn: insertions push on, and the model has a largest size. */
const ROOM = { small: 4, huge: 4 / 3 };

export class Programs {
  private readonly generator: ProgramGenerator;
  private readonly geometry: Geometry;

  constructor(filesystem: FilesystemName, opsMax: number) {
    const isHuge = filesystem.endsWith('-huge');
    const drawn = isHuge ? HUGE : SMALL;
    const room = isHuge ? ROOM.huge : ROOM.small;
    this.geometry = { ...drawn, filePagesMax: drawn.filePagesMax * room };
    const bounds = { geometry: drawn, threadsMax: 1, opsMax };
    this.generator = new ProgramGenerator({ ...bounds, dialect: KERNEL_DIALECT });
  }

  draw(choice: Choice): Program {
    return { ...this.generator.generate(choice), geometry: this.geometry };
  }
}
