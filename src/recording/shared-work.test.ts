import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedWork } from './shared-work.ts';

function held() {
  const runs: { readonly key: string; readonly end: (error?: Error) => void }[] = [];
  const work = new SharedWork(
    (key) =>
      new Promise((resolve, reject) => {
        runs.push({ key, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  );
  return { runs, work };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who asks while a run is under way gets the next one, which all of them share', async () => {
  const { runs, work } = held();
  const over: string[] = [];
  const first = work.do('a').then(() => over.push('first'));
  const others = ['second', 'third'].map((name) => work.do('a').then(() => over.push(name)));
  await turn();
  assert.equal(runs.length, 1);
  runs[0]!.end();
  await first;
  await turn();
  assert.deepEqual([runs.length, over], [2, ['first']]);
  runs[1]!.end();
  await Promise.all(others);
  assert.equal(runs.length, 2);
});

test('other keys have runs of their own', () => {
  const { runs, work } = held();
  void work.do('a');
  void work.do('b');
  assert.deepEqual(
    runs.map(({ key }) => key),
    ['a', 'b'],
  );
});

test('a failure is told to those who share the run, and not to the next', async () => {
  const { runs, work } = held();
  const first = assert.rejects(work.do('a'), /disk/);
  const second = work.do('a');
  runs[0]!.end(new Error('disk'));
  await first;
  await turn();
  runs[1]!.end();
  await second;
});
