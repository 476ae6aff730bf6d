import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { SpeechError } from './errors.ts';
import { parseMarkup } from './ssml.ts';

/** Words joined, pauses in brackets. */
function flat(text: string): string {
  return parseMarkup(text)
    .map((part) => (part.kind === 'text' ? part.text : `[${part.ms}]`))
    .join('')
    .replace(/[^\S\n]+/g, ' ')
    .trim();
}

describe('speech markup', () => {
  it('leaves plain text as it is, also with signs that look like markup', () => {
    for (const text of [
      'Hello, world.',
      '5 < 6 and 7 > 2',
      'a & b',
      '<unknown> tag',
      '&amp; stays',
      'x <',
      '',
    ])
      assert.equal(
        parseMarkup(text)
          .map((part) => (part.kind === 'text' ? part.text : ''))
          .join(''),
        text,
      );
  });

  it('takes tags out and keeps what they enclose', () => {
    assert.equal(
      flat(
        '<speak>Hi <prosody rate="slow">dear <emphasis level="strong">Ann</emphasis></prosody>, <voice name="x">welcome</voice>.</speak>',
      ),
      'Hi dear Ann, welcome.',
    );
  });

  it('reads entities in SSML only', () => {
    assert.equal(flat('<speak>Tom &amp; Ann &lt;3 &#233;&#xe9; &bogus;</speak>'), 'Tom & Ann <3 éé &bogus;');
  });

  it('takes character data as it stands, and passes over a document type', () => {
    assert.equal(
      flat('<speak>a <![CDATA[Tom & Ann <3 &amp; <break/>]]> b</speak>'),
      'a Tom & Ann <3 &amp; <break/> b',
    );
    assert.equal(
      flat(
        '<?xml version="1.0"?>\n<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "synthesis.dtd">\n<speak>a &amp; b</speak>',
      ),
      'a & b',
    );
    assert.equal(flat('a <![CDATA[b]]>'), 'a <![CDATA[b]]>');
  });

  it('turns breaks into pauses, in either unit, by strength, and within ten seconds', () => {
    assert.equal(flat('<speak>a<break time="500ms"/>b<break time="1.5s"/>c</speak>'), 'a[500]b[1500]c');
    assert.equal(
      flat("<speak>a<break strength='weak'/>b<break/>c<break time='99s'/></speak>"),
      'a[200]b[400]c[10000]',
    );
    assert.equal(flat('a <break time="300ms"/> b'), 'a [300] b');
    assert.equal(flat('<speak>a<break time="nonsense"></break>b</speak>'), 'a[400][0]b');
  });

  it('refuses pauses that add up to more than a minute', () => {
    assert.throws(
      () => parseMarkup(`<speak>${'<break time="10s"/>'.repeat(7)}</speak>`),
      (error) => error instanceof SpeechError && error.code === 'too_long',
    );
  });

  it('spells out what is to be said as characters, and speaks aliases', () => {
    assert.equal(
      flat(
        '<speak>code <say-as interpret-as="digits">4719</say-as> ok, <say-as interpret-as="date">1/2</say-as></speak>',
      ),
      'code 4 7 1 9 ok, 1/2',
    );
    assert.equal(flat('<speak><sub alias="World Wide Web">W3</sub> now</speak>'), 'World Wide Web now');
  });

  it('ends sentences and paragraphs with blank lines, and drops comments and metadata', () => {
    assert.equal(flat('<speak><p>One</p><p>Two</p></speak>').replace(/\n+/g, '|'), '|One|Two|'.slice(1, -1));
    assert.equal(flat('<?xml version="1.0"?><speak><!-- x --><metadata>y<b>z</b></metadata>a</speak>'), 'a');
  });

  it('survives any text, and never takes letters out of text without tags', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', '"', 's', 'p', '=', ' ', '!', '-', '&', ';') }),
        (text) => {
          parseMarkup(`<speak>${text}`);
          parseMarkup(text);
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('<')),
        (text) => {
          assert.equal(
            parseMarkup(text)
              .map((part) => (part.kind === 'text' ? part.text : ''))
              .join(''),
            text,
          );
        },
      ),
    );
  });

  it('reads hostile markup in time proportional to its length', () => {
    inBoundedTime(() => {
      for (const text of [
        '<a '.repeat(10_000),
        `<speak ${'x="'.repeat(9000)}`,
        '<!--'.repeat(7000),
        '<p'.repeat(15_000),
      ])
        parseMarkup(text);
    });
  });

  it('looks at instructions that do not end once', () => {
    inBoundedTime(() => {
      for (let turn = 0; turn < 150; turn++) parseMarkup('<?'.repeat(15_000));
    });
  });
});
