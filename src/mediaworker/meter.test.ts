import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, sine, speechLike } from '../media/test-signals.ts';
import { type Levels, Meter } from './meter.ts';
import { openTalk } from './session.test-helper.ts';

test('levels are those of each stretch, whatever the portions in which it comes', () => {
  const said = concat(new Int16Array(800), sine(800, 440, -20), speechLike(8000, -25));
  const heard = concat(sine(800, 1000, -30), new Int16Array(8800));
  const told: Levels[] = [];
  const meter = new Meter(8000, 100, (levels) => told.push(levels));
  for (let at = 0; at < said.length; at += 160) {
    meter.observe(said.subarray(at, at + 160), heard.subarray(at, at + 160), 160);
  }
  assert.equal(told.length, 12);
  assert.ok(told[0]!.saidDbfs === -127 && Math.abs(told[0]!.heardDbfs + 30) < 0.1);
  assert.ok(Math.abs(told[1]!.saidDbfs + 20) < 0.1 && told[1]!.heardDbfs === -127);
  assert.deepEqual([told[1]!.speaking, told.at(-1)!.speaking], [false, true]);
});

test('a session tells levels of both sides once it is asked to, and only then', async (t) => {
  const rig = await openTalk(t, 500);
  assert.ok(!rig.events.some(({ type }) => type === 'levels'));
  rig.send({ type: 'meter', stretchMs: 100 });
  rig.send({
    type: 'play',
    playId: 'p',
    sounds: [{ kind: 'tone', frequenciesHz: [440], levelDbfs: -20, onOffMs: [], durationMs: 2000 }],
    gainDb: 0,
  });
  await rig.clock.advance(1000);
  const levels = rig.events.filter((event) => event.type === 'levels');
  assert.ok(levels.length >= 9 && levels.length <= 10, `${levels.length}`);
  const last = levels.at(-1)!;
  assert.ok(last.saidDbfs > -10 && Math.abs(last.heardDbfs + 20) < 0.5, JSON.stringify(last));
  await rig.close();
});
