import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMp3Header } from '../media/mp3-frame.ts';
import { sine } from '../media/test-signals.ts';
import { writeEnd } from './encoder/complete.ts';
import { type EncodedFormat, openFrameEncoder } from './encoder/frame-encoder.ts';
import { LocalEncoders } from './encoder/local-encoders.test-helper.ts';
import { frameLayout } from './encoded-writer.ts';
import type { EncodedFrames } from './frame-layout.ts';
import { MemoryFiles } from './memory-files.test-helper.ts';
import { mp3Repair } from './mp3-repair.ts';
import { mp4Repair } from './mp4-repair.ts';
import { spoolHeader } from './pcm-spool.ts';
import type { AudioShape } from './recording-writer.ts';
import { MemoryFile } from './repair-file.ts';
import { repairSpool } from './repair.ts';

const REPAIRS = { mp3: mp3Repair, mp4: mp4Repair } as const;
const MONO = { sampleRate: 8000, channels: 1 } as const;

interface Growing {
  /** The file as it grows, up to where the encoder had no more. */
  readonly bytes: Buffer;
  readonly head: number;
  /** Positions up to which the file is whole, and the sample instants that can be heard of it. */
  readonly steps: readonly { readonly bytes: number; readonly samples: number }[];
  readonly finished: Buffer;
}

/** A tone, a second unless told, and how its file comes to be. */
async function grow(format: EncodedFormat, shape: AudioShape, samples = shape.sampleRate): Promise<Growing> {
  const encoder = await openFrameEncoder({ ...shape, format, kbps: 32, skipFrames: 0 });
  const layout = frameLayout(format, shape, 32);
  const chunks: Uint8Array[] = [layout.head()];
  const steps: { bytes: number; samples: number }[] = [];
  let position = chunks[0]!.length;
  const add = (frames: EncodedFrames): void => {
    if (frames.sizes.length === 0) return;
    // MP3 is whole frame by frame, MP4 fragment by fragment.
    const bytes = layout.add(frames).slice();
    if (format === 'mp4') steps.push({ bytes: position + bytes.length, samples: layout.decodableSamples });
    else {
      const before = frameLayout(format, shape, 32);
      before.add({ bytes: new Uint8Array(0), sizes: Array(layout.frames - frames.sizes.length).fill(1) });
      let at = position;
      for (const size of frames.sizes) {
        before.add({ bytes: new Uint8Array(size), sizes: [size] });
        at += size;
        steps.push({ bytes: at, samples: before.decodableSamples });
      }
    }
    chunks.push(bytes);
    position += bytes.length;
  };
  for (let at = 0; at < samples; at += 2304) {
    const count = Math.min(2304, samples - at);
    add(encoder.encode(sine((at + count) * shape.channels, 440, -12).subarray(at * shape.channels)));
  }
  add(encoder.finish());
  encoder.close();
  const bytes = Buffer.concat(chunks);
  const file = new MemoryFile(bytes);
  await writeEnd(layout, samples, file);
  return { bytes, head: chunks[0]!.length, steps, finished: Buffer.from(file.bytes) };
}

for (const format of ['mp3', 'mp4'] as const) {
  for (const shape of [MONO, { sampleRate: 16_000, channels: 2 }] as const) {
    const repair = REPAIRS[format];
    const name = `${format}, ${shape.channels} × ${shape.sampleRate} Hz`;

    test(`${name}: cut off at any byte, a file keeps all that is whole, and a second repair changes nothing`, async () => {
      const { bytes, steps } = await grow(format, shape);
      assert.ok(steps.length > 3);
      for (let length = 0; length <= bytes.length; length++) {
        const last = steps.findLast((step) => step.bytes <= length);
        const expected = ((last?.samples ?? 0) * 1000) / shape.sampleRate;
        const file = new MemoryFile(bytes.subarray(0, length));
        const kept = await repair.mend(file, MONO, undefined);
        if (kept !== expected) assert.equal(kept, expected, `cut at ${length}`);
        if (kept === 0) {
          assert.equal(file.size, length);
          continue;
        }
        if ((await repair.describe(file)) !== kept) assert.fail(`not a finished file when cut at ${length}`);
        // Once at each step will do: the file is the same for every cut between two of them.
        if (length !== last!.bytes) continue;
        const first = Buffer.from(file.bytes);
        assert.equal(await repair.mend(file, MONO, undefined), kept);
        assert.ok(first.equals(file.bytes), `the second repair of the file cut at ${length} changed it`);
      }
    });

    test(`${name}: cut off within its end, a file is finished all the same`, async () => {
      const { bytes, finished, steps } = await grow(format, shape);
      const whole = (steps.at(-1)!.samples * 1000) / shape.sampleRate;
      assert.equal(await repair.describe(new MemoryFile(finished)), 1000);
      for (let length = bytes.length; length <= finished.length; length += 7) {
        // The tail was being written; or it was there, and the head not patched yet; or all but the name.
        for (const head of [bytes, finished]) {
          const part = Buffer.concat([head.subarray(0, 40), finished.subarray(40, length)]);
          const file = new MemoryFile(part);
          assert.equal(await repair.mend(file, MONO, undefined), whole, `${length} bytes`);
          assert.equal(await repair.describe(file), whole);
        }
      }
    });

    test(`${name}: a head of zeros, as a power cut leaves it, is written anew from what is known`, async () => {
      const { bytes, head, steps } = await grow(format, shape);
      const broken = Buffer.from(bytes);
      broken.fill(0, 0, head);
      const file = new MemoryFile(broken);
      const whole = (steps.at(-1)!.samples * 1000) / shape.sampleRate;
      assert.equal(await repair.mend(file, shape, undefined), whole);
      assert.equal(await repair.describe(file), whole);
    });
  }

  test(`${format}: bytes that are no frames of ours are left for somebody to look at`, async () => {
    const files = new MemoryFiles();
    files.put('/r.part', Buffer.alloc(10_000, 'not audio'));
    await assert.rejects(repairSpool('/r', format, { files }), /there are 10000 bytes, but no MP[34] frames/);
    assert.equal(files.content('/r.part').length, 10_000);
    files.put('/s', Buffer.alloc(10_000, 'not audio'));
    const result = await repairSpool('/s', format, { files });
    assert.ok(result.state === 'unreadable');
    assert.match(result.error, /\/s: its header is no MP[34] header of ours/);
  });

  test(`${format}: samples that wait in a spool are encoded, with the file before them or without one`, async () => {
    const encoders = new LocalEncoders();
    encoders.working = true;
    const { bytes, steps } = await grow(format, MONO);
    const half = steps[Math.floor(steps.length / 2)]!;
    const pcm = (from: number, until: number): Buffer =>
      Buffer.concat([spoolHeader({ ...MONO, from }), Buffer.from(sine(until, 440, -12).slice(from).buffer)]);
    const cases: readonly [name: string, part: Buffer | undefined, spool: Buffer, ms: number][] = [
      ['goes on behind the file', bytes.subarray(0, half.bytes), pcm(1000, 16_000), 2000],
      ['is all there is', undefined, pcm(0, 16_000), 2000],
      ['is empty', bytes.subarray(0, half.bytes), pcm(1000, 1000), half.samples / 8],
      [
        'is broken off',
        bytes.subarray(0, half.bytes),
        pcm(1000, 16_000).subarray(0, 20_001),
        (1000 + 9970) / 8,
      ],
      [
        'came to the disk later than the frames',
        bytes.subarray(0, half.bytes),
        pcm(0, 1000),
        half.samples / 8,
      ],
    ];
    for (const suffix of ['.pcm', '.pcm.part']) {
      for (const [name, part, spool, ms] of cases) {
        const files = new MemoryFiles();
        if (part !== undefined) files.put('/r.part', part);
        files.put(`/r${suffix}`, spool);
        const result = await repairSpool('/r', format, { files, encoders });
        assert.ok(result.state === 'complete');
        assert.equal(result.durationMs, ms, `a spool that ${name}`);
        assert.deepEqual(files.names, ['/r']);
      }
    }
  });

  test(`${format}: one that was killed when all was encoded is as long as its spool, to the sample`, async () => {
    for (const samples of [8000, 8001, 8100, 8300, 8575, 8576]) {
      const { bytes } = await grow(format, MONO, samples);
      const files = new MemoryFiles();
      files.put('/r.part', bytes);
      files.put(
        '/r.pcm.part',
        Buffer.concat([spoolHeader({ ...MONO, from: 0 }), Buffer.from(sine(samples, 440, -12).buffer)]),
      );
      const encoders = new LocalEncoders();
      encoders.working = true;
      const result = await repairSpool('/r', format, { files, encoders });
      assert.ok(result.state === 'complete');
      assert.equal(result.durationMs, samples / 8);
    }
  });

  test(`${format}: frames that a killed process never brought to the disk are missing, no more`, async () => {
    const encoders = new LocalEncoders();
    encoders.working = true;
    const { bytes, steps } = await grow(format, MONO);
    const files = new MemoryFiles();
    files.put('/r.part', bytes.subarray(0, steps[0]!.bytes));
    const from = 9216;
    const spool = [spoolHeader({ ...MONO, from }), Buffer.from(sine(8000, 440, -12).buffer)];
    files.put('/r.pcm.part', Buffer.concat(spool));
    const result = await repairSpool('/r', format, { files, encoders });
    assert.ok(result.state === 'complete');
    const kept = (result.durationMs * MONO.sampleRate) / 1000;
    assert.ok(kept >= 8000 && kept <= 8000 + steps[0]!.samples + 2304, `${kept} samples`);
  });

  test(`${format}: a finished file makes what is left beside it superfluous`, async () => {
    const { finished, bytes } = await grow(format, MONO);
    const files = new MemoryFiles();
    files.put('/r', finished);
    files.put('/r.part', bytes.subarray(0, 3000));
    files.put('/r.pcm', Buffer.concat([spoolHeader({ ...MONO, from: 0 }), Buffer.alloc(1000)]));
    assert.deepEqual(await repairSpool('/r', format, { files }), {
      state: 'complete',
      durationMs: 1000,
      byteSize: finished.length,
    });
    assert.deepEqual(files.names, ['/r']);
  });
}

test('mp3: what is encoded by a repair has the bit rate of what is there, also above 255 kb/s, and without a head', async () => {
  const shape = { sampleRate: 48_000, channels: 1 } as const;
  for (const [kbps, hasHead] of [
    [320, true],
    [128, false],
  ] as const) {
    const encoder = await openFrameEncoder({ ...shape, format: 'mp3', kbps, skipFrames: 0 });
    const layout = frameLayout('mp3', shape, kbps);
    const head = hasHead ? layout.head() : new Uint8Array(layout.head().length);
    const files = new MemoryFiles();
    files.put('/r.part', Buffer.concat([head, layout.add(encoder.encode(sine(48_000, 440, -12)))]));
    encoder.close();
    const from = 24_000;
    const spool = [spoolHeader({ ...shape, from }), Buffer.from(sine(96_000, 440, -12).slice(from).buffer)];
    files.put('/r.pcm.part', Buffer.concat(spool));
    const encoders = new LocalEncoders();
    encoders.working = true;
    const result = await repairSpool('/r', 'mp3', { files, encoders });
    assert.ok(result.state === 'complete');
    assert.equal(result.durationMs, 2000);
    const file = files.content('/r');
    for (let at = head.length; at < file.length; at += 3 * kbps) {
      assert.equal(parseMp3Header(file.subarray(at))?.frameBytes, 3 * kbps, `${kbps} kb/s, at ${at}`);
    }
  }
});
