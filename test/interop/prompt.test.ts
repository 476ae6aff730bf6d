/** Keys for a prompt from a phone that is not ours, by RFC 4733 and by SIP INFO. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { assertScenarioHeld, placeCall, startSite } from '../support/interop.ts';
import { skipWithout } from '../support/programs.ts';
import { answered, awaitBye, infoDigit, invite, pause } from '../support/sipp-scenario.ts';

const SKIP = { skip: skipWithout('sipp') };
const PROMPT = { play: 'ring:60:us', max_digits: 8, terminators: '#' };

suite('Keys for a prompt', { concurrency: 2 }, () => {
  test(
    'SIPp: keys by RFC 4733 break a minute of ringing off, are collected and reported',
    SKIP,
    async (context) => {
      const site = await startSite(context, (status_url) => [
        { prompt: { ...PROMPT, status_url } },
        { play: { url: 'silence:0.2' } },
      ]);
      const call = await placeCall(context, site.server, [invite(), answered(), awaitBye()], {
        say: [
          { kind: 'tone', frequencyHz: 0, durationMs: 400 },
          ...[...'4207#'].map((digit) => ({ kind: 'digit', digit }) as const),
        ],
      });
      await assertScenarioHeld(call.sipp);
      await site.server.callsOver();
      await site.callbacks.waitFor(({ params }) => Object(params['result'])['type'] === 'digit');
      const events = site.callbacks.of('calling.call.collect').map(({ params }) => params['result']);
      assert.deepEqual(events, [
        { type: 'start_of_input' },
        { type: 'digit', params: { digits: '4207', terminator: '#' } },
      ]);
      assert.deepEqual(site.server.complaints(), []);
    },
  );

  test('SIPp: keys by SIP INFO are collected as well', SKIP, async (context) => {
    const site = await startSite(context, (status_url) => [
      { prompt: { ...PROMPT, status_url } },
      { play: { url: 'silence:1' } },
    ]);
    const keys = [infoDigit('4'), pause(100), infoDigit('2'), pause(100), infoDigit('#')];
    const call = await placeCall(context, site.server, [
      invite(),
      answered(),
      pause(200),
      ...keys,
      awaitBye(),
    ]);
    await assertScenarioHeld(call.sipp);
    const last = await site.callbacks.waitFor(({ params }) => Object(params['result'])['type'] === 'digit');
    assert.equal(site.callbacks.of('calling.call.collect').at(-1), last);
    assert.deepEqual(last.params['result'], { type: 'digit', params: { digits: '42', terminator: '#' } });
  });
});
