import assert from 'node:assert/strict';
import test from 'node:test';

import { decodeG711, encodeG711, type G711Law } from './g711.ts';

const CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

for (const law of ['PCMU', 'PCMA'] satisfies G711Law[]) {
  test(`${law}: every code survives decoding and encoding, but for the second zero of µ-law`, () => {
    const back = encodeG711(decodeG711(CODES, law), law);
    const changed = [...CODES].filter((code) => back[code] !== code);
    assert.deepEqual(changed, law === 'PCMU' ? [127] : []);
  });
}

test('The ends of the scale are those of G.711', () => {
  assert.deepEqual([...decodeG711(Uint8Array.of(0x80, 0x00, 0xff), 'PCMU')], [32_124, -32_124, 0]);
  assert.deepEqual([...decodeG711(Uint8Array.of(0xaa, 0x2a, 0xd5), 'PCMA')], [32_256, -32_256, 8]);
});
