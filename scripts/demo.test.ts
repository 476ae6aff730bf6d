import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';

test('The demo calls, records, plays back and ends well, telling each step and the file', async (context) => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'demo.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  context.after(() => child.kill('SIGKILL'));
  let told = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
  }
  const [status] = (await once(child, 'close')) as [number];
  assert.equal(status, 0, told);
  const story = [
    /phone +calls sip:/,
    /sip +← INVITE/,
    /phone +is answered/,
    /recording started/,
    /phone +begins to speak/,
    /phone +presses #/,
    /recording ended by terminator/,
    /phone +hangs up/,
    /Recording +\S+\.wav\n +\d+\.\d+ s, level -\d+\.\d dBFS/,
  ];
  let from = 0;
  for (const part of story) {
    const at = told.slice(from).search(part);
    assert.ok(at >= 0, `${String(part)} is missing behind ${from}:\n${told}`);
    from += at;
  }
  const callbacks = [...told.matchAll(/callback +received calling\.call\.record: (\w+)/g)].map(
    ([, state]) => state,
  );
  assert.deepEqual(callbacks, ['recording', 'finished']);
});
