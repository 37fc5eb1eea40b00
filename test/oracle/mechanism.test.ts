import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bugByName } from '../../src/kernel/bugs.js';
import { MECHANISMS } from '../../src/oracle/mechanism.js';

test('every catalogue row that a mechanism looks like can be switched on with --bug', () => {
  const rows = Object.values(MECHANISMS).flatMap((mechanism) => mechanism.rows);
  assert.ok(rows.length > 10);
  for (const row of rows) assert.equal(bugByName(row).id, row);
});
