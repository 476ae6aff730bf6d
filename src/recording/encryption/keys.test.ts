import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { KeyRing, KeyTextError, parseKey, RecordingKey } from './keys.ts';

test('a key is 32 bytes in base64, base64url or hexadecimal, with space around it', () => {
  const bytes = randomBytes(32);
  for (const text of [
    bytes.toString('base64'),
    `${bytes.toString('base64')}\n`,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    `  ${bytes.toString('hex').toUpperCase()}\r\n`,
  ]) {
    assert.deepEqual(Buffer.from(parseKey(text)), bytes);
  }
});

test('anything else is refused, with a cure and without the text', () => {
  for (const text of [
    '',
    'secret-passphrase',
    randomBytes(16).toString('hex'),
    randomBytes(33).toString('base64'),
  ]) {
    assert.throws(
      () => parseKey(text),
      (error: unknown) => {
        assert.ok(error instanceof KeyTextError);
        assert.match(error.message, /openssl rand -base64 32/);
        assert.ok(text === '' || !error.message.includes(text));
        return true;
      },
    );
  }
  assert.throws(() => new RecordingKey(new Uint8Array(16)), RangeError);
});

test('the name of a key is always the same, and another for every key', () => {
  const bytes = Buffer.alloc(32, 7);
  assert.equal(new RecordingKey(bytes).id, new RecordingKey(Buffer.from(bytes)).id);
  assert.match(new RecordingKey(bytes).id, /^[0-9a-f]{16}$/);
  assert.notEqual(new RecordingKey(bytes).id, new RecordingKey(Buffer.alloc(32, 8)).id);
});

test('a ring finds the current key and the previous ones by name', () => {
  const [current, old] = [randomBytes(32), randomBytes(32)];
  const ring = new KeyRing(current, [old, current]);
  assert.equal(ring.size, 2);
  assert.equal(ring.find(new RecordingKey(old).id)?.id, new RecordingKey(old).id);
  assert.equal(ring.current?.id, new RecordingKey(current).id);
  assert.equal(ring.find('0000000000000000'), undefined);
  assert.equal(new KeyRing(undefined).current, undefined);
});
