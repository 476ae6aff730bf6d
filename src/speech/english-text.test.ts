import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { speakableShare, toSpokenEnglish } from './english-text.ts';

const READINGS: readonly (readonly [written: string, spoken: string])[] = [
  ['Café naïve Zoë Straße Łódź Ærø', 'Cafe naive Zoe Strasse Lodz Aero'],
  ['“It’s” — fine…', '"It\'s", fine...'],
  ['€3 or 2,50 € or £1,000.50', '3 euros or 2,50 euros or 1,000.50 pounds'],
  ['€5M, €2.5 million or £3k', '5 million euros, 2.5 million euros or 3 thousand pounds'],
  ['€5 more, €10pp, 20€pp', '5 euros more, 10 euros pp, 20 euros pp'],
  ['5€ 3 times, 2,50 € 3 times, item 1 €5', '5 euros 3 times, 2,50 euros 3 times, item 1 5 euros'],
  ['99¢, ₹500 or 20 ₪', '99 cents, 500 rupees or 20 shekels'],
  ['\u22125 °C, \u22125€, 7 \u2212 2', 'minus 5 degrees Celsius, minus 5 euros, 7 minus 2'],
  ['between \u20135 and 3', 'between minus 5 and 3'],
  ['9\u201317, 5 \u2013 6', '9, 17, 5, 6'],
  ['2½ hours or 2 ¾', '2 and 1/2 hours or 2 and 3/4'],
  ['12 m² or 100m², 10³', '12 m squared or 100m squared, 10 cubed'],
  ['press # or *', 'press pound or star'],
  ['line #1', 'line number 1'],
  ['A & B', 'A and B'],
  ['5 < 6, 1 + 1', '5 less than 6, 1 plus 1'],
  ['20°C', '20 degrees Celsius'],
  ['call +15551234567', 'call plus 1, 5 5 5, 1 2 3, 4 5 6 7'],
  ['call 18005551234 now', 'call 1, 8 0 0, 5 5 5, 1 2 3 4 now'],
  ['call 555-123-4567, or wait', 'call 5 5 5, 1 2 3, 4 5 6 7, or wait'],
  ['call 1-800-555-1234.', 'call 1, 8 0 0, 5 5 5, 1 2 3 4.'],
  ['call (555) 123-4567 or 555.123.4567', 'call 5 5 5, 1 2 3, 4 5 6 7 or 5 5 5, 1 2 3, 4 5 6 7'],
  ['call +1 (555) 123-4567', 'call plus 1, 5 5 5, 1 2 3, 4 5 6 7'],
  ['call +44 20 7946 0958', 'call plus 4 4, 2 0, 7 9 4 6, 0 9 5 8'],
  ['call +49 30 1234567', 'call plus 4 9, 3 0, 1 2 3, 4 5 6 7'],
  ['+5 10 20, 2024-10-12, 192.168.1.10', 'plus 5 10 20, 2024-10-12, 192.168.1.10'],
  ['id 123456789', 'id 1 2 3, 4 5 6, 7 8 9'],
  ['call 5551234567, or wait', 'call 5 5 5, 1 2 3, 4 5 6 7, or wait'],
  ['1234567,89', '1234567,89'],
  ['1,250,000 of 3.14159265', '1,250,000 of 3.14159265'],
  ['$1000000', '$1000000'],
  ['mail bob_b@mail.example.com.', 'mail bob underscore b at mail dot example dot com.'],
  [
    'see https://example.com/a-b, or www.acme.org/',
    'see example dot com slash a dash b, or www dot acme dot org',
  ],
  ['go to example.com!', 'go to example dot com!'],
  ['acme.co.uk or shop.com.au. Bye', 'acme dot co dot uk or shop dot com dot au. Bye'],
  ['₩1500000 or 12000000 €', '1,500,000 won or 12,000,000 euros'],
  ['½ of it', '1/2 of it'],
  ['ＡＢＣ', 'ABC'],
  ['hi 😀 there', 'hi there'],
];

describe('text for the English voice', () => {
  for (const [written, spoken] of READINGS) {
    it(`reads ${JSON.stringify(written)} as ${JSON.stringify(spoken)}`, () => {
      assert.equal(toSpokenEnglish(written).replace(/ +/g, ' ').replaceAll(' ,', ',').trim(), spoken);
    });
  }

  it('leaves plain English alone', () => {
    const text =
      "Please leave a message after the tone, and press 1 when you're done. It costs $5.20 at 10:30.";
    assert.equal(toSpokenEnglish(text), text);
  });

  it('gives printable ASCII, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        assert.match(toSpokenEnglish(text), /^[\n\x20-\x7e]*$/);
      }),
    );
  });

  it('knows how much of a text it can read', () => {
    assert.equal(speakableShare('Hello 123'), 1);
    assert.equal(speakableShare('Grüße aus Łódź'), 1);
    assert.equal(speakableShare('日本語'), 0);
    assert.equal(speakableShare('ab яю'), 0.5);
    assert.equal(speakableShare('... 😀'), 1);
    assert.equal(speakableShare(''), 1);
  });

  it('reads hostile text in time proportional to its length', () => {
    inBoundedTime(() => {
      for (const unit of ['a.', 'a@', '1', 'www.', 'http://', '-', '+1', '+1-1-', '€1,', 'é'])
        toSpokenEnglish(unit.repeat(3000 / unit.length));
    });
  });
});
