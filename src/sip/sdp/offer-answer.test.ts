import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inBoundedTime } from '../../../test/support/bounded-time.ts';
import { SdpNegotiation } from './negotiation.ts';
import {
  acceptAnswer,
  answerOffer,
  createOffer,
  type LocalAudio,
  type SdpIdentity,
  SdpRefusal,
} from './offer-answer.ts';
import { parseSdp } from './parse.ts';

const LOCAL: LocalAudio = { address: '192.0.2.1', rtpPort: 20_000, codecs: ['PCMU', 'PCMA'] };
const IDENTITY = { sessionId: '7', sessionVersion: '1' };
const offer = (...lines: string[]): string =>
  ['v=0', 'o=bob 1 1 IN IP4 198.51.100.9', 's=-', 'c=IN IP4 198.51.100.9', 't=0 0', ...lines].join('\r\n');
const answer = (offered: string, local: LocalAudio, identity: SdpIdentity, established = false) => {
  const { media, sdpAs } = answerOffer(offered, local, established);
  return { media, sdp: sdpAs(identity) };
};
const AUDIO = 'm=audio 40000 RTP/AVP 8 0 96';
const EVENT = 'a=rtpmap:96 telephone-event/8000';

test('the offerer’s first codec that we have is taken, and its number of telephone-event', () => {
  const { sdp, media } = answer(
    offer('m=audio 40000 RTP/AVP 9 8 0 96', EVENT, 'a=fmtp:96 0-16'),
    LOCAL,
    IDENTITY,
  );
  assert.deepEqual(media, {
    codec: 'PCMA',
    payloadType: 8,
    telephoneEventPayloadType: 96,
    telephoneEventClockRate: 8000,
    remoteAddress: '198.51.100.9',
    remotePort: 40_000,
    remoteRtcpPort: 40_001,
    direction: 'sendrecv',
    ptimeMs: 20,
  });
  assert.equal(
    sdp,
    [
      'v=0',
      'o=- 7 1 IN IP4 192.0.2.1',
      's=-',
      'c=IN IP4 192.0.2.1',
      't=0 0',
      'm=audio 20000 RTP/AVP 8 96',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:96 telephone-event/8000',
      'a=fmtp:96 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ].join('\r\n'),
  );
});

test('codecs are known by rtpmap under any number, and by static number without one', () => {
  const dynamic = answer(offer('m=audio 4000 RTP/AVP 100', 'a=rtpmap:100 pcmu/8000'), LOCAL, IDENTITY);
  assert.deepEqual([dynamic.media.codec, dynamic.media.payloadType], ['PCMU', 100]);
  const statik = answer(offer('m=audio 4000 RTP/AVP 0'), LOCAL, IDENTITY);
  assert.equal(statik.media.telephoneEventPayloadType, undefined);
  assert.doesNotMatch(statik.sdp, /telephone-event/);
  const remapped = offer('m=audio 4000 RTP/AVP 0', 'a=rtpmap:0 G726-32/8000');
  assert.throws(() => answer(remapped, LOCAL, IDENTITY), SdpRefusal);
});

test('only the events that the offer lists are answered', () => {
  const { sdp } = answer(offer(AUDIO, EVENT, 'a=fmtp:96 0-9,11,70'), LOCAL, IDENTITY);
  assert.match(sdp, /a=fmtp:96 0-9,11\r\n/);
  const wide = answer(offer(AUDIO, EVENT, 'a=fmtp:96 12-999,0-3'), LOCAL, IDENTITY);
  assert.match(wide.sdp, /a=fmtp:96 0-3,12-15\r\n/);
});

test('streams that we do not take keep their place and their protocol as written, with port 0', () => {
  const { sdp } = answer(
    offer(
      'm=video 5000 RTP/AVP 97 98',
      'a=rtpmap:97 VP8/90000',
      AUDIO,
      'm=audio 41000 RTP/AVP 0',
      'm=image 9 udptl t38',
    ),
    LOCAL,
    IDENTITY,
  );
  assert.deepEqual(
    parseSdp(sdp).media.map(
      ({ type, port, protocol, formats }) => `${type} ${port} ${protocol} ${formats[0]}`,
    ),
    [
      'video 0 RTP/AVP 97',
      'audio 20000 RTP/AVP 8',
      'audio 0 RTP/AVP 8'.replace('8', '0'),
      'image 0 udptl t38',
    ],
  );
});

for (const [offered, ours] of [
  ['sendrecv', 'sendrecv'],
  ['sendonly', 'recvonly'],
  ['recvonly', 'sendonly'],
  ['inactive', 'inactive'],
] as const) {
  test(`a stream offered ${offered} is answered ${ours} (RFC 3264 6.1), at media and at session level`, () => {
    const media = answer(offer(AUDIO, `a=${offered}`), LOCAL, IDENTITY);
    assert.equal(media.media.direction, ours);
    assert.match(media.sdp, new RegExp(`a=${ours}\r\n`));
    const session = answer(offer(`a=${offered}`, AUDIO), LOCAL, IDENTITY);
    assert.equal(session.media.direction, ours);
  });
}

test('a media-level direction beats that of the session', () => {
  assert.equal(answer(offer('a=inactive', AUDIO, 'a=sendrecv'), LOCAL, IDENTITY).media.direction, 'sendrecv');
});

test('c=0.0.0.0 is hold: nothing is sent', () => {
  const held = offer(AUDIO).replaceAll('198.51.100.9', '0.0.0.0');
  assert.equal(answer(held, LOCAL, IDENTITY).media.direction, 'recvonly');
});

test('a media-level connection beats that of the session, and IPv6 works', () => {
  const { media, sdp } = answer(
    offer(AUDIO, 'c=IN IP6 2001:db8::9'),
    { ...LOCAL, address: '2001:db8::1' },
    IDENTITY,
  );
  assert.equal(media.remoteAddress, '2001:db8::9');
  assert.match(sdp, /c=IN IP6 2001:db8::1\r\n/);
});

for (const [lines, ptime] of [
  [[], 20],
  [['a=ptime:10'], 10],
  [['a=ptime:30'], 30],
  [['a=ptime:60'], 60],
  [['a=ptime:200'], 60],
  [['a=ptime:5'], 10],
  [['a=ptime:nonsense'], 20],
  [['a=ptime:40', 'a=maxptime:20'], 20],
] as const) {
  test(`packet time of '${lines.join(', ')}' is ${ptime} ms`, () => {
    assert.equal(answer(offer(AUDIO, ...lines), LOCAL, IDENTITY).media.ptimeMs, ptime);
  });
}

test('an explicit RTCP port is honoured (RFC 3605)', () => {
  assert.equal(answer(offer(AUDIO, 'a=rtcp:53020'), LOCAL, IDENTITY).media.remoteRtcpPort, 53_020);
});

test('RTP/AVPF is answered in kind without feedback, RTP/SAVP is refused', () => {
  const { sdp } = answer(offer('m=audio 4000 RTP/AVPF 0', 'a=rtcp-fb:* nack'), LOCAL, IDENTITY);
  assert.match(sdp, /m=audio 20000 RTP\/AVPF 0\r\n/);
  assert.doesNotMatch(sdp, /rtcp-fb/);
  assert.throws(() => answer(offer('m=audio 4000 RTP/SAVP 0'), LOCAL, IDENTITY), /only RTP\/SAVP/);
});

for (const [title, text, reason] of [
  ['no audio', offer('m=video 5000 RTP/AVP 97'), /no audio stream/],
  [
    'no common codec',
    offer('m=audio 5000 RTP/AVP 18 3'),
    /no common codec: offered 18 3, supported PCMU, PCMA/,
  ],
  [
    'codecs of numbers that say nothing by themselves',
    offer('m=audio 5000 RTP/AVP 97 101', 'a=rtpmap:97 iLBC/8000', 'a=rtpmap:101 telephone-event/8000'),
    /no common codec: offered 97 \(ILBC\/8000\) 101 \(TELEPHONE-EVENT\/8000\), supported PCMU, PCMA/,
  ],
  ['every stream switched off', offer('m=audio 0 RTP/AVP 0'), /switched off/],
  ['garbage', 'hello', /SDP line 1: expected 'type=value'/],
  ['a bad media line', offer('m=audio RTP/AVP 0'), /'m=' needs/],
  ['a port beyond 65535', offer('m=audio 70000 RTP/AVP 0'), /'m=' needs/],
  ['an empty body', '', /no 'v=0' line/],
] as const) {
  test(`an offer with ${title} is refused with the reason`, () => {
    assert.throws(
      () => answer(text, LOCAL, IDENTITY),
      (error) => error instanceof SdpRefusal && reason.test(error.message),
    );
  });
}

test('in a running session port 0 switches the stream off and it can come back', () => {
  const negotiation = new SdpNegotiation(LOCAL, '9');
  negotiation.answer(offer(AUDIO));
  const off = negotiation.answer(offer('m=audio 0 RTP/AVP 8'));
  assert.deepEqual([off.media.direction, off.media.remotePort], ['inactive', 0]);
  assert.match(off.sdp, /m=audio 0 RTP\/AVP 8/);
  assert.equal(negotiation.answer(offer(AUDIO)).media.direction, 'sendrecv');
});

test('an offer of ours keeps the streams that the session has, and their places', () => {
  for (const [lines, at] of [
    [['m=video 40002 RTP/AVP 34', AUDIO, 'm=application 9 TCP/BFCP *'], 1],
    [[AUDIO, 'm=video 40002 RTP/AVP 34'], 0],
    [[AUDIO], 0],
  ] as const) {
    const negotiation = new SdpNegotiation(LOCAL, '9');
    const first = parseSdp(negotiation.answer(offer(...lines)).sdp);
    const ours = parseSdp(negotiation.offer());
    assert.deepEqual(
      ours.media.map(({ type, port, protocol }) => [type, port, protocol]),
      first.media.map(({ type, port, protocol }) => [type, port, protocol]),
    );
    assert.equal(ours.media[at]!.port, LOCAL.rtpPort);
    const others = (line: string) =>
      line === AUDIO ? 'm=audio 40010 RTP/AVP 0' : line.replace(/ \d+ /, ' 0 ');
    assert.equal(negotiation.accept(offer(...lines.map(others))).remotePort, 40_010);
    assert.equal(
      negotiation.accept(offer('m=audio 40012 RTP/AVP 0')).remotePort,
      40_012,
      'of a careless peer',
    );
  }
});

test('the version of our description goes up only when it changes', () => {
  const negotiation = new SdpNegotiation(LOCAL, '9');
  const versionOf = (sdp: string): string => parseSdp(sdp).origin.sessionVersion;
  const first = negotiation.answer(offer(AUDIO)).sdp;
  const refresh = negotiation.answer(offer(AUDIO)).sdp;
  const hold = negotiation.answer(offer(AUDIO, 'a=sendonly')).sdp;
  assert.equal(versionOf(first), versionOf(refresh));
  assert.equal(BigInt(versionOf(hold)), BigInt(versionOf(refresh)) + 1n);
});

test('an offer of ours is answered and accepted by ourselves', () => {
  const ours = createOffer(LOCAL, IDENTITY);
  const peer = answer(ours, { address: '203.0.113.5', rtpPort: 30_000, codecs: ['PCMA'] }, IDENTITY);
  assert.equal(peer.media.codec, 'PCMA');
  const media = acceptAnswer(peer.sdp, LOCAL);
  assert.deepEqual(
    [media.codec, media.remoteAddress, media.remotePort, media.telephoneEventPayloadType],
    ['PCMA', '203.0.113.5', 30_000, 101],
  );
});

test('an answer without our codecs, or without audio, is refused', () => {
  assert.throws(() => acceptAnswer(offer('m=audio 4000 RTP/AVP 18'), LOCAL), /no codec of the offer/);
  assert.throws(() => acceptAnswer(offer('m=video 4000 RTP/AVP 0'), LOCAL), /no audio stream/);
});

test('LF line ends, missing s= and t=, and unknown lines are read', () => {
  const loose = 'v=0\no=- 1 1 IN IP4 10.0.0.1\nx=later\nc=IN IP4 10.0.0.1\nb=AS:64\nm=audio 4000 RTP/AVP 0\n';
  assert.equal(answer(loose, LOCAL, IDENTITY).media.remoteAddress, '10.0.0.1');
});

test('whatever the text, the answer is an answer or a refusal', () => {
  const line = fc.oneof(
    fc.constantFrom(
      AUDIO,
      EVENT,
      'v=0',
      'c=IN IP4 1.2.3.4',
      'a=ptime:20',
      'm=audio 1 RTP/AVP',
      'a=',
      'm=',
      'c=',
    ),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      try {
        const { sdp } = answer(lines.join('\r\n'), LOCAL, IDENTITY, true);
        parseSdp(sdp);
      } catch (error) {
        assert.ok(error instanceof SdpRefusal, String(error));
      }
    }),
  );
});

test('whatever stands behind audio that we can take, the answer has a line for each of the offer (RFC 3264 6)', () => {
  const line = fc.oneof(
    fc.constantFrom(
      EVENT,
      AUDIO,
      ...['a=ptime:20', 'a=ptime:x', 'a=rtcp:9', 'a=rtpmap:8', 'a=rtpmap:0 opus/48000/2', 'a=inactive'],
      ...['m=audio 0 RTP/AVP 0', 'm=video 5000 RTP/AVP 31 32', 'm=image 5002 udptl t38', 'm=audio 1 RTP/AVP'],
    ),
    fc.string().map((text) => `a=${text}`),
    fc.string().map((text) => `a=rtpmap:96 ${text}`),
  );
  let answered = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, established) => {
      const offered = offer(AUDIO, ...lines);
      try {
        const read = parseSdp(answer(offered, LOCAL, IDENTITY, established).sdp);
        assert.deepEqual(
          read.media.map(({ type }) => type),
          parseSdp(offered).media.map(({ type }) => type),
        );
        assert.ok(read.media.filter(({ port }) => port !== 0).length <= 1, 'one stream at the most');
        answered++;
      } catch (error) {
        assert.ok(error instanceof SdpRefusal, String(error));
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(answered > 100, `only ${answered} offers were answered`);
});

const WIDEBAND: LocalAudio = { ...LOCAL, codecs: ['OPUS', 'G722', 'PCMU', 'PCMA'] };

test('Opus is answered under the number of the offer, with keys at its own clock (RFC 7587 7, RFC 4733 2.1)', () => {
  const { sdp, media } = answer(
    offer(
      'm=audio 40000 RTP/AVP 96 9 0 97 98',
      'a=rtpmap:96 opus/48000/2',
      'a=rtpmap:97 telephone-event/8000',
      'a=rtpmap:98 telephone-event/48000',
    ),
    WIDEBAND,
    IDENTITY,
  );
  assert.deepEqual(
    [media.codec, media.payloadType, media.telephoneEventPayloadType, media.telephoneEventClockRate],
    ['OPUS', 96, 98, 48_000],
  );
  assert.match(sdp, /m=audio 20000 RTP\/AVP 96 98\r\n/);
  assert.match(sdp, /a=rtpmap:96 opus\/48000\/2\r\na=fmtp:96 useinbandfec=1/);
  assert.match(sdp, /a=rtpmap:98 telephone-event\/48000/);
});

test('the bit rate of Opus that a peer takes at most is that of its fmtp (RFC 7587 6.1)', () => {
  const most = (fmtp: string): number | undefined => {
    const lines = ['m=audio 40000 RTP/AVP 96 0', 'a=rtpmap:96 opus/48000/2', `a=fmtp:96 ${fmtp}`];
    const { maxBitrate } = acceptAnswer(offer(...lines), WIDEBAND);
    assert.equal(answer(offer(...lines), WIDEBAND, IDENTITY).media.maxBitrate, maxBitrate);
    return maxBitrate;
  };
  assert.equal(most('minptime=10; maxaveragebitrate=20000;useinbandfec=1'), 20_000);
  assert.equal(most('MaxAverageBitrate=510000'), 510_000);
  for (const fmtp of ['useinbandfec=1', 'maxaveragebitrate=5999', 'maxaveragebitrate=510001']) {
    assert.equal(most(fmtp), undefined, fmtp);
  }
  const another = offer('m=audio 40000 RTP/AVP 0', 'a=fmtp:0 maxaveragebitrate=20000');
  assert.equal(answer(another, WIDEBAND, IDENTITY).media.maxBitrate, undefined);
});

test('a peer that has keys at 8000 Hz alone beside Opus keeps them', () => {
  const { media } = answer(
    offer('m=audio 40000 RTP/AVP 96 101', 'a=rtpmap:96 OPUS/48000/2', 'a=rtpmap:101 telephone-event/8000'),
    WIDEBAND,
    IDENTITY,
  );
  assert.deepEqual(
    [media.codec, media.telephoneEventPayloadType, media.telephoneEventClockRate],
    ['OPUS', 101, 8_000],
  );
});

test('G.722 is known by its static number, and by its rtpmap, whose clock is 8000 (RFC 3551 4.5.2)', () => {
  for (const lines of [['m=audio 40000 RTP/AVP 9'], ['m=audio 40000 RTP/AVP 99', 'a=rtpmap:99 G722/8000']]) {
    assert.equal(answer(offer(...lines), WIDEBAND, IDENTITY).media.codec, 'G722');
  }
  const wrongClock = offer('m=audio 40000 RTP/AVP 99', 'a=rtpmap:99 G722/16000');
  assert.throws(() => answer(wrongClock, WIDEBAND, IDENTITY), SdpRefusal);
});

test('whose order of codecs counts is ours to say', () => {
  const offered = offer('m=audio 40000 RTP/AVP 0 9 8');
  assert.equal(answer(offered, WIDEBAND, IDENTITY).media.codec, 'PCMU');
  assert.equal(answer(offered, { ...WIDEBAND, preference: 'ours' }, IDENTITY).media.codec, 'G722');
});

test('our offer names each codec, and keys for each of their clocks', () => {
  const sdp = createOffer(WIDEBAND, IDENTITY);
  assert.match(sdp, /m=audio 20000 RTP\/AVP 111 9 0 8 110 101\r\n/);
  assert.match(sdp, /a=rtpmap:110 telephone-event\/48000\r\n/);
  assert.match(sdp, /a=rtpmap:101 telephone-event\/8000\r\n/);
  const media = acceptAnswer(answer(sdp, { ...LOCAL, codecs: ['G722'] }, IDENTITY).sdp, WIDEBAND);
  assert.deepEqual([media.codec, media.telephoneEventPayloadType], ['G722', 101]);
});

test('a running session keeps to favoured codecs where the offer has one, and takes others where not', () => {
  const session = new SdpNegotiation(WIDEBAND, '1');
  assert.equal(session.answer(offer('m=audio 40000 RTP/AVP 9 0')).media.codec, 'G722');
  assert.equal(session.answer(offer('m=audio 40000 RTP/AVP 0 9'), ['G722']).media.codec, 'G722');
  assert.equal(session.answer(offer('m=audio 40000 RTP/AVP 0 8'), ['G722']).media.codec, 'PCMU');
  assert.doesNotMatch(session.offer(['G722']), /PCMU|opus/);
});

test('a media line can be cut into its parts in one way alone', () => {
  // What `.` and `$` take for a line end is none of SDP.
  const text = offer(`m=audio 1 ${'A'.repeat(16_000)} 0\u20288`);
  inBoundedTime(() => {
    for (let turn = 0; turn < 300; turn++) assert.deepEqual(parseSdp(text).media[0]?.formats, ['0', '8']);
  });
});

test('a peer may send each format of its answer, and those that it numbers otherwise under our number (RFC 3264 6.1, 7)', () => {
  const others = (...lines: string[]) => {
    const { otherFormats, otherEvents } = acceptAnswer(offer(...lines), WIDEBAND);
    return [otherFormats, otherEvents];
  };
  assert.deepEqual(others('m=audio 4000 RTP/AVP 8 0 101', 'a=rtpmap:101 telephone-event/8000'), [
    [{ codec: 'PCMU', payloadType: 0 }],
    undefined,
  ]);
  assert.deepEqual(
    others('m=audio 4000 RTP/AVP 96 97', 'a=rtpmap:96 opus/48000/2', 'a=rtpmap:97 telephone-event/48000'),
    [[{ codec: 'OPUS', payloadType: 111 }], [{ payloadType: 110, clockRate: 48_000 }]],
  );
  assert.deepEqual(
    others(
      'm=audio 4000 RTP/AVP 111 0 110 101',
      'a=rtpmap:111 opus/48000/2',
      'a=rtpmap:110 telephone-event/48000',
      'a=rtpmap:101 telephone-event/8000',
    ),
    [[{ codec: 'PCMU', payloadType: 0 }], [{ payloadType: 101, clockRate: 8_000 }]],
    'keys beside G.711, too',
  );
  assert.deepEqual(
    others('m=audio 4000 RTP/AVP 0 96 101', 'a=rtpmap:96 telephone-event/8000', 'a=rtpmap:101 iLBC/8000'),
    [undefined, undefined],
    'our number of keys is another codec there',
  );
  assert.deepEqual(others('m=audio 4000 RTP/AVP 0'), [undefined, undefined]);
});

test('a fax in the place of the audio (T.38) is refused, so that the session stays as it was', () => {
  const negotiation = new SdpNegotiation(LOCAL, '9');
  negotiation.answer(offer(AUDIO));
  for (const lines of [['m=audio 0 RTP/AVP 8', 'm=image 40000 udptl t38'], ['m=image 40000 udptl t38']]) {
    assert.throws(() => negotiation.answer(offer(...lines)), SdpRefusal);
  }
  const off = negotiation.answer(offer('m=audio 0 RTP/AVP 8', 'm=image 0 udptl t38'));
  assert.equal(off.media.remotePort, 0);
  assert.equal(negotiation.answer(offer(AUDIO)).media.direction, 'sendrecv');
});

test('audio in the place of a stream that is switched off is taken, or refused, so that the session stays as it was', () => {
  const negotiation = new SdpNegotiation(WIDEBAND, '9');
  negotiation.answer(offer('m=audio 40000 RTP/AVP 9 0'));
  const change = (line: string) => negotiation.answer(offer('m=audio 0 RTP/AVP 9', line), ['G722']);
  const { media, sdp } = change('m=audio 40002 RTP/AVP 0');
  assert.deepEqual(
    [media.codec, media.remotePort],
    ['PCMU', 40_002],
    'though it is none of the favoured codecs',
  );
  assert.match(sdp, /m=audio 0 RTP\/AVP 9\r\nm=audio 20000 RTP\/AVP 0\r\n/);
  assert.throws(() => change('m=audio 40004 RTP/AVP 18'), /no common codec: offered 18, supported/);
  assert.throws(() => change('m=audio 40004 RTP/SAVP 0'), /the offer has only RTP\/SAVP/);
  assert.equal(change('m=audio 0 RTP/AVP 0').media.remotePort, 0);
});
