import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { absoluteMs } from './absolute-time.ts';
import { onTime } from './on-time.ts';
import { RtpTalker } from './rtp-talker.ts';
import { keepTalkersBusy, worstLatenessMs } from './rtp-talker-thread.ts';

const context = { diagnostic: () => {} } as unknown as TestContext;

/** A test that fails in its first `failures` attempts, beside talkers that are late by `lateMs`. */
async function run(failures: number, lateMs: number): Promise<readonly string[]> {
  const suffixes: string[] = [];
  const body = async (_: TestContext, suffix: string): Promise<void> => {
    suffixes.push(suffix);
    if (suffixes.length <= failures) throw new Error(`attempt ${suffixes.length}`);
  };
  await onTime(body, async () => lateMs)(context);
  return suffixes;
}

test('what holds is run once, however late the talkers were', async () => {
  assert.deepEqual(await run(0, 1000), ['']);
});

test('what fails while the talkers are on time fails', async () => {
  await assert.rejects(run(1, 60), /attempt 1/);
});

test('what fails beside a late talker is run again, with addresses of its own, three times at most', async () => {
  assert.deepEqual(await run(2, 61), ['', '~2', '~3']);
  await assert.rejects(run(4, 61), /attempt 4/);
});

test('the lateness of talkers is that since a moment, and none without them', async (context) => {
  const begin = absoluteMs();
  assert.equal(await worstLatenessMs(begin), 0);
  const talker = await RtpTalker.open();
  context.after(() => talker.close());
  const speech = talker.prepare([{ kind: 'tone', frequencyHz: 500, durationMs: 2000 }]);
  const talking = talker.talk({ host: '127.0.0.1', port: 9 }, speech);
  await keepTalkersBusy(100);
  await talking;
  const late = await worstLatenessMs(begin);
  assert.ok(late >= 80, `${late} ms`);
  assert.equal(await worstLatenessMs(absoluteMs()), 0);
});
