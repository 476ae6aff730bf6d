import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

/** Has a folder with a file, tells its name, and ends when its input does. */
const PROGRAM = `
  import { writeFileSync } from 'node:fs';
  const { temporaryFolder } = await import(${JSON.stringify(import.meta.resolve('./child-processes.ts'))});
  const folder = temporaryFolder('openswml-left-');
  writeFileSync(folder + '/file', 'content');
  process.stdin.resume().once('end', () => process.exit(0));
  console.log(folder);
`;

for (const signal of ['SIGINT', 'SIGTERM', undefined] as const) {
  test(`a folder that is still there goes with the process that ends by ${signal ?? 'itself'}`, async (context) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    context.after(() => child.kill('SIGKILL'));
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const folder = String(line).trim();
    assert.ok(existsSync(folder), folder);
    const over = once(child, 'exit');
    if (signal === undefined) child.stdin.end();
    else child.kill(signal);
    await over;
    assert.equal(existsSync(folder), false);
  });
}
