import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PlayableSound } from '../leg.ts';
import { SoundError } from './errors.ts';
import { parseSound } from './parse-sound.ts';

const VALID: readonly (readonly [text: string, sound: PlayableSound])[] = [
  ['say:Hello', { kind: 'say', text: 'Hello' }],
  ['say: Hello: you', { kind: 'say', text: 'Hello: you' }],
  ['say:  two spaces', { kind: 'say', text: ' two spaces' }],
  ['say:', { kind: 'say', text: '' }],
  ['say:line\nline', { kind: 'say', text: 'line\nline' }],
  ['silence:2', { kind: 'silence', seconds: 2 }],
  ['silence: 0.5', { kind: 'silence', seconds: 0.5 }],
  ['silence:.5', { kind: 'silence', seconds: 0.5 }],
  ['silence:3.', { kind: 'silence', seconds: 3 }],
  ['silence:0', { kind: 'silence', seconds: 0 }],
  ['ring:us', { kind: 'ring', country: 'us' }],
  ['ring: UK', { kind: 'ring', country: 'uk' }],
  ['ring:us-old', { kind: 'ring', country: 'us-old' }],
  ['ring:10:us', { kind: 'ring', country: 'us', seconds: 10 }],
  ['ring: 2.5: de', { kind: 'ring', country: 'de', seconds: 2.5 }],
  ['ring:4:us-old', { kind: 'ring', country: 'us-old', seconds: 4 }],
  ['https://example.com/a.wav', { kind: 'url', url: 'https://example.com/a.wav' }],
  ['http://u:p@example.com/a b.wav#rt=100', { kind: 'url', url: 'http://u:p@example.com/a b.wav#rt=100' }],
];

const INVALID: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /expected http:.*say:.*silence:.*ring:/],
  ['hello', /"hello" cannot be played: expected/],
  ['sya:hello', /expected/],
  ['SAY:hello', /expected/],
  ['ftp://example.com/a.wav', /expected/],
  ['file:///etc/passwd', /expected/],
  ['silence:', /"" is not a number of seconds/],
  ['silence:abc', /"abc" is not a number/],
  ['silence:1.2.3', /not a number/],
  ['silence:.', /not a number/],
  ['silence:-1', /not a number/],
  ['silence:1e3', /not a number/],
  ['silence:99999999', /at most 86400/],
  ['ring:', /no ringing tone of ""; there are: at au/],
  ['ring:xx', /no ringing tone of "xx"; there are: at au/],
  ['ring::us', /"" is not a number/],
  ['ring:us:4', /no ringing tone of "4"/],
  ['https:', /not a valid https URL/],
  ['http:example.com/a.wav', /not a valid http URL/],
  ['http://', /not a valid http URL/],
];

describe('playable sounds', () => {
  for (const [text, sound] of VALID) {
    it(`read ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseSound(text), sound);
    });
  }

  for (const [text, message] of INVALID) {
    it(`refuse ${JSON.stringify(text)} and say why`, () => {
      assert.throws(
        () => parseSound(text),
        (error) =>
          error instanceof SoundError && error.code === 'invalid_sound' && message.test(error.message),
      );
    });
  }

  it('carry voice, language and gender for speech only', () => {
    const say = { voice: 'flite.rms', language: 'en-GB', gender: 'male' } as const;
    assert.deepEqual(parseSound('say:x', say), { kind: 'say', text: 'x', ...say });
    assert.deepEqual(parseSound('silence:1', say), { kind: 'silence', seconds: 1 });
  });

  it('name a bad sound without its password, and not at any length', () => {
    assert.throws(
      () => parseSound(`ftp://u:s3cr3t@example.com/${'x'.repeat(1000)}`),
      (error: Error) => !error.message.includes('s3cr3t') && error.message.length < 400,
    );
  });

  it('parse or fail with a SoundError, whatever the text', () => {
    const prefix = fc.constantFrom('', 'say:', 'silence:', 'ring:', 'ring:1:', 'http://', 'https:');
    fc.assert(
      fc.property(prefix, fc.string(), (before, text) => {
        try {
          parseSound(before + text);
        } catch (error) {
          assert.ok(error instanceof SoundError, String(error));
        }
      }),
    );
  });
});
