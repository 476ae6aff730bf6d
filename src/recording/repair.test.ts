import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { wavHeader } from '../media/wav-format.ts';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { type FileSystem, nodeFileSystem } from './file-system.ts';
import { spoolHeader } from './pcm-spool.ts';
import { repairSpool } from './repair.ts';

const root = mkdtempSync(path.join(tmpdir(), 'openswml-repair-'));
after(() => rmSync(root, { recursive: true, force: true }));

const MONO = { sampleRate: 8000, channels: 1 } as const;
const SAMPLES = Int16Array.from({ length: 4000 }, (_, n) => n * 3 - 6000);
const DATA = new Uint8Array(SAMPLES.buffer);
const GROWING = Buffer.concat([wavHeader(MONO), DATA]);
const COMPLETE = { state: 'complete', durationMs: 500, byteSize: 8044 };

/** A folder with `r.wav` and `r.wav.part` as given. */
function spool(content: { readonly final?: Uint8Array; readonly part?: Uint8Array }): string {
  const file = path.join(mkdtempSync(path.join(root, 'spool-')), 'r.wav');
  if (content.final !== undefined) writeFileSync(file, content.final);
  if (content.part !== undefined) writeFileSync(`${file}.part`, content.part);
  return file;
}

test('a .part file becomes a finished file with true sizes; doing it again changes nothing', async () => {
  const file = spool({ part: GROWING });
  assert.deepEqual(await repairSpool(file, 'wav'), COMPLETE);
  const first = readFileSync(file);
  assert.deepEqual(first, Buffer.concat([wavHeader(MONO, 8000), DATA]));
  assert.equal(existsSync(`${file}.part`), false);
  assert.deepEqual(await repairSpool(file, 'wav'), COMPLETE);
  assert.deepEqual(readFileSync(file), first);
});

test('a frame that is not whole is cut off, in stereo too', async () => {
  const mono = spool({ part: GROWING.subarray(0, 44 + 1001) });
  assert.deepEqual(await repairSpool(mono, 'wav'), { state: 'complete', durationMs: 62.5, byteSize: 1044 });
  assert.equal(readFileSync(mono).length, 1044);
  const stereo = spool({
    part: Buffer.concat([wavHeader({ sampleRate: 16000, channels: 2 }), DATA.subarray(0, 6403)]),
  });
  assert.deepEqual(await repairSpool(stereo, 'wav'), { state: 'complete', durationMs: 100, byteSize: 6444 });
  assert.equal(decodeWav(readFileSync(stereo)).format.channels, 2);
});

test('a finished file whose report was lost is told as it is', async () => {
  const final = Buffer.concat([wavHeader(MONO, 8000), DATA]);
  const file = spool({ final });
  assert.deepEqual(await repairSpool(file, 'wav'), COMPLETE);
  assert.deepEqual(readFileSync(file), final);
});

test('nothing at all is absent', async () => {
  assert.deepEqual(await repairSpool(spool({}), 'wav'), { state: 'absent' });
  assert.deepEqual(await repairSpool(path.join(root, 'no', 'such', 'r.wav'), 'wav'), { state: 'absent' });
});

test('a .part file without a sample is absent and removed', async () => {
  for (const part of [
    Buffer.alloc(0),
    GROWING.subarray(0, 20),
    GROWING.subarray(0, 44),
    GROWING.subarray(0, 45),
  ]) {
    const file = spool({ part });
    assert.deepEqual(await repairSpool(file, 'wav'), { state: 'absent' }, `${part.length} bytes`);
    assert.equal(existsSync(file), false);
    assert.equal(existsSync(`${file}.part`), false);
  }
});

test('a finished file wins over a shorter .part file, and a longer .part file is kept', async () => {
  const final = Buffer.concat([wavHeader(MONO, 8000), DATA]);
  const shorter = spool({ final, part: GROWING.subarray(0, 2000) });
  assert.deepEqual(await repairSpool(shorter, 'wav'), COMPLETE);
  assert.equal(existsSync(`${shorter}.part`), false);
  const longer = spool({ final, part: Buffer.concat([GROWING, DATA]) });
  assert.deepEqual(await repairSpool(longer, 'wav'), COMPLETE);
  assert.equal(existsSync(`${longer}.part`), true);
});

test('an empty file of the final name does not hide a .part file', async () => {
  const file = spool({ final: Buffer.alloc(0), part: GROWING });
  assert.deepEqual(await repairSpool(file, 'wav'), COMPLETE);
});

test('a destroyed header is written anew, for the shape that is given or 8 kHz mono', async () => {
  const destroyed = Buffer.concat([Buffer.alloc(44), DATA]);
  const mono = spool({ part: destroyed });
  assert.deepEqual(await repairSpool(mono, 'wav'), COMPLETE);
  assert.deepEqual(decodeWav(readFileSync(mono)).samples, SAMPLES);
  const stereo = spool({ part: destroyed });
  const shape = { sampleRate: 16000, channels: 2 } as const;
  assert.deepEqual(await repairSpool(stereo, 'wav', { shape }), {
    state: 'complete',
    durationMs: 125,
    byteSize: 8044,
  });
  const absurd = Buffer.from(GROWING);
  absurd.writeUInt32LE(123, 24);
  assert.deepEqual(await repairSpool(spool({ part: absurd }), 'wav'), COMPLETE);
});

test('a final file that is none of ours is left alone, and what lies beside it, too', async () => {
  const part = GROWING.subarray(0, 50);
  const file = spool({
    final: Buffer.from('This is not a recording at all, but somebody else put it here.'),
    part,
  });
  const result = await repairSpool(file, 'wav');
  assert.equal(result.state, 'unreadable');
  assert.match(readFileSync(file, 'utf8'), /^This is not/);
  assert.deepEqual(readFileSync(`${file}.part`), part);
});

test('a crash at any step of the repair is repaired by the next one', async () => {
  for (const step of ['truncate', 'write', 'sync', 'rename'] as const) {
    const file = spool({ part: Buffer.concat([GROWING, Buffer.alloc(1)]) });
    const faulty: FileSystem = {
      ...nodeFileSystem,
      [step]: () => Promise.reject(new Error(`crash in ${step}`)),
    };
    await assert.rejects(repairSpool(file, 'wav', { files: faulty }), /crash in/);
    assert.deepEqual(await repairSpool(file, 'wav'), COMPLETE, step);
    assert.deepEqual(decodeWav(readFileSync(file)).samples, SAMPLES);
  }
});

test('what waits beside a recording is closed again when it cannot be read', async () => {
  const file = spool({ part: GROWING });
  writeFileSync(`${file}.pcm`, spoolHeader({ ...MONO, from: 0 }));
  const open = new Set<number>();
  const faulty: FileSystem = {
    ...nodeFileSystem,
    open: async (name) => {
      const fd = await nodeFileSystem.open(name);
      open.add(fd);
      return fd;
    },
    close: async (fd) => {
      open.delete(fd);
      await nodeFileSystem.close(fd);
    },
    read: () => Promise.reject(new Error('the disk reports an error')),
  };
  await assert.rejects(repairSpool(file, 'wav', { files: faulty }), /the disk reports/);
  assert.equal(open.size, 0);
});
