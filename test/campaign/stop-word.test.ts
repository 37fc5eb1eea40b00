/** What a campaign tells its workers when it is to end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StopWord } from '../../src/campaign/stop-word.js';

const said = ({ isAsked, isHurried }: StopWord): boolean[] => [isAsked, isHurried];

describe('the word that ends a campaign', () => {
  test('says nothing at first, then whether to hurry, to all who share it', () => {
    const ours = new StopWord();
    const theirs = new StopWord(ours.buffer);
    assert.deepEqual(said(theirs), [false, false]);
    ours.ask('soon');
    assert.deepEqual(said(theirs), [true, false]);
    ours.ask('now');
    assert.deepEqual(said(theirs), [true, true]);
  });

  test('is not taken back by who is in less of a hurry', () => {
    const word = new StopWord();
    word.ask('now');
    word.ask('soon');
    assert.deepEqual(said(word), [true, true]);
  });
});
