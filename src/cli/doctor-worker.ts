/** What `doctor` runs in a worker thread: a mapped pmem file, as a campaign's workers need it. */
import { mappedFileMedia } from '../media/mapped-file.js';

export function answer(): string {
  const bytes = mappedFileMedia('doctor-worker')(4096);
  bytes[0] = 1;
  return 'run, and map pmem files of their own';
}
