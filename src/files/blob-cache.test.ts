import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Logger, silentLogger } from '../log/logger.ts';
import { RealClock } from '../time/real-clock.ts';
import { BlobCache } from './blob-cache.ts';

function topFolder(t: TestContext): string {
  const top = mkdtempSync(path.join(tmpdir(), 'openswml-blobs-'));
  t.after(() => rmSync(top, { recursive: true }));
  return top;
}

function openCache(folder: string, log: Logger = silentLogger): BlobCache {
  return new BlobCache({
    ...{ folder, log, what: 'cached speech', extension: 'pcm', magic: 'OSWTST01' },
    maxBytes: 1_000_000,
    clock: new RealClock(),
  });
}

test('what is put behind the removal of the folder is kept as before', async (t) => {
  const folder = path.join(topFolder(t), 'cache', 'speech');
  const cache = openCache(folder);
  cache.put('a', [Buffer.from('one')]);
  await cache.settled();
  rmSync(path.dirname(folder), { recursive: true });
  cache.put('b', [Buffer.from('two'), Buffer.from(' and three')]);
  await cache.settled();
  assert.equal(await cache.get('a'), undefined);
  assert.equal(String(await cache.get('b')), 'two and three');
  assert.equal(String(await openCache(folder).get('b')), 'two and three');
});

test('a folder that cannot be used at first is told of once, and used when it can be', async (t) => {
  const top = topFolder(t);
  const [above, away] = [path.join(top, 'cache'), path.join(top, 'away')];
  const folder = path.join(above, 'speech');
  const before = openCache(folder);
  before.put('a', [Buffer.from('one')]);
  await before.settled();
  renameSync(above, away);
  writeFileSync(above, 'no folder');
  const told: string[] = [];
  const cache = openCache(folder, { ...silentLogger, warn: (_fields, text) => told.push(text) });
  for (let times = 0; times < 2; times++) assert.equal(await cache.get('a'), undefined);
  assert.deepEqual(told, ['the folder of cached speech cannot be used']);
  rmSync(above);
  renameSync(away, above);
  assert.equal(String(await cache.get('a')), 'one');
  assert.ok(existsSync(folder));
});
