import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../time/virtual-clock.ts';
import { SharedUtterance } from './shared-utterance.ts';

/** A production that the test drives chunk by chunk. */
class Production {
  starts = 0;
  signal: AbortSignal | undefined;
  ended: (Int16Array | undefined)[] = [];
  readonly utterance: SharedUtterance;
  #next = Promise.withResolvers<Int16Array | 'end' | Error>();

  constructor(clock = new VirtualClock()) {
    this.utterance = new SharedUtterance({
      clock,
      produce: (signal) => this.#produce(signal),
      onEnd: (whole) => this.ended.push(whole),
    });
  }

  async give(what: Int16Array | 'end' | Error): Promise<void> {
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers();
    resolve(what);
    await new Promise((done) => setImmediate(done));
  }

  async *#produce(signal: AbortSignal): AsyncGenerator<Int16Array> {
    this.starts++;
    this.signal = signal;
    for (;;) {
      const what = await this.#next.promise;
      if (what === 'end') return;
      if (what instanceof Error) throw what;
      yield what;
    }
  }
}

async function collect(chunks: AsyncIterable<Int16Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

describe('shared utterance', () => {
  it('is made once for several listeners, late ones included, and given whole to the cache', async () => {
    const production = new Production();
    const first = collect(production.utterance.listen());
    await production.give(Int16Array.of(1, 2));
    const late = collect(production.utterance.listen());
    await production.give(Int16Array.of(3));
    await production.give('end');
    assert.deepEqual(await first, [1, 2, 3]);
    assert.deepEqual(await late, [1, 2, 3]);
    assert.equal(production.starts, 1);
    assert.deepEqual(
      production.ended.map((whole) => [...(whole ?? [])]),
      [[1, 2, 3]],
    );
    assert.ok(production.ended[0]?.buffer instanceof SharedArrayBuffer);
  });

  it('hands out the beginning before the rest is made', async () => {
    const production = new Production();
    const listener = production.utterance.listen();
    const first = listener.next();
    await production.give(Int16Array.of(7));
    assert.deepEqual([...((await first).value ?? [])], [7]);
    assert.equal(production.ended.length, 0);
    await listener.return(undefined);
  });

  it('is given up when its last listener leaves, not before', async () => {
    const production = new Production();
    const stay = production.utterance.listen();
    const leave = production.utterance.listen();
    const both = [stay.next(), leave.next()];
    await production.give(Int16Array.of(1));
    await Promise.all(both);
    await leave.return(undefined);
    assert.equal(production.signal?.aborted, false);
    await stay.return(undefined);
    assert.equal(production.signal?.aborted, true);
    assert.deepEqual(production.ended, [undefined]);
  });

  it('lets one listener abort while another listens on', async () => {
    const production = new Production();
    const controller = new AbortController();
    const aborted = collect(production.utterance.listen(controller.signal));
    const other = collect(production.utterance.listen());
    await production.give(Int16Array.of(1));
    controller.abort(new Error('call over'));
    await assert.rejects(aborted, /call over/);
    await production.give(Int16Array.of(2));
    await production.give('end');
    assert.deepEqual(await other, [1, 2]);
  });

  it('fails for all listeners, after what was made', async () => {
    const production = new Production();
    const heard: number[] = [];
    const listener = (async () => {
      for await (const chunk of production.utterance.listen()) heard.push(...chunk);
    })();
    const rejected = assert.rejects(listener, /broken voice/);
    await production.give(Int16Array.of(1));
    await production.give(new Error('broken voice'));
    await rejected;
    assert.deepEqual(heard, [1]);
    assert.deepEqual(production.ended, [undefined]);
  });

  it('holds virtual time while somebody waits for it', async () => {
    const clock = new VirtualClock();
    const production = new Production(clock);
    let fired = false;
    clock.after(10, () => {
      fired = true;
    });
    const listener = collect(production.utterance.listen());
    const advanced = clock.advance(20);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(fired, false);
    await production.give(Int16Array.of(1));
    await production.give('end');
    await Promise.all([advanced, listener]);
    assert.equal(fired, true);
  });
});
