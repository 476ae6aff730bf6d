import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { DownloadLinks } from './download-links.ts';

const ID = 'c0ff0000-0000-4000-8000-000000000001';
const OTHER = 'c0ff0000-0000-4000-8000-000000000002';
const START = 1_700_000_000_250;
let now = START;
const links = new DownloadLinks('key-of-the-test', () => now);
const queryOf = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text));

describe('a download link', () => {
  test('lives as long as asked for, at least to the second, and not a millisecond longer', () => {
    now = START;
    const { query, expiresAt } = links.sign(ID, 60);
    assert.equal(expiresAt, 1_700_000_061_000);
    for (const [at, verdict] of [
      [START, 'valid'],
      [expiresAt - 1, 'valid'],
      [expiresAt, 'expired'],
      [expiresAt + 1_000_000, 'expired'],
    ] as const) {
      now = at;
      assert.equal(links.check(ID, queryOf(query)), verdict, String(at - START));
    }
    // A clock that is put back makes a link good again: nothing is remembered.
    now = START - 1_000;
    assert.equal(links.check(ID, queryOf(query)), 'valid');
  });

  test('can be made by anyone who has the key', () => {
    now = START;
    const expires = '1700000100';
    const signature = createHmac('sha256', 'key-of-the-test')
      .update(`openswml recording link 1\n${ID}\n${expires}`)
      .digest('base64url');
    assert.equal(links.check(ID, { expires, signature }), 'valid');
    assert.equal(links.check(ID.toUpperCase(), { expires, signature }), 'valid');
  });

  test('is wrong for another recording, another time, another key, and with any bit changed', () => {
    now = START;
    const query = queryOf(links.sign(ID, 60).query);
    const { expires, signature } = query as { expires: string; signature: string };
    assert.equal(links.check(OTHER, query), 'wrong');
    assert.equal(links.check(ID, { signature, expires: String(Number(expires) + 1) }), 'wrong');
    assert.equal(links.check(ID, { signature, expires: `0${expires}` }), 'wrong');
    assert.equal(new DownloadLinks('another-key', () => now).check(ID, query), 'wrong');
    const bytes = Buffer.from(signature, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(links.check(ID, { expires, signature: changed.toString('base64url') }), 'wrong');
    }
    now = Number(expires) * 1_000;
    assert.equal(links.check(OTHER, query), 'wrong', 'a wrong link does not tell that it would have expired');
  });

  test('that is incomplete, doubled or nonsense is wrong; without either part it is none', () => {
    now = START;
    const { expires, signature } = queryOf(links.sign(ID, 60).query) as {
      expires: string;
      signature: string;
    };
    assert.equal(links.check(ID, { whatever: '1' }), 'none');
    for (const query of [
      { expires },
      { signature },
      { expires: [expires, expires], signature },
      { expires, signature: [signature] },
      { expires: '', signature },
      { expires: '-1', signature },
      { expires: '1e99', signature },
      { expires: '9'.repeat(400), signature },
      { expires, signature: '' },
      { expires, signature: 'x' },
      { expires, signature: `${signature}A` },
      { expires, signature: 'x'.repeat(100_000) },
    ]) {
      assert.equal(links.check(ID, query), 'wrong', JSON.stringify(query).slice(0, 80));
    }
  });
});
