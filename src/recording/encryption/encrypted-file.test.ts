import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { wavHeader } from '../../media/wav-format.ts';
import { type FileChange, MemoryFiles } from '../memory-files.test-helper.ts';
import { type RepairResult, repairSpool } from '../repair.ts';
import { encryptedFiles } from './encrypted-file.ts';
import {
  decrypt,
  EncryptedBench,
  encrypt,
  KEYS,
  PATH,
  RECORDING_ID,
  sampleBytes,
} from './encryption.test-helper.ts';
import { FIRST_PAGE_BYTES, HEAD_BYTES, recordPosition } from './format.ts';
import { KeyRing } from './keys.ts';

const MONO = { sampleRate: 8000, channels: 1 } as const;
const PART = `${PATH}.part`;
/** Half a second each, as the WAV writer hands it over. */
const BLOCKS = 12;
const BLOCK = 8000;
const AUDIO = sampleBytes(BLOCKS * BLOCK);

async function repair(files: MemoryFiles, keys: KeyRing = KEYS, lost: number[] = []): Promise<RepairResult> {
  const openFile = encryptedFiles({ keys, onLost: (_file, chunks) => lost.push(chunks) });
  return repairSpool(PATH, 'wav', { files, openFile });
}

/** A recording of which nothing but the changes of the disk are kept, with what had been appended at each. */
async function record(): Promise<{ changes: FileChange[]; handedOver: number[] }> {
  const bench = new EncryptedBench();
  const handedOver: number[] = [];
  await bench.append(wavHeader(MONO));
  for (let n = 0; n < BLOCKS; n++) {
    while (handedOver.length < bench.files.changes.length) handedOver.push(n * BLOCK);
    await bench.append(AUDIO.slice(n * BLOCK, (n + 1) * BLOCK));
  }
  while (handedOver.length < bench.files.changes.length) handedOver.push(BLOCKS * BLOCK);
  bench.target.patch(0, wavHeader(MONO, AUDIO.length));
  await bench.target.finish();
  while (handedOver.length < bench.files.changes.length) handedOver.push(BLOCKS * BLOCK);
  return { changes: bench.files.changes, handedOver };
}

/** Asserts that a repaired file is the beginning of the recording. @returns bytes of audio in it */
async function assertBeginning(files: MemoryFiles, result: RepairResult): Promise<number> {
  assert.equal(result.state, 'complete');
  if (result.state !== 'complete') return 0;
  const plain = await decrypt(files.content(PATH));
  const bytes = plain.length - 44;
  assert.ok(plain.equals(Buffer.concat([wavHeader(MONO, bytes), AUDIO.subarray(0, bytes)])), 'other audio');
  assert.equal(result.byteSize, plain.length);
  assert.deepEqual(files.names, [PATH]);
  return bytes;
}

test('a crash after any write, or in the middle of it, costs what was not handed over and one block', async () => {
  const { changes, handedOver } = await record();
  for (let kept = 0; kept <= changes.length; kept++) {
    const next = changes[kept];
    const states = [changes.slice(0, kept)];
    // The first page is taken by the kernel as a whole.
    if (next?.type === 'write' && next.position >= FIRST_PAGE_BYTES) {
      for (const share of [0.3, 0.9]) {
        const bytes = next.bytes.subarray(0, Math.floor(next.bytes.length * share));
        states.push([...changes.slice(0, kept), { ...next, bytes }]);
      }
    }
    for (const state of states) {
      const files = MemoryFiles.after(state);
      const result = await repair(files);
      const least = kept === 0 ? 0 : handedOver[kept - 1]! - BLOCK;
      if (least <= 0 && result.state === 'absent') continue;
      const bytes = await assertBeginning(files, result);
      assert.ok(bytes >= least, `after ${kept} of ${changes.length} changes: ${bytes} of ${least} bytes`);
    }
  }
});

test('a crash at any write of the repair is repaired by the next one, with nothing lost', async () => {
  const { changes } = await record();
  for (const kept of [3, 8, 15, changes.length - 2]) {
    const before = changes.slice(0, kept);
    const first = MemoryFiles.after(before);
    const whole = await assertBeginning(first, await repair(first));
    for (let step = kept; step < first.changes.length; step++) {
      const change = first.changes[step]!;
      const torn: FileChange[] =
        change.type === 'write'
          ? [{ ...change, bytes: change.bytes.subarray(0, change.bytes.length / 2) }]
          : [];
      const files = MemoryFiles.after([...first.changes.slice(0, step), ...torn]);
      assert.equal(await assertBeginning(files, await repair(files)), whole, `${kept}, step ${step - kept}`);
    }
  }
});

test('a frame that is not whole is cut off, also where the end of a chunk goes with it', async () => {
  for (const length of [44 + 1001, HEAD_BYTES + 1, HEAD_BYTES + 16_384 + 1]) {
    const bench = new EncryptedBench();
    const plain = Buffer.concat([wavHeader(MONO), AUDIO]).subarray(0, length);
    await bench.append(plain.slice());
    const files = MemoryFiles.after(bench.files.changes);
    assert.equal(await assertBeginning(files, await repair(files)), Math.floor((length - 44) / 2) * 2);
  }
});

test('chunks that a power cut has emptied are silence, and are told', async () => {
  const bench = new EncryptedBench();
  await bench.append(wavHeader(MONO));
  for (let n = 0; n < BLOCKS; n++) await bench.append(AUDIO.slice(n * BLOCK, (n + 1) * BLOCK));
  const file = bench.files.content(PART);
  file.fill(0, recordPosition(2), recordPosition(3));
  const lost: number[] = [];
  const result = await repair(bench.files, KEYS, lost);
  assert.equal(result.state, 'complete');
  assert.deepEqual(lost, [1]);
  const plain = await decrypt(bench.files.content(PATH));
  const [from, to] = [HEAD_BYTES + 16_384, HEAD_BYTES + 2 * 16_384];
  assert.ok(plain.subarray(from, to).every((byte) => byte === 0));
  assert.deepEqual(plain.subarray(44, from), AUDIO.subarray(0, from - 44));
  assert.deepEqual(plain.subarray(to), AUDIO.subarray(to - 44));
});

test('a finished file whose report was lost is told as it is, and is not written to', async () => {
  const plain = Buffer.concat([wavHeader(MONO, 40_000), AUDIO.subarray(0, 40_000)]);
  const files = new MemoryFiles();
  files.put(PATH, await encrypt(plain));
  const before = Buffer.from(files.content(PATH));
  assert.deepEqual(await repair(files), { state: 'complete', durationMs: 2500, byteSize: 40_044 });
  assert.deepEqual(files.content(PATH), before);
  assert.deepEqual(files.changes, []);
});

test('a finished file that was changed is not made whole', async () => {
  const files = new MemoryFiles();
  files.put(PATH, await encrypt(Buffer.concat([wavHeader(MONO, 40_000), AUDIO.subarray(0, 40_000)])));
  files.content(PATH)[300]! ^= 1;
  await assert.rejects(repair(files), /changed since it was written/);
});

test('without the key nothing is repaired and nothing is touched', async () => {
  const bench = new EncryptedBench();
  await bench.append(Buffer.concat([wavHeader(MONO), AUDIO]));
  const files = MemoryFiles.after(bench.files.changes);
  const before = Buffer.from(files.content(PART));
  await assert.rejects(repair(files, new KeyRing(randomBytes(32))), /not at hand/);
  assert.deepEqual(files.content(PART), before);
  assert.equal((await repair(files)).state, 'complete');
});

test('a file that broke off within its first page is absent', async () => {
  for (const length of [0, 7, 255, 256, 280]) {
    const bench = new EncryptedBench();
    await bench.append(wavHeader(MONO));
    const files = new MemoryFiles();
    files.put(PART, bench.files.content(PART).subarray(0, Math.min(length, FIRST_PAGE_BYTES)));
    assert.deepEqual(await repair(files), { state: 'absent' }, `${length} bytes`);
    assert.deepEqual(files.names, []);
  }
});

test('repair may cut, append and patch; a crash at any write of that keeps what was there before it', async () => {
  const bench = new EncryptedBench();
  const plain = sampleBytes(60_000);
  for (let at = 0; at < plain.length; at += BLOCK) await bench.append(plain.slice(at, at + BLOCK));
  for (const cut of [59_990, 40_000, HEAD_BYTES, 100]) {
    const files = MemoryFiles.after(bench.files.changes);
    const before = files.changes.length;
    const file = await encryptedFiles({ keys: KEYS })(PART, files);
    await file.truncate(cut);
    const more = sampleBytes(50_000).reverse();
    await file.append(more);
    await file.patch(0, Buffer.from('RIFF'));
    const wanted = Buffer.concat([plain.subarray(0, cut), more]);
    wanted.set(Buffer.from('RIFF'));
    assert.ok(wanted.equals(await file.read(0, wanted.length)));
    await file.sync();
    await file.close();
    assert.ok((await decrypt(files.content(PART))).equals(wanted), `cut at ${cut}`);
    for (let step = before; step < files.changes.length; step++) {
      const change = files.changes[step]!;
      const torn = change.type === 'write' ? [{ ...change, bytes: change.bytes.subarray(0, 1000) }] : [];
      const crashed = MemoryFiles.after([...files.changes.slice(0, step), ...torn]);
      const left = await encryptedFiles({ keys: KEYS, onLost: () => assert.fail('a chunk was lost') })(
        PART,
        crashed,
      );
      const kept = Buffer.from(await left.read(4, cut - 4));
      assert.ok(kept.equals(plain.subarray(4, cut)), `cut at ${cut}, step ${step - before}`);
    }
  }
});

test('a file without a header gets one when something is put into it; without a key, nothing is lost', async () => {
  const part = `/spool/${RECORDING_ID}.mp3.enc.part`;
  const plain = sampleBytes(40_000);
  for (const length of [0, 7, 255]) {
    const files = new MemoryFiles();
    files.put(part, Buffer.alloc(length, 1));
    const keyless = await encryptedFiles({ keys: KeyRing.of(KEYS.current!) })(part, files);
    await keyless.append(plain);
    await assert.rejects(keyless.sync(), /no key is set: set recording\.encryption\.key_file/);
    await keyless.close();
    assert.equal(files.content(part).length, length);
    const file = await encryptedFiles({ keys: KEYS })(part, files);
    assert.equal(file.size, 0);
    await file.append(plain);
    await file.sync();
    await file.close();
    assert.ok((await decrypt(files.content(part))).equals(plain), `${length} bytes`);
  }
});
