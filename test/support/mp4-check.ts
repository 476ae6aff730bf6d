/**
 * Reads an MP4 file with one audio track as strictly as the strictest players do (ISO/IEC 14496-12): every box ends
 * where its parent says, and every table agrees with every other and with the bytes they speak of.
 */
import assert from 'node:assert/strict';

export interface CheckedMp4 {
  readonly brands: readonly string[];
  /** To be heard, in sample instants. */
  readonly samples: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** AudioSpecificConfig. */
  readonly config: Buffer;
  readonly frames: readonly Buffer[];
}

interface Box {
  readonly type: string;
  /** Of the whole box, in the file. */
  readonly start: number;
  readonly body: Buffer;
}

const CONTAINERS = new Set(['moov', 'trak', 'edts', 'mdia', 'minf', 'dinf', 'stbl']);

/** @throws AssertionError saying what does not hold */
export function checkMp4(file: Buffer): CheckedMp4 {
  const top = boxesOf(file, 0);
  assert.deepEqual(
    top.map(({ type }) => type),
    ['ftyp', 'mdat', 'moov'],
  );
  const [ftyp, mdat] = top as [Box, Box, Box];
  const all = flatten(top);
  const one = (type: string): Buffer => {
    const found = all.filter((box) => box.type === type);
    assert.equal(found.length, 1, `${found.length} boxes of type ${type}`);
    return found[0]!.body;
  };
  assert.ok(!all.some(({ type }) => type === 'mvex' || type === 'moof'), 'it is a fragmented file');
  const { sizes, offsets } = sampleTable(one);
  const frames: Buffer[] = [];
  const inside = { start: mdat.start + 8, end: mdat.start + 8 + mdat.body.length };
  let behind = inside.start;
  for (const [index, size] of sizes.entries()) {
    const at = offsets[index]!;
    assert.ok(
      at >= behind && at + size <= inside.end,
      `frame ${index} at ${at} lies outside or over another`,
    );
    frames.push(file.subarray(at, at + size));
    behind = at + size;
  }
  const brands = Array.from({ length: (ftyp.body.length - 8) / 4 }, (_, i) =>
    ftyp.body.toString('latin1', 8 + 4 * i, 12 + 4 * i),
  );
  return { brands: [ftyp.body.toString('latin1', 0, 4), ...brands], frames, ...timing(one), ...audio(one) };
}

function boxesOf(bytes: Buffer, start: number): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.ok(at + 8 <= bytes.length, `${bytes.length - at} bytes of no box at ${start + at}`);
    const size = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    assert.match(type, /^[\w ]{4}$/, `at ${start + at}`);
    assert.ok(size >= 8 && at + size <= bytes.length, `box ${type} of ${size} bytes at ${start + at}`);
    boxes.push({ type, start: start + at, body: bytes.subarray(at + 8, at + size) });
    at += size;
  }
  return boxes;
}

function flatten(boxes: readonly Box[]): Box[] {
  return boxes.flatMap((box) =>
    CONTAINERS.has(box.type) ? [box, ...flatten(boxesOf(box.body, box.start + 8))] : [box],
  );
}

/** Entries of a table: `width` numbers of 32 bits each, behind version, flags, `skip` bytes and their count. */
function entries(body: Buffer, width: number, skip = 0): number[][] {
  const count = body.readUInt32BE(4 + skip);
  assert.equal(body.length, 8 + skip + count * width * 4, 'the table is not as long as it says');
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: width }, (_, column) => body.readUInt32BE(8 + skip + 4 * (row * width + column))),
  );
}

function sampleTable(one: (type: string) => Buffer): { sizes: number[]; offsets: number[] } {
  const stsz = one('stsz');
  assert.equal(stsz.readUInt32BE(4), 0, 'frames of equal size');
  const sizes = entries(stsz, 1, 4).map(([size]) => size!);
  const chunks = entries(one('stco'), 1).map(([offset]) => offset!);
  const runs = entries(one('stsc'), 3);
  assert.equal(runs[0]?.[0], 1, 'the first run of chunks');
  const offsets: number[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const run = runs.findLast(([first]) => first! <= index + 1)!;
    assert.equal(run[2], 1, 'sample description');
    let at = chunk;
    for (let i = 0; i < run[1]!; i++) {
      const size = sizes[offsets.length];
      assert.ok(size !== undefined, 'the chunks hold more frames than there are');
      offsets.push(at);
      at += size;
    }
  }
  assert.equal(offsets.length, sizes.length, 'the chunks hold fewer frames than there are');
  assert.ok(
    runs.every(([first], i) => i === 0 || first! > runs[i - 1]![0]!),
    'runs of chunks in order',
  );
  const rolled = entries(one('sbgp'), 2, 4).reduce((sum, [count]) => sum + count!, 0);
  assert.equal(rolled, sizes.length, 'frames in groups');
  return { sizes, offsets };
}

function timing(one: (type: string) => Buffer): { samples: number; sampleRate: number } {
  const [mvhd, tkhd, mdhd] = [one('mvhd'), one('tkhd'), one('mdhd')];
  const sampleRate = mdhd.readUInt32BE(12);
  const samples = mvhd.readUInt32BE(16);
  assert.equal(mvhd.readUInt32BE(12), sampleRate, 'time scale of the movie');
  assert.equal(tkhd.readUInt32BE(20), samples, 'length of the track');
  assert.equal(tkhd.readUInt32BE(0) & 3, 3, 'the track is on, and in the movie');
  assert.ok(mvhd.readUInt32BE(96) > tkhd.readUInt32BE(12), 'the next track has another number');
  const times = entries(one('stts'), 2);
  const media = times.reduce((sum, [count, each]) => sum + count! * each!, 0);
  assert.equal(mdhd.readUInt32BE(16), media, 'length of the media');
  const frames = times.reduce((sum, [count]) => sum + count!, 0);
  assert.equal(frames, entries(one('stsz'), 1, 4).length, 'frames with a length');
  const [[duration, mediaTime, rate] = [], ...others] = entries(one('elst'), 3);
  assert.deepEqual([duration, rate, others.length], [samples, 0x10000, 0], 'the edit');
  assert.ok(mediaTime! + samples <= media, 'the edit ends within the media');
  return { samples, sampleRate };
}

function audio(one: (type: string) => Buffer): { channels: number; config: Buffer } {
  assert.equal(one('hdlr').toString('latin1', 8, 12), 'soun');
  one('smhd');
  const stsd = one('stsd');
  assert.equal(stsd.readUInt32BE(4), 1);
  const entry = boxesOf(stsd.subarray(8), 0);
  assert.deepEqual(
    entry.map(({ type }) => type),
    ['mp4a'],
  );
  const { body } = entry[0]!;
  const [esds, ...others] = boxesOf(body.subarray(28), 0);
  assert.deepEqual([esds?.type, others.length], ['esds', 0]);
  const stream = descriptors(esds!.body.subarray(4));
  assert.equal(stream[0]?.tag, 3);
  const inner = descriptors(stream[0]!.body.subarray(3));
  assert.deepEqual(
    inner.map(({ tag }) => tag),
    [4, 6],
  );
  const decoder = inner[0]!.body;
  assert.equal(decoder[0], 0x40, 'MPEG-4 audio');
  const config = descriptors(decoder.subarray(13));
  assert.deepEqual(
    config.map(({ tag }) => tag),
    [5],
  );
  return { channels: body.readUInt16BE(16), config: config[0]!.body };
}

/** ISO/IEC 14496-1 7.2.2: tag, length, body. */
function descriptors(bytes: Buffer): { tag: number; body: Buffer }[] {
  const found: { tag: number; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [tag, length] = [bytes[at]!, bytes[at + 1]!];
    assert.ok(length < 0x80 && at + 2 + length <= bytes.length, `descriptor ${tag} of ${length} bytes`);
    found.push({ tag, body: bytes.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}
