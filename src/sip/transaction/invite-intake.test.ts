import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../../time/clock.ts';
import { Headers } from '../message/headers.ts';
import { createRequest, NO_BODY } from '../message/message.ts';
import { InviteIntake, type NewInvite } from './invite-intake.ts';

function invite(key: string, body = NO_BODY): NewInvite {
  const headers = new Headers([['Call-ID', `call-of-${key}`]]);
  return { key, request: createRequest('INVITE', 'sip:a@b', headers, body) } as unknown as NewInvite;
}

/** An intake whose event loop and clock are turned by hand; each call that begins takes `costMs`. */
class Bench {
  readonly begun: string[] = [];
  readonly turnedAway: string[] = [];
  readonly cancelled: string[] = [];
  readonly withdrawn: string[] = [];
  nowMs = 1000;
  costMs = 0.2;
  behind = false;
  refuses = false;
  mayWaitMs: number | undefined = 400;
  readonly told: string[] = [];
  tellMs = 0;
  readonly waitedMs: number[] = [];
  counted = 0;
  readonly intake: InviteIntake;
  #deferred: (() => void)[] = [];

  constructor() {
    this.intake = new InviteIntake({
      clock: { monotonic: () => this.nowMs } as Clock,
      policy: {
        isBehind: () => this.behind,
        mayWaitMs: () => this.mayWaitMs,
        refuses: () => this.refuses,
        turnedAway: (sipCallId) => {
          assert.match(sipCallId, /^call-of-/);
          this.counted++;
          return 7;
        },
        withdrawn: (sipCallId) => this.withdrawn.push(sipCallId),
      },
      tryingAfterMs: 200,
      trying: ({ key }) => {
        this.told.push(key);
        this.nowMs += this.tellMs;
      },
      begin: ({ key, sinceMs }) => {
        this.begun.push(key);
        this.waitedMs.push(this.nowMs - sinceMs);
        this.nowMs += this.costMs;
      },
      turnAway: ({ key }, retryAfterSeconds) => {
        assert.equal(retryAfterSeconds, 7);
        this.turnedAway.push(key);
      },
      cancelled: ({ key }) => this.cancelled.push(key),
      defer: (work) => this.#deferred.push(work),
    });
  }

  put(...keys: string[]): void {
    for (const key of keys) this.intake.put(invite(key));
  }

  /** The end of a turn of the event loop, and `ms` until the next one. */
  turn(ms = 0): void {
    const work = this.#deferred;
    this.#deferred = [];
    for (const each of work) each();
    this.nowMs += ms;
  }

  /** Offers one call each `everyMs`, whatever the turns take. @returns after which waits some were turned away, ms */
  rush(count: number, everyMs: number): number[] {
    const startedMs = this.nowMs;
    const waitedMs: number[] = [];
    for (let offered = 0; offered < count || this.intake.size > 0; ) {
      const before = this.turnedAway.length;
      while (offered < count && startedMs + offered * everyMs <= this.nowMs) this.put(`${offered++}`);
      this.turn();
      for (const key of this.turnedAway.slice(before))
        waitedMs.push(this.nowMs - startedMs - Number(key) * everyMs);
      this.nowMs += 0.1;
    }
    return waitedMs;
  }

  /** Offers one call each millisecond; a turn ends after each of them. */
  offer(count: number, prefix = 'c'): void {
    for (let n = 0; n < count; n++) {
      this.put(`${prefix}${n}`);
      this.turn(1);
    }
  }
}

describe('InviteIntake', () => {
  test('begins calls at once while there is time in the turn, and the others in later turns, in order', () => {
    const bench = new Bench();
    bench.put('a', 'b', 'c', 'd', 'e', 'f', 'g');
    assert.deepEqual(bench.begun, ['a', 'b', 'c']);
    assert.equal(bench.intake.size, 4);
    bench.turn();
    assert.deepEqual(bench.begun, ['a', 'b', 'c', 'd', 'e', 'f']);
    bench.turn();
    assert.deepEqual(bench.begun, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    assert.deepEqual(bench.turnedAway, []);
    assert.equal(bench.intake.size, 0);
  });

  test('has time again in each turn for calls that come one by one', () => {
    const bench = new Bench();
    bench.costMs = 0.4;
    bench.offer(50);
    assert.equal(bench.begun.length, 50);
  });

  test('begins nobody while what was begun waits for its work', () => {
    const bench = new Bench();
    bench.behind = true;
    bench.put('a', 'b');
    bench.turn(10);
    assert.deepEqual(bench.begun, []);
    bench.behind = false;
    bench.turn();
    assert.deepEqual(bench.begun, ['a', 'b']);
  });

  test('while as much comes in a turn as can be read in it, somebody is begun each 20 ms, and no more', () => {
    const bench = new Bench();
    bench.put('a', 'b', 'c', 'd', 'e', 'f');
    assert.equal(bench.begun.length, 3);
    for (let n = 0; n < 18; n++) {
      for (let message = 0; message < 32; message++) bench.intake.noteArrival();
      bench.turn(1);
      assert.equal(bench.begun.length, 3);
    }
    for (let n = 0; n < 3; n++) {
      for (let message = 0; message < 32; message++) bench.intake.noteArrival();
      bench.turn(1);
    }
    assert.equal(bench.begun.length, 6);
  });

  test('a rush is taken wholly as long as nobody has to wait too long; who would is turned away', () => {
    const bench = new Bench();
    const keys = Array.from({ length: 400 }, (_, n) => `c${n}`);
    bench.put(...keys);
    // Three calls in each turn of 4.6 ms.
    for (let n = 0; n < 500 && bench.intake.size > 0; n++) bench.turn(4);
    assert.deepEqual([...bench.begun, ...bench.turnedAway], keys);
    assert.ok(bench.begun.length > 250 && bench.begun.length < 280, `${bench.begun.length} begun`);
    assert.ok(Math.max(...bench.waitedMs) <= 400);
    assert.equal(bench.counted, bench.turnedAway.length);
  });

  test('where more come than can be begun for longer than they may wait, the others are told so at once', () => {
    const bench = new Bench();
    bench.costMs = 2;
    const toldAfterMs = bench.rush(6000, 1);
    const longest = Math.max(...bench.waitedMs);
    assert.ok(longest <= 400, `the longest wait is ${longest} ms`);
    assert.ok(bench.begun.length > 2900 && bench.begun.length < 3300, `${bench.begun.length} begun`);
    assert.equal(bench.begun.length + bench.turnedAway.length, 6000);
    // The rush is half a second old before it is known how long one will wait.
    const late = toldAfterMs.filter((ms) => ms > 5).length;
    assert.ok(late < 300, `${late} of ${toldAfterMs.length} were told late`);
    assert.deepEqual(
      toldAfterMs.slice(toldAfterMs.length / 2).filter((ms) => ms > 5),
      [],
    );
  });

  test('where everything stands still for a second and a half, the few that come meanwhile are taken behind it', () => {
    const bench = new Bench();
    bench.mayWaitMs = 2000;
    bench.behind = true;
    for (let n = 0; n < 45; n++) {
      bench.put(`c${n}`);
      bench.turn(33);
    }
    bench.behind = false;
    for (let n = 45; n < 90; n++) {
      bench.put(`c${n}`);
      bench.turn(0.1);
    }
    while (bench.intake.size > 0) bench.turn();
    assert.equal(bench.begun.length, 90);
  });

  test('nobody is turned away by foresight where a server that was slow for a moment makes up for it', () => {
    const bench = new Bench();
    bench.mayWaitMs = 2000;
    // As where code is compiled at the first calls: 150 a second at first, then a thousand.
    bench.costMs = 6.5;
    const startedMs = bench.nowMs;
    for (let offered = 0; offered < 4000 || bench.intake.size > 0; ) {
      if (bench.nowMs - startedMs > 700) bench.costMs = 1;
      while (offered < 4000 && startedMs + offered * 1.25 <= bench.nowMs) bench.put(`${offered++}`);
      bench.turn(0.1);
    }
    assert.equal(bench.begun.length, 4000);
    const longest = Math.max(...bench.waitedMs);
    assert.ok(longest > 500 && longest < 1000, `the longest wait is ${longest} ms`);
  });

  test('nobody is turned away by foresight where those before him will be begun in time', () => {
    const bench = new Bench();
    bench.mayWaitMs = 2000;
    bench.costMs = 2;
    bench.rush(3000, 1.5);
    assert.equal(bench.begun.length, 3000);
    const longest = Math.max(...bench.waitedMs);
    assert.ok(longest > 1700 && longest < 1900, `the longest wait is ${longest} ms`);
  });

  test('who has waited for 200 ms is told so once, and again for each copy of the INVITE', () => {
    const bench = new Bench();
    bench.behind = true;
    bench.put('a', 'b');
    bench.turn(100);
    bench.put('c', 'a');
    bench.turn(99);
    bench.turn(1);
    assert.deepEqual(bench.told, []);
    bench.turn();
    assert.deepEqual(bench.told, ['a', 'b']);
    bench.put('c', 'a');
    bench.intake.withdraw('c');
    bench.turn(150);
    bench.turn();
    assert.deepEqual(bench.told, ['a', 'b', 'a'], 'but not who is gone');
    bench.behind = false;
    bench.turn();
    assert.deepEqual(bench.begun, ['a', 'b']);
    assert.deepEqual(bench.waitedMs.map(Math.floor), [350, 350]);
  });

  test('that many wait does not lengthen a turn by what they are told', () => {
    const bench = new Bench();
    bench.behind = true;
    bench.tellMs = 0.1;
    bench.put(...Array.from({ length: 100 }, (_, n) => `c${n}`));
    bench.turn(200);
    for (let n = 1; n <= 5; n++) {
      bench.turn();
      assert.ok(
        bench.told.length <= n * 16 && bench.told.length >= n * 14,
        `${bench.told.length} told in ${n} turns`,
      );
    }
    for (let n = 0; n < 5; n++) bench.turn();
    assert.equal(bench.told.length, 100);
  });

  test('who would be refused anyhow is turned away at once while some have waited too long, and no longer', () => {
    const bench = new Bench();
    bench.refuses = true;
    bench.put('a');
    assert.deepEqual(bench.begun, ['a'], 'without a press, refusing is the business of who takes calls');
    bench.put('b', 'c', 'd', 'e');
    bench.turn();
    assert.deepEqual(bench.turnedAway, ['d', 'e'], 'those that wait');
    bench.nowMs += 10;
    bench.put('f');
    assert.equal(bench.begun.at(-1), 'f', 'which is no press');
    bench.behind = true;
    bench.refuses = false;
    bench.put('g');
    bench.turn(401);
    bench.turn();
    assert.deepEqual(bench.turnedAway, ['d', 'e', 'g']);
    bench.behind = false;
    bench.refuses = true;
    bench.put('h');
    assert.equal(bench.turnedAway.at(-1), 'h', 'at once');
    for (let n = 0; n < 5; n++) {
      bench.nowMs += 450;
      bench.put(`i${n}`);
      bench.turn();
    }
    assert.equal(bench.begun.at(-1), 'i4', 'being refused does not prolong it');
  });

  test('where nobody is to be turned away, all wait, up to 10,000 and until their senders have given up', () => {
    const bench = new Bench();
    bench.mayWaitMs = undefined;
    bench.refuses = true;
    bench.behind = true;
    bench.put(...Array.from({ length: 10_001 }, (_, n) => `c${n}`));
    assert.deepEqual(bench.turnedAway, ['c10000']);
    bench.turn(31_000);
    bench.behind = false;
    bench.costMs = 0.05;
    while (bench.intake.size > 0) bench.turn();
    assert.equal(bench.begun.length, 10_000);
    bench.behind = true;
    bench.put('late');
    bench.turn(32_001);
    bench.turn();
    assert.equal(bench.turnedAway.at(-1), 'late');
  });

  test('of very long ones no more wait than 64 MiB together', () => {
    const bench = new Bench();
    bench.mayWaitMs = undefined;
    bench.behind = true;
    const body = Buffer.alloc(64 * 1024);
    for (let n = 0; n < 1_100; n++) bench.intake.put(invite(`c${n}`, body));
    const { size } = bench.intake;
    assert.ok(size > 1_000 && size <= 1_024, `${size} wait`);
    assert.equal(bench.turnedAway.length, 1_100 - size);
    bench.intake.withdraw('c0');
    bench.intake.withdraw('c1');
    bench.intake.put(invite('late', body));
    assert.equal(bench.intake.size, size - 1, 'who leaves makes room');
    bench.intake.close();
    bench.intake.put(invite('behind the end', body));
    assert.equal(bench.intake.size, 1);
  });

  test('one that waits can be taken out, and those that wait at the end are turned away', () => {
    const bench = new Bench();
    bench.behind = true;
    bench.put('a', 'b', 'c');
    assert.equal(bench.intake.withdraw('b')?.key, 'b');
    assert.equal(bench.intake.withdraw('b'), undefined);
    assert.equal(bench.intake.withdraw('unknown'), undefined);
    assert.deepEqual(bench.withdrawn, ['call-of-b']);
    bench.put('b');
    bench.put('unknown');
    assert.deepEqual(bench.cancelled, ['b'], 'a copy of it');
    assert.deepEqual(bench.turnedAway, []);
    bench.intake.close();
    assert.deepEqual(bench.turnedAway, ['a', 'c', 'unknown']);
    assert.equal(bench.intake.size, 0);
    bench.behind = false;
    bench.turn();
    assert.deepEqual(bench.begun, []);
  });

  test('copies of one that waits make no second call, and copies of one that was turned away are, too', () => {
    const bench = new Bench();
    bench.behind = true;
    bench.put('a', 'a', 'b', 'a');
    assert.equal(bench.intake.size, 2);
    bench.turn(401);
    bench.turn();
    assert.deepEqual(bench.turnedAway, ['a', 'b']);
    bench.behind = false;
    for (let n = 0; n < 16; n++) {
      bench.put('b');
      bench.nowMs += 1000;
    }
    assert.deepEqual(bench.turnedAway.slice(2), Array(16).fill('b'));
    assert.equal(bench.counted, 2, 'each is counted once');
    assert.deepEqual(bench.begun, []);
    bench.nowMs += 16_000;
    bench.put('b');
    assert.deepEqual(bench.begun, ['b']);
  });

  test('a call that fails to begin does not take those behind it along', () => {
    const bench = new Bench();
    let failing = true;
    const intake = new InviteIntake({
      clock: { monotonic: () => bench.nowMs } as Clock,
      policy: {
        isBehind: () => false,
        mayWaitMs: () => undefined,
        refuses: () => false,
        turnedAway: () => 1,
        withdrawn: () => {},
      },
      tryingAfterMs: 200,
      trying: () => {},
      begin: ({ key }) => {
        if (failing) throw new Error(`${key} fails`);
        bench.begun.push(key);
      },
      turnAway: () => {},
      cancelled: () => {},
      defer: () => {},
    });
    assert.throws(() => intake.put(invite('a')), /a fails/);
    failing = false;
    intake.put(invite('b'));
    assert.deepEqual(bench.begun, ['b']);
  });
});
