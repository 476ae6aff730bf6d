import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { decodeWav } from '../media/wav-stream-decoder.ts';
import { crashSample } from './crash-child.ts';
import { repairSpool } from './repair.ts';
import type { RecordFormat } from './types.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'openswml-crash-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Records in a child, kills it once it has come to `samples`, and returns how far it came. */
function recordAndKill(file: string, format: RecordFormat, samples: number): Promise<number> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'crash-child.ts'), file, format], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const sent = (): number => Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1) || 0);
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    output += chunk;
    if (sent() >= samples) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(sent());
      else reject(new Error('the child ended by itself'));
    });
  });
}

test('of a recording whose process was killed, at most one second is lost, and the rest is exact', async () => {
  for (const samples of [3000, 30_000, 100_000]) {
    const file = path.join(folder, `${samples}.wav`);
    const sent = await recordAndKill(file, 'wav', samples);

    // Readable as it is, before anybody has repaired it.
    const left = decodeWav(readFileSync(`${file}.part`)).samples;
    const result = await repairSpool(file, 'wav');
    const kept = left.length;
    assert.ok(kept <= sent && sent - kept <= 8000, `${kept} of ${sent} samples kept`);
    if (kept === 0) {
      assert.equal(result.state, 'absent');
      continue;
    }
    assert.deepEqual(result, { state: 'complete', durationMs: kept / 8, byteSize: 44 + 2 * kept });
    const repaired = decodeWav(readFileSync(file)).samples;
    assert.deepEqual(repaired, left);
    assert.ok(
      repaired.every((sample, n) => sample === crashSample(n)),
      'a sample is not what was recorded',
    );
  }
});

for (const format of ['mp3', 'mp4'] as const) {
  test(`of an ${format} recording whose process was killed, at most one second is lost`, async () => {
    await Promise.all(
      [24_000, 40_000].map(async (samples) => {
        const file = path.join(folder, `${samples}.${format}`);
        const sent = await recordAndKill(file, format, samples);
        assert.equal(existsSync(file), false);
        const result = await repairSpool(file, format);
        assert.ok(result.state === 'complete');
        const kept = result.durationMs * 8;
        assert.ok(kept <= sent && sent - kept <= 8000, `${kept} of ${sent} samples kept`);
        assert.equal(statSync(file).size, result.byteSize);
        assert.deepEqual(await repairSpool(file, format), result);
      }),
    );
  });
}
