/** WAV files made by hand, byte by byte, for tests. */

export interface WavRecipe {
  /** Format code: 1 PCM, 3 floating point, 6 A-law, 7 µ-law. */
  readonly tag: number;
  readonly bits: number;
  readonly data: Uint8Array;
  readonly channels?: number;
  /** Hz. */
  readonly rate?: number;
  readonly extensible?: boolean;
  /** What the size field says, instead of the truth. */
  readonly dataSize?: number;
}

export function wavFile(recipe: WavRecipe): Buffer {
  const { tag, bits, data, channels = 1, rate = 8000, extensible = false } = recipe;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE((rate * channels * bits) / 8, 8);
  format.writeUInt16LE((channels * bits) / 8, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(bits, 18);
    format.writeUInt16LE(tag, 24);
    // The rest of the GUID that all these codes share.
    Buffer.from('000000001000800000aa00389b71', 'hex').copy(format, 26);
  }
  const head = Buffer.alloc(20);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(12 + format.length + 8 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(format.length, 16);
  const dataHead = Buffer.alloc(8);
  dataHead.write('data', 0, 'latin1');
  dataHead.writeUInt32LE(recipe.dataSize ?? data.length, 4);
  return Buffer.concat([head, format, dataHead, data]);
}
