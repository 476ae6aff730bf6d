import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { loadConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import type { Config } from './config-keys.ts';
import { IDENTITY_FILE, loadIdentity, readIdentity } from './identity.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'openswml-identity-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function config(flags: Record<string, string> = {}): Config {
  return loadConfig({ env: {}, cwd: directory, flags: { data_dir: '.', ...flags } }).config;
}

const UUID = '3f1f6a7e-2b0c-4a51-9d3e-7a4b1c2d3e4f';

describe('the identity of the server', () => {
  test('is made up once, kept, and readable for its owner alone', () => {
    const first = loadIdentity(config());
    assert.match(first.apiToken, /^PT[0-9a-f]{48}$/);
    assert.match(first.linkKey, /^LK[0-9a-f]{48}$/);
    assert.equal(new Set(Object.values(first)).size, 5);
    assert.deepEqual(loadIdentity(config()), first);
    assert.equal(statSync(path.join(directory, IDENTITY_FILE)).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(directory), [IDENTITY_FILE]);
  });

  test('takes from the settings what they give, and leaves the stored one alone', () => {
    const stored = loadIdentity(config());
    const before = readFileSync(path.join(directory, IDENTITY_FILE), 'utf8');
    const mixed = loadIdentity(config({ project_id: UUID, api_token: 'from-settings' }));
    assert.deepEqual(mixed, { ...stored, projectId: UUID, apiToken: 'from-settings' });
    assert.equal(readFileSync(path.join(directory, IDENTITY_FILE), 'utf8'), before);
  });

  test('that is set as a whole needs no file', () => {
    const flags = {
      project_id: UUID,
      space_id: UUID,
      node_id: UUID,
      api_token: 'from-settings',
      link_key: 'from-settings',
    };
    assert.equal(loadIdentity(config(flags)).nodeId, UUID);
    assert.deepEqual(readdirSync(directory), []);
  });

  test('of before there were links gets a key for them, and keeps the rest', () => {
    const file = path.join(directory, IDENTITY_FILE);
    const stored = loadIdentity(config());
    const { link_key: _, ...older } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    writeFileSync(file, JSON.stringify(older));
    const updated = loadIdentity(config());
    assert.notEqual(updated.linkKey, stored.linkKey);
    assert.deepEqual({ ...updated, linkKey: '' }, { ...stored, linkKey: '' });
    assert.deepEqual(loadIdentity(config()), updated);
  });

  test('is read, and never made up, by a command beside the server', () => {
    assert.throws(
      () => readIdentity(config()),
      (error) => error instanceof ConfigError && /identity\.json: .*start the server/.test(error.message),
    );
    assert.deepEqual(readdirSync(directory), []);
    assert.deepEqual(loadIdentity(config()), readIdentity(config()));
  });

  test('that is damaged is an error with the cure, and is not overwritten', () => {
    for (const damaged of ['', '{', '{}', '[1]', JSON.stringify({ project_id: 'x' })]) {
      writeFileSync(path.join(directory, IDENTITY_FILE), damaged);
      assert.throws(
        () => loadIdentity(config()),
        (error) =>
          error instanceof ConfigError && /identity\.json: .*put back a copy, or delete/.test(error.message),
      );
      assert.equal(readFileSync(path.join(directory, IDENTITY_FILE), 'utf8'), damaged);
    }
  });

  test('in a folder that is not there is an error with its path', () => {
    assert.throws(
      () => loadIdentity(config({ data_dir: 'absent' })),
      (error) =>
        error instanceof ConfigError &&
        /absent.*identity\.json: cannot be read or written/.test(error.message),
    );
  });
});
