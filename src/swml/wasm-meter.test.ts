import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WasmError } from './wasm-bytes.ts';
import { meterModule } from './wasm-meter.ts';

const I32 = 0x7f;
const section = (id: number, ...body: number[]): number[] => [id, body.length, ...body];
const body = (...code: number[]): number[] => [code.length + 2, 0, ...code, 0x0b];
const text = (name: string): number[] => [name.length, ...Buffer.from(name)];

/**
 * Functions by hand: the import `host.seen` (index 0), then `forever` (an endless loop), `count` (turns as
 * often as its argument says), `fill` (fills memory with zeros, again and again), `call` (calls `count` by the
 * table and `host.seen` directly), and a start function that does nothing.
 */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 3, 0x60, 0, 0, 0x60, 1, I32, 0, 0x60, 1, I32, 1, I32),
  ...section(2, 1, ...text('host'), ...text('seen'), 0, 1),
  ...section(3, 5, 0, 2, 1, 2, 0),
  ...section(4, 1, 0x70, 0, 1),
  ...section(5, 1, 0, 1),
  ...section(6, 1, I32, 1, 0x41, 7, 0x0b),
  ...section(
    7,
    5,
    ...[...text('forever'), 0, 1, ...text('count'), 0, 2, ...text('fill'), 0, 3, ...text('call'), 0, 4],
    ...[...text('seven'), 3, 0],
  ),
  ...section(8, 5),
  ...section(9, 1, 0, 0x41, 0, 0x0b, 1, 2),
  ...section(
    10,
    5,
    // loop br 0 end
    ...body(0x03, 0x40, 0x0c, 0, 0x0b),
    // loop (n = n - 1; br_if 0 n) end; n
    ...body(0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0),
    // loop memory.fill(0, 0, 65536); n = n - 1; br_if 0 n end
    ...body(
      ...[0x03, 0x40, 0x41, 0, 0x41, 0, 0x41, 0x80, 0x80, 0x04, 0xfc, 11, 0],
      ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
    ),
    // seen(global 0); call_indirect count(argument)
    ...body(0x23, 0, 0x10, 0, 0x20, 0, 0x41, 0, 0x11, 2, 0),
    ...body(),
  ),
]);

interface Functions {
  readonly forever: () => void;
  readonly count: (turns: number) => number;
  readonly fill: (turns: number) => void;
  readonly call: (turns: number) => number;
  readonly seven: { readonly value: number };
}

function instance(tick: () => void, seen: (value: number) => void = () => {}): Functions {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(meterModule(MODULE)), {
    host: { seen },
    meter: { tick },
  });
  return exports as unknown as Functions;
}

test('the module made by hand is valid', () => {
  assert.ok(new WebAssembly.Module(MODULE));
});

test('an endless loop is ended by what the host throws', () => {
  let ticks = 0;
  const { forever } = instance(() => {
    if (++ticks === 10) throw new Error('enough');
  });
  assert.throws(forever, /enough/);
  assert.equal(ticks, 10);
});

test('a tick comes for each 50,000 turns', () => {
  let ticks = 0;
  const { count } = instance(() => ticks++);
  assert.equal(count(1_000_000), 0);
  assert.ok(ticks === 19 || ticks === 20, `${ticks} ticks`);
});

test('filling and copying memory counts by its length', () => {
  let ticks = 0;
  const { fill } = instance(() => ticks++);
  // 64 KiB are 256 turns, and one more for the loop.
  fill(2_000);
  assert.ok(ticks >= 9 && ticks <= 11, `${ticks} ticks`);
});

test('calls, table, exports, globals and the start function keep their meaning', () => {
  const seen: number[] = [];
  const { call, seven } = instance(
    () => {},
    (value) => seen.push(value),
  );
  assert.equal(call(3), 0);
  assert.deepEqual([seen, seven.value], [[7], 7]);
});

for (const [title, bytes] of [
  ['nothing', []],
  ['text', [...Buffer.from('sections: {}')]],
  ['another version', [0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0]],
] as const) {
  test(`${title} is refused`, () => {
    assert.throws(() => meterModule(Uint8Array.from(bytes)), WasmError);
  });
}

test('property: a module that is cut or changed anywhere is read or refused with a WasmError', () => {
  fc.assert(
    fc.property(fc.nat(MODULE.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
      const changed = cut ? MODULE.slice(0, at) : MODULE.with(at, byte);
      try {
        meterModule(changed);
      } catch (error) {
        assert.ok(error instanceof WasmError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
