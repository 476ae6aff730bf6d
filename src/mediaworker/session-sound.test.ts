import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePcma, decodePcmu, encodePcmu } from '../media/g711.ts';
import { goertzelPower } from '../media/goertzel.ts';
import { EVENT_PAYLOAD_TYPE, decoded, find, noiseCode, openRig } from './session.test-helper.ts';

/** Noise that G.711 carries unchanged. */
function noise(count: number, from = 1_000_000): Int16Array {
  return decoded(Uint8Array.from({ length: count }, (_, i) => noiseCode(from + i)));
}

/** What becomes of samples on a µ-law line. */
function throughMulaw(samples: Int16Array): Int16Array {
  const codes = new Uint8Array(samples.length);
  encodePcmu(samples, 0, samples.length, codes, 0);
  return decoded(codes);
}
