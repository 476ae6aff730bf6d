/** G.711 µ-law and A-law by the definitions of ITU-T G.711, written for clarity: the tests' own opinion. */

export type G711Law = 'PCMU' | 'PCMA';

/** RTP payload types, RFC 3551 table 4. */
export const G711_PAYLOAD_TYPE: Readonly<Record<G711Law, number>> = { PCMU: 0, PCMA: 8 };

export function encodeG711(samples: Int16Array, law: G711Law): Buffer {
  const encode = law === 'PCMU' ? encodeMuLaw : encodeALaw;
  return Buffer.from(Uint8Array.from(samples, encode));
}

export function decodeG711(bytes: Uint8Array, law: G711Law): Int16Array {
  const decode = law === 'PCMU' ? decodeMuLaw : decodeALaw;
  return Int16Array.from(bytes, decode);
}

/** 14-bit magnitude with a bias of 33, segment = position of its highest bit; all bits sent inverted. */
function encodeMuLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample >> 2), 8158) + 33;
  const segment = 31 - Math.clz32(magnitude) - 5;
  const step = (magnitude >> (segment + 1)) & 0x0f;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | step) & 0xff;
}

function decodeMuLaw(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & 0x0f) * 2 + 33) << ((bits >> 4) & 7)) - 33;
  return (bits & 0x80 ? -magnitude : magnitude) * 4;
}

/** 11-bit magnitude, segments 0 and 1 alike in step size; even bits sent inverted (G.711 table 1a). */
function encodeALaw(sample: number): number {
  const positive = sample >= 0;
  const magnitude = (positive ? sample : ~sample) >> 4;
  const segment = magnitude < 16 ? 0 : 31 - Math.clz32(magnitude) - 3;
  const step = (magnitude >> Math.max(segment - 1, 0)) & 0x0f;
  return ((positive ? 0x80 : 0) | (segment << 4) | step) ^ 0x55;
}

function decodeALaw(byte: number): number {
  const bits = byte ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = (bits & 0x0f) * 2 + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return (bits & 0x80 ? magnitude : -magnitude) * 8;
}
