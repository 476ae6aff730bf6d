import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../time/virtual-clock.ts';
import { Admission, type AdmissionLimits, type AdmissionProbe } from './admission.ts';

const NO_LIMITS: AdmissionLimits = {
  maxCalls: 0,
  setupsPerSecond: 0,
  maxRecordings: 0,
  minFreeDiskBytes: 0,
  refuseWhenOverloaded: false,
};

function admission(limits: Partial<AdmissionLimits>, probe: Partial<AdmissionProbe> = {}) {
  const clock = new VirtualClock();
  const all: AdmissionProbe = {
    calls: () => 0,
    recordings: () => 0,
    freeDiskBytes: () => undefined,
    hasRtpPorts: () => true,
    overloaded: () => false,
    ...probe,
  };
  return { clock, desk: new Admission(clock, { ...NO_LIMITS, ...limits }, all) };
}

describe('admission', () => {
  test('without limits everybody is let in, whatever there is', () => {
    const { desk } = admission({}, { calls: () => 1e6, recordings: () => 1e6, overloaded: () => true });
    for (let n = 0; n < 1_000; n++) assert.equal(desk.ask(), undefined);
  });

  test('the limit of calls lets in the last one below it and refuses the next', () => {
    let calls = 1;
    const { desk } = admission({ maxCalls: 2 }, { calls: () => calls });
    assert.equal(desk.ask(), undefined);
    calls = 2;
    assert.deepEqual(desk.ask(), { reason: 'max_calls', retryAfterSeconds: 5 });
    calls = 1;
    assert.equal(desk.ask(), undefined);
  });

  test('the limit of recordings refuses calls that might record', () => {
    const { desk } = admission({ maxRecordings: 3 }, { recordings: () => 3 });
    assert.equal(desk.ask()?.reason, 'max_recordings');
  });

  test('a call that one which is up makes is let in though there is room for no more recordings, and while it drains', () => {
    const { desk } = admission(
      { maxCalls: 3, maxRecordings: 1, minFreeDiskBytes: 100 },
      { recordings: () => 1, freeDiskBytes: () => 99 },
    );
    assert.equal(desk.ask()?.reason, 'max_recordings');
    assert.equal(desk.askWithin(), undefined);
    desk.drain();
    assert.equal(desk.askWithin(), undefined);
  });

  test('all other limits hold for it, too', () => {
    const full = admission({ maxCalls: 1 }, { calls: () => 1 }).desk;
    assert.deepEqual(full.askWithin(), { reason: 'max_calls', retryAfterSeconds: 5 });
    assert.equal(admission({}, { hasRtpPorts: () => false }).desk.askWithin()?.reason, 'rtp_ports');
    const busy = admission({ refuseWhenOverloaded: true }, { overloaded: () => true }).desk;
    assert.equal(busy.askWithin()?.reason, 'overload');
    const { desk } = admission({ setupsPerSecond: 1 });
    assert.equal(desk.askWithin(), undefined);
    assert.equal(desk.askWithin()?.reason, 'setups_per_second');
  });

  test('tells what it would say without counting anything', () => {
    const { desk } = admission({ setupsPerSecond: 1 });
    for (let n = 0; n < 3; n++) assert.equal(desk.refusing, undefined);
    assert.equal(desk.ask(), undefined);
    assert.deepEqual(desk.refusing, { reason: 'setups_per_second', retryAfterSeconds: 1 });
    const full = admission({ maxCalls: 1 }, { calls: () => 1 }).desk;
    assert.deepEqual(full.refusing, { reason: 'max_calls', retryAfterSeconds: 5 });
  });

  test('set-ups: a second worth of them at once, then as many a second; who was refused costs nothing', async () => {
    const { clock, desk } = admission({ setupsPerSecond: 10 });
    const letIn = (asked: number): number =>
      Array.from({ length: asked }, () => desk.ask()).filter((refusal) => refusal === undefined).length;
    assert.equal(letIn(50), 10);
    assert.deepEqual(desk.ask(), { reason: 'setups_per_second', retryAfterSeconds: 1 });
    await clock.advance(500);
    assert.equal(letIn(50), 5);
    await clock.advance(60_000);
    assert.equal(letIn(50), 10, 'they do not pile up');
  });

  test('one call in two seconds is a rate as well', async () => {
    const { clock, desk } = admission({ setupsPerSecond: 1 });
    assert.equal(desk.ask(), undefined);
    assert.equal(desk.ask()?.reason, 'setups_per_second');
    await clock.advance(1_000);
    assert.equal(desk.ask(), undefined);
  });

  test('too little disk refuses; a disk that is not known does not', () => {
    let free: number | undefined = 99;
    const { desk } = admission({ minFreeDiskBytes: 100 }, { freeDiskBytes: () => free });
    assert.equal(desk.ask()?.reason, 'disk_space');
    free = undefined;
    assert.equal(desk.ask(), undefined);
    free = 100;
    assert.equal(desk.ask(), undefined);
  });

  test('without RTP ports for one more nobody is let in', () => {
    let ports = false;
    const { desk } = admission({}, { hasRtpPorts: () => ports });
    assert.deepEqual(desk.ask(), { reason: 'rtp_ports', retryAfterSeconds: 5 });
    assert.equal(desk.standing(), 'rtp_ports');
    ports = true;
    assert.equal(desk.ask(), undefined);
  });

  test('overload refuses where it is to', () => {
    const overloaded = (): boolean => true;
    assert.equal(admission({ refuseWhenOverloaded: true }, { overloaded }).desk.ask()?.reason, 'overload');
    assert.equal(admission({ refuseWhenOverloaded: false }, { overloaded }).desk.ask(), undefined);
  });

  test('once it drains nobody is let in, and asking whether somebody would be takes no place', () => {
    const { desk } = admission({ setupsPerSecond: 1 });
    for (let n = 0; n < 5; n++) assert.equal(desk.standing(), undefined);
    assert.equal(desk.ask(), undefined);
    desk.drain();
    assert.equal(desk.standing(), 'shutting_down');
    assert.deepEqual(desk.ask(), { reason: 'shutting_down', retryAfterSeconds: 30 });
  });
});
