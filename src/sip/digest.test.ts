import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inBoundedTime } from '../../test/support/bounded-time.ts';
import { authorization, DigestClient, digestResponse, parseChallenge } from './digest.ts';

const NOTHING = new Uint8Array(0);

test('The examples of RFC 7616 3.9.1 come out for MD5 and SHA-256', () => {
  const answer = (algorithm: string): string =>
    digestResponse({
      credentials: { username: 'Mufasa', password: 'Circle of Life' },
      challenge: parseChallenge(
        `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
          'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
      )!,
      method: 'GET',
      uri: '/dir/index.html',
      body: NOTHING,
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      nonceCount: 1,
    });
  assert.equal(answer('MD5'), '8ca523f5e9506fed4657c9700eebdbec');
  assert.equal(answer('SHA-256'), '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
});

test('The example of RFC 2617 3.5 comes out, and one without qop is answered as in RFC 2069', () => {
  const base = {
    credentials: { username: 'Mufasa', password: 'Circle Of Life' },
    method: 'GET',
    uri: '/dir/index.html',
    body: NOTHING,
    cnonce: '0a4f113b',
    nonceCount: 1,
  };
  const challenge = parseChallenge(
    'Digest realm="testrealm@host.com",qop="auth,auth-int",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
  )!;
  assert.equal(digestResponse({ ...base, challenge }), '6629fae49393a05397450978507c4ef1');
  assert.equal(
    digestResponse({ ...base, challenge: { ...challenge, qop: undefined } }),
    '670fd8c2df070c60b045671b8b24ff02',
  );
});

test('auth-int covers the body', () => {
  const challenge = parseChallenge('Digest realm="r", nonce="n", qop="auth-int"')!;
  const input = {
    credentials: { username: 'u', password: 'p' },
    challenge,
    method: 'INVITE',
    uri: 'sip:a@b',
    cnonce: 'c',
    nonceCount: 1,
  };
  const one = digestResponse({ ...input, body: Buffer.from('v=0') });
  const other = digestResponse({ ...input, body: Buffer.from('v=1') });
  assert.notEqual(one, other);
  assert.match(authorization({ ...input, body: NOTHING }), /qop=auth-int/);
});

test('The header echoes realm, nonce, opaque and algorithm, with quotes escaped', () => {
  const header = authorization({
    credentials: { username: 'a"b', password: 'p' },
    challenge: parseChallenge('Digest realm="x\\"y", nonce="n", opaque="o", algorithm=SHA-256, qop="auth"')!,
    method: 'INVITE',
    uri: 'sip:a@b',
    body: NOTHING,
    cnonce: 'c',
    nonceCount: 17,
  });
  assert.match(
    header,
    /^Digest username="a\\"b", realm="x\\"y", nonce="n", uri="sip:a@b", response="[0-9a-f]{64}", algorithm=SHA-256, cnonce="c", qop=auth, nc=00000011, opaque="o"$/,
  );
});

test('What is no Digest challenge, or asks for something unknown, is passed over', () => {
  for (const value of [
    'Basic realm="x"',
    'Digest realm="x"',
    'Digest nonce="x"',
    'Digest realm="x", nonce="y", algorithm=AKAv1-MD5',
    // A name that every object knows.
    'Digest realm="x", nonce="y", algorithm=constructor',
    'Digest realm="x", nonce="y", qop="auth-conf"',
    'Digest realm="x, nonce="y"',
    'Digest',
    '',
  ]) {
    assert.equal(parseChallenge(value), undefined, value);
  }
});

test('No challenge makes the parser throw or hang', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      parseChallenge(`Digest ${text}`);
    }),
  );
});

test('The first challenge that can be answered is taken', () => {
  const client = new DigestClient({ username: 'u', password: 'p' });
  const challenges = [
    'Digest realm="r", nonce="1", algorithm=NEW-512',
    'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth"',
    'Digest realm="r", nonce="3", algorithm=MD5, qop="auth"',
  ];
  assert.equal(client.challenged(401, challenges, []), true);
  const [[name, value] = ['', '']] = client.authorize('INVITE', 'sip:a@b', NOTHING);
  assert.equal(name, 'Authorization');
  assert.match(value, /nonce="2".*algorithm=SHA-256/);
});

test('A second refusal ends the tries, a stale nonce does not', () => {
  const client = new DigestClient({ username: 'u', password: 'p' });
  const sent = () => client.authorize('INVITE', 'sip:a@b', NOTHING);
  assert.equal(client.challenged(407, ['Digest realm="r", nonce="1"'], sent()), true);
  assert.equal(client.challenged(407, ['Digest realm="r", nonce="2", stale=TRUE'], sent()), true);
  assert.equal(client.challenged(407, ['Digest realm="r", nonce="3"'], sent()), false);
});

test('A nonce that was good for a request is used up at the next one, though without qop both read the same', () => {
  const client = new DigestClient({ username: 'u', password: 'p' });
  client.challenged(401, ['Digest realm="r", nonce="1"'], []);
  const first = client.authorize('UPDATE', 'sip:a@b', NOTHING);
  const second = client.authorize('UPDATE', 'sip:a@b', NOTHING);
  assert.deepEqual(second, first);
  assert.equal(client.challenged(401, ['Digest realm="r", nonce="2"'], second), true);
  assert.match(client.authorize('UPDATE', 'sip:a@b', NOTHING)[0]![1], /nonce="2"/);
});

test('The nonce count grows with each use and starts again with a new nonce', () => {
  const client = new DigestClient({ username: 'u', password: 'p' });
  client.challenged(401, ['Digest realm="r", nonce="1", qop="auth"'], []);
  const count = (): string => /nc=(\w+)/.exec(client.authorize('BYE', 'sip:a@b', NOTHING)[0]![1])![1]!;
  assert.equal(count(), '00000001');
  assert.equal(count(), '00000002');
  client.challenged(401, ['Digest realm="r", nonce="2", qop="auth", stale=true'], []);
  assert.equal(count(), '00000001');
});

test('The client nonce stays as long as the nonce: a server may keep the key of a session (RFC 7616 3.4.2)', () => {
  const client = new DigestClient({ username: 'u', password: 'p' });
  const challenge = (nonce: string): string =>
    `Digest realm="r", nonce="${nonce}", qop="auth", algorithm=SHA-256-sess`;
  const cnonce = (method: string): string =>
    /cnonce="(\w+)"/.exec(client.authorize(method, 'sip:a@b', NOTHING)[0]![1])![1]!;
  client.challenged(401, [challenge('1')], []);
  const first = cnonce('INVITE');
  assert.equal(cnonce('BYE'), first);
  client.challenged(401, [challenge('2')], []);
  assert.notEqual(cnonce('BYE'), first);
});

test('Credentials that name a realm are not shown to another one', () => {
  const client = new DigestClient({ username: 'u', password: 'p', realm: 'mine' });
  assert.equal(client.challenged(401, ['Digest realm="other", nonce="1"'], []), false);
  assert.deepEqual(client.authorize('INVITE', 'sip:a@b', NOTHING), []);
});

test('A list of nothing but blanks is looked through once', () => {
  inBoundedTime(() => {
    assert.equal(parseChallenge(`Digest realm="r", nonce="n", qop="${' '.repeat(300_000)}"`), undefined);
  });
});
