import assert from 'node:assert/strict';
import test from 'node:test';

import { cli } from './terminal.test-helper.ts';

test('Without a command the help is shown, and the status says that nothing was done', async () => {
  const { status, err } = await cli();
  assert.equal(status, 2);
  assert.match(err, /^Usage: openswml/);
});

test('Help lists every command and ends with status 0', async () => {
  const { status, out } = await cli('--help');
  assert.equal(status, 0);
  assert.match(out, /\n {2}check /);
});

test('Every command has examples in its help', async () => {
  const { out } = await cli('--help');
  const commands = [...out.matchAll(/^ {2}(\w+) (?:\[|<)/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'help');
  assert.ok(commands.length > 0);
  for (const command of commands) {
    const help = await cli(command, '--help');
    assert.equal(help.status, 0);
    assert.match(help.out, new RegExp(`\nExamples:\n {2}openswml ${command}`), command);
  }
});

for (const [args, message] of [
  [['chekc'], "unknown command 'chekc': did you mean check?"],
  [['check', '--strikt', 'x'], "unknown option '--strikt': did you mean --strict?"],
  [['check'], "missing required argument 'place'"],
] as const) {
  test(`openswml ${args.join(' ')} is answered in one line with status 2`, async () => {
    assert.deepEqual(await cli(...args), { status: 2, out: '', err: `openswml: ${message}\n` });
  });
}
