import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { type LogFields, type Logger, silentLogger } from '../log/logger.ts';
import { RecordingKey } from '../recording/encryption/keys.ts';
import { loadConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { loadRecordingKeys, type RecordingKeys } from './recording-keys.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'openswml-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function keyFile(name: string, text: string, mode = 0o600): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function load(env: Record<string, string>, log: Logger = silentLogger): RecordingKeys {
  return loadRecordingKeys(loadConfig({ env, cwd: folder }).config, log);
}

function messageOf(env: Record<string, string>): string {
  try {
    load(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail('the keys were accepted');
}

const [CURRENT, OLD] = [randomBytes(32), randomBytes(32)];

test('without settings there is no key', () => {
  const keys = load({});
  assert.deepEqual([keys.current, keys.ring.current, keys.ring.size], [undefined, undefined, 0]);
});

test('the key comes from a file or from the environment, previous ones from files', () => {
  const current = keyFile('current', `${CURRENT.toString('base64')}\n`);
  const old = keyFile('old', OLD.toString('hex'));
  const fromFile = load({
    OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: current,
    OPENSWML_RECORDING_ENCRYPTION_PREVIOUS_KEY_FILES: old,
  });
  assert.deepEqual(Buffer.from(fromFile.current ?? []), CURRENT);
  assert.equal(fromFile.ring.current?.id, new RecordingKey(CURRENT).id);
  assert.ok(fromFile.ring.find(new RecordingKey(OLD).id) !== undefined);
  const fromVariable = load({ OPENSWML_RECORDING_ENCRYPTION_KEY: CURRENT.toString('base64') });
  assert.deepEqual(Buffer.from(fromVariable.current ?? []), CURRENT);
});

test('every file that cannot be read or holds no key is told, without what is in it', () => {
  const bad = keyFile('bad', 'correct horse battery staple');
  const large = keyFile('large', 'A'.repeat(2000));
  const message = messageOf({
    OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: path.join(folder, 'none'),
    OPENSWML_RECORDING_ENCRYPTION_PREVIOUS_KEY_FILES: `${bad},${large}`,
  });
  assert.match(message, /none: ENOENT/);
  assert.match(message, /bad: expected a key of 32 bytes .*openssl rand -base64 32/);
  assert.match(message, /large: .*too large/);
  assert.doesNotMatch(message, /horse|AAAA/);
});

test('a key that is none is told by the setting, without its text; a key and a file are one too many', () => {
  const env = { OPENSWML_RECORDING_ENCRYPTION_KEY: 'correct-horse-battery-staple' };
  assert.throws(
    () => load(env),
    (error: Error) =>
      /ENCRYPTION_KEY: .*expected a key/.test(error.message) && !error.message.includes('horse'),
  );
  const both = {
    OPENSWML_RECORDING_ENCRYPTION_KEY: CURRENT.toString('base64'),
    OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: keyFile('current', CURRENT.toString('base64')),
  };
  assert.match(messageOf(both), /expected either a key or a key_file, found both/);
});

test('a key file that others can read is warned of', () => {
  const warned: LogFields[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => warned.push(fields) };
  const file = keyFile('open', CURRENT.toString('base64'), 0o644);
  load({ OPENSWML_RECORDING_ENCRYPTION_KEY_FILE: file }, log);
  assert.deepEqual(warned, [{ file }]);
});
