import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildImage } from '../../src/crash/plan.js';
import type { RecordedFiles } from '../../src/crash/recover.js';
import { recoverFiles } from '../../src/crash/recover.js';
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import type { Layout } from '../../src/media/layout.js';
import { layoutOf } from '../../src/media/layout.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { STALE_BYTE } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { Defect } from '../../src/support/assert.js';
import { eventsOf, runText } from '../helpers/lines.js';
import { freshImage } from '../helpers/images.js';
import { mappedFileMedia } from '../../src/media/mapped-file.js';
import { Judge } from '../../src/oracle/judge.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { lineOf, runProgram } from '../helpers/lines.js';

function recovered(layout: Layout, image: Uint8Array): RecordedFiles {
  const files = recoverFiles(layout, image);
  if (typeof files === 'string') assert.fail(files);
  return files;
}

describe('recovery', () => {
  test('reads a fresh device as files of zeros of their sizes', () => {
    const program = parseProgram(
      'file a pages 2 allocated 1\nfile b pages 1 allocated 0\nt0: sync()',
    );
    const files = recovered(layoutOf(program.geometry, 2), freshImage(program));
    assert.deepEqual([files.sizeOf(0), files.sizeOf(1), files.sizeOf(2)], [8192, 4096, 0]);
    assert.deepEqual([files.byteOf(0, 0), files.byteOf(0, 4096), files.byteOf(1, 7)], [0, 0, 0]);
  });

  test('shows what the surviving metadata version points at, old or new', () => {
    const { program, trace } = runText(`
      file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 100)
      t0: fsync(f0)
    `);
    const layout = layoutOf(program.geometry, 1);
    const history = new PersistHistory(new Image());
    history.reset(freshDisk(program), trace, { persistency: 'line', domain: 'adr' });
    const commit = eventsOf(trace, 'journal_commit')[0] as number;
    for (let event = 0; event <= commit; event++) history.apply(event);
    const filesAt = (version: number): RecordedFiles =>
      recovered(layout, buildImage(history, { cut: commit, version, short: [] }));
    assert.equal(filesAt(0).byteOf(0, 0), 0, 'before the commit the page is a hole');
    assert.equal(filesAt(1).byteOf(0, 0), 2, 'operation 1 wrote 2');
    assert.equal(filesAt(1).byteOf(0, 100), 0, 'the rest of the new block was zeroed');
    assert.notEqual(filesAt(1).byteOf(0, 100), STALE_BYTE);
  });

  test('of a unit that would keep more than was visible is a defect', () => {
    const { program, trace } = runText(`
      file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
    `);
    const history = new PersistHistory(new Image());
    history.reset(freshDisk(program), trace, { persistency: 'line', domain: 'adr' });
    for (let event = 0; event < trace.length; event++) history.apply(event);
    const unit = history.pending()[0] as number;
    const plan = { cut: trace.length - 1, version: 0, short: [{ unit, kept: 2 }] };
    assert.throws(() => buildImage(history, plan), Defect);
  });
});

test('building a crash image leaves mapped media as it was, so that nothing lives on in later runs', () => {
  const text = `file a pages 2 allocated 2
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
    t0: store(m0, 0x40, 8)
    t0: store(m0, 0x80, 8)
    t0: fsync(f0)`;
  const image = new Image(mappedFileMedia('recover'));
  const line = { ...lineOf({ bugs: ['B01'] }), judge: new Judge(image) };
  const scheduler = new ReplayScheduler([], line.target.pointNames, 'lenient');
  const program = parseProgram(text);
  const before = runProgram(line, program, scheduler).signatures;
  assert.deepEqual(before, ['P3 never-tagged']);
  const data = image.bytes.subarray(layoutOf(program.geometry, 1).dataStart);
  assert.ok(!data.includes(3) && !data.includes(4), 'a store that is not durable is on media');
  assert.deepEqual(runProgram(line, program, scheduler).signatures, before);
});
