import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeliverySchedule, type Turn } from './delivery-schedule.ts';

let nextId = 0;
const turn = (host: string): Turn => ({ id: ++nextId, url: `http://${host}/x`, operationId: String(nextId) });

function takeAll(schedule: DeliverySchedule): Turn[] {
  const taken: Turn[] = [];
  for (let next = schedule.take(); next !== undefined; next = schedule.take()) taken.push(next);
  return taken;
}

const hosts = (turns: readonly Turn[]): string => turns.map(({ url }) => new URL(url).host).join(' ');

describe('the delivery schedule', () => {
  test('gives each receiver at most its share, and all together at most the whole', () => {
    const schedule = new DeliverySchedule({ concurrency: 5, perOrigin: 2 });
    for (const host of ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']) schedule.add(turn(host));
    const taken = takeAll(schedule);
    assert.equal(hosts(taken), 'a b c a b');
    schedule.done(taken[0]!, false);
    assert.equal(hosts(takeAll(schedule)), 'c');
    schedule.done(taken[1]!, false);
    assert.equal(hosts(takeAll(schedule)), 'a');
  });

  test('keeps the order of the turns of one receiver', () => {
    const schedule = new DeliverySchedule({ concurrency: 10, perOrigin: 1 });
    const turns = [turn('a'), turn('a'), turn('a')];
    for (const each of turns) schedule.add(each);
    for (const each of turns) {
      assert.deepEqual(takeAll(schedule), [each]);
      schedule.done(each, false);
    }
    assert.ok(schedule.idle);
  });

  test('a receiver that cannot be reached gets one request at a time until it answers', () => {
    const schedule = new DeliverySchedule({ concurrency: 10, perOrigin: 3 });
    for (let i = 0; i < 8; i++) schedule.add(turn('a'));
    const first = takeAll(schedule);
    assert.equal(first.length, 3);
    for (const each of first) schedule.done(each, true);
    const probe = takeAll(schedule);
    assert.equal(probe.length, 1);
    schedule.done(probe[0]!, false);
    assert.equal(takeAll(schedule).length, 3);
  });

  test('takes scheme, host and port for the receiver, not the path', () => {
    const schedule = new DeliverySchedule({ concurrency: 10, perOrigin: 1 });
    schedule.add({ id: 1, url: 'http://a/1', operationId: 'x' });
    schedule.add({ id: 2, url: 'http://a:80/2', operationId: 'x' });
    schedule.add({ id: 3, url: 'https://a/1', operationId: 'x' });
    schedule.add({ id: 4, url: 'no url', operationId: 'x' });
    assert.deepEqual(
      takeAll(schedule).map(({ id }) => id),
      [1, 3, 4],
    );
  });

  test('is idle only when nothing is ready and nothing under way', () => {
    const schedule = new DeliverySchedule({ concurrency: 1, perOrigin: 1 });
    assert.ok(schedule.idle);
    const only = turn('a');
    schedule.add(only);
    assert.ok(!schedule.idle);
    schedule.take();
    assert.ok(!schedule.idle);
    schedule.done(only, true);
    assert.ok(schedule.idle);
  });
});
