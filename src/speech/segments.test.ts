import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SpeechError } from './errors.ts';
import { MAX_CHARACTERS, plainText, segmentsOf } from './segments.ts';

const cut = (text: string): readonly string[] =>
  segmentsOf(text, (plain) => plain).map((segment) => segment.text);
const withPauses = (text: string): string =>
  segmentsOf(text, (plain) => plain)
    .map(({ text: words, pauseMs }) => `${words}[${pauseMs}]`)
    .join(' ');

describe('segments of an utterance', () => {
  it('are its sentences', () => {
    assert.deepEqual(cut('Hello there. How are you? Fine! "Good." Bye'), [
      'Hello there.',
      'How are you?',
      'Fine!',
      '"Good."',
      'Bye',
    ]);
  });

  it('do not end at abbreviations, initials, numbers and times', () => {
    for (const text of [
      'Dr. Smith and Mrs. Jones live on Main St. in town.',
      'J. R. Smith called at 10 a.m. Monday.',
      'It is 3.14 or No. 5, e.g. This one.',
      'The U.S. Mail and Acme Inc. Support.',
    ])
      assert.deepEqual(cut(text), [text]);
  });

  it('have a pause between sentences, a longer one between paragraphs, none at the end', () => {
    assert.equal(withPauses('One. Two.\n\nThree.'), 'One.[320] Two.[550] Three.[0]');
    assert.equal(withPauses('One\ntwo'), 'One two[0]');
  });

  it('have the pauses of the markup in place of ours, also at the ends', () => {
    assert.equal(
      withPauses('<speak>One<break time="1s"/>two.<break time="2s"/></speak>'),
      'One[1000] two.[2000]',
    );
    assert.equal(
      withPauses('<speak>One.<break time="10ms"/><break time="20ms"/>Two.</speak>'),
      'One.[30] Two.[0]',
    );
    assert.equal(withPauses('<speak><break time="1s"/>One</speak>'), '[1000] One[0]');
  });

  it('are cut at commas, else at spaces, else anywhere, when a sentence is long', () => {
    const clause = 'this is a clause of some length';
    const long = `${Array.from({ length: 10 }, () => clause).join(', ')}.`;
    const segments = segmentsOf(long, (plain) => plain);
    assert.ok(segments.length > 2);
    for (const segment of segments.slice(0, -1)) {
      assert.match(segment.text, /,$/);
      assert.ok(segment.pauseMs > 0);
    }
    assert.ok(cut('word '.repeat(100)).every((text) => /^(word ?)+$/.test(text)));
    assert.equal(cut('x'.repeat(500)).join(''), 'x'.repeat(500));
  });

  it('hold every word in order, none longer than 140 characters, none empty', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9.,;!?]{1,12}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 150 }), (words) => {
        const segments = cut(words.join(' '));
        assert.equal(segments.join(' '), words.join(' '));
        for (const segment of segments) assert.ok(segment.length > 0 && segment.length <= 140, segment);
      }),
    );
  });

  it('are none when there is nothing to say', () => {
    for (const text of ['', '   ', '\u0000\u0007\n\n', '<speak></speak>']) assert.deepEqual(cut(text), []);
  });

  it('hold no control or invisible characters', () => {
    assert.deepEqual(cut('a\u0000b\u001b[31m\u200bc\u00add'), ['a b [31mcd']);
  });

  it('are refused over 3000 characters, counted without tags', () => {
    const tooLong = (error: unknown): boolean => {
      assert.ok(error instanceof SpeechError);
      assert.equal(error.code, 'too_long');
      assert.match(error.message, /3001 characters, at most 3000/);
      return true;
    };
    const fits = 'a '.repeat(MAX_CHARACTERS / 2);
    assert.doesNotThrow(() => cut(fits));
    assert.doesNotThrow(() => cut(`<speak>${fits}<break time="1s"/></speak>`));
    assert.throws(() => cut(`${fits}b`), tooLong);
    assert.throws(() => plainText(`${fits}b`), tooLong);
    assert.throws(() => cut('<p/>'.repeat(10_000)), { code: 'too_long' });
  });

  it('read as plain text for engines that cut for themselves', () => {
    assert.equal(
      plainText('<speak>Hi  <b>Ann</b>.<break/>Bye &amp; thanks.</speak>'),
      'Hi Ann. \n\n Bye & thanks.',
    );
  });
});
