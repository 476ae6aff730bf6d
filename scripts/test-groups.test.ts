import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canShare, grouped } from './test-groups.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

test('each test file of the project is run once, by itself or in one group', (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'openswml-groups-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const files = ['src', 'test', 'scripts']
    .flatMap((place) =>
      readdirSync(path.join(ROOT, place), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(place, name),
      ),
    )
    .filter((file) => file.endsWith('.test.ts'));
  const imports = (module: string): string[] =>
    [...readFileSync(module, 'utf8').matchAll(/^import "(.*)";$/gm)].map(([, url]) =>
      path.relative(ROOT, fileURLToPath(url!)),
    );
  const run = grouped(ROOT, files, folder).flatMap((entry) =>
    entry.endsWith('.mjs') ? imports(path.resolve(ROOT, entry)) : [entry],
  );
  assert.deepEqual(run.toSorted(), files.toSorted());
  assert.ok(run.length > 300, `${run.length} files`);
});

test('only what tests functions and objects shares its process', () => {
  const plain = "test('one', () => {});\n";
  assert.equal(canShare('src/rtp/packet.test.ts', plain), true);
  assert.equal(
    canShare('test/language/shape.test.ts', `${plain}describe('two', () => {\n  after(close);\n});`),
    true,
  );
  for (const text of [
    'after(() => close());',
    'beforeEach(open);',
    "  process.env['HOME'] = folder;",
    'const before = process.memoryUsage();',
    '  process.stdout.write = keep;',
    "  context.mock.method(fs, 'open');",
    '  globalThis.fetch = fake;',
    'registerHooks({ load });',
    "setFlagsFromString('--expose-gc');",
  ])
    assert.equal(canShare('src/rtp/packet.test.ts', `${plain}${text}\n`), false, text);
  for (const file of [
    'test/interop/crash.test.ts',
    'src/cli/commands/serve.test.ts',
    'src/server/server.test.ts',
  ])
    assert.equal(canShare(file, plain), false, file);
});
