import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressGuard } from '../net/address-guard.ts';
import { dialPlan } from './dial-plan.ts';

const parent = { from: 'sip:ann@pbx.example.com:5062;transport=tcp' };
const NO_GATEWAY = { gateway: undefined, username: undefined, password: undefined, from: undefined };
const GATEWAY = {
  gateway: 'sip:{number}@10.0.0.5:5080;transport=tcp',
  username: 'trunk',
  password: 'secret',
  from: undefined,
};
const guard = new AddressGuard(['192.168.7.0/24', 'phone.lan']);

function plan(to: string, settings = GATEWAY, request = {}) {
  return dialPlan({ to, timeout: 60, ...request }, parent, { ...NO_GATEWAY, ...settings }, guard);
}

test('a SIP address is called as it is, from the caller, with the credentials of the document', () => {
  const { invite, type, from } = plan('sip:bob@example.com;transport=tcp', GATEWAY, {
    username: 'ann',
    password: 'pw',
    fromName: 'Ann',
    sessionTimeout: 900,
    headers: [{ name: 'X-A', value: '1' }],
    timeout: 20,
  });
  assert.deepEqual(invite, {
    to: 'sip:bob@example.com;transport=tcp',
    from: parent.from,
    displayName: 'Ann',
    headers: [{ name: 'X-A', value: '1' }],
    sessionExpires: 900,
    timeoutMs: 20_000,
    credentials: { username: 'ann', password: 'pw' },
  });
  assert.deepEqual([type, from], ['sip', parent.from]);
  assert.equal(plan('sip:bob@example.com').invite.credentials, undefined, 'those of the gateway stay here');
});

test('a phone number is called at the gateway, from the user of the caller there', () => {
  const { invite, type, from } = plan('+15550100');
  assert.deepEqual(invite, {
    to: 'sip:+15550100@10.0.0.5:5080;transport=tcp',
    from: 'sip:ann@10.0.0.5',
    timeoutMs: 60_000,
    credentials: { username: 'trunk', password: 'secret' },
  });
  assert.deepEqual([type, from], ['phone', 'ann']);
  assert.match(plan('*67#').invite.to, /^sip:\*67%23@/, 'what no address may hold is escaped');
  const masked = dialPlan({ to: '+1', timeout: 60 }, { from: 'sip:%23100@pbx.example.com' }, GATEWAY, guard);
  assert.deepEqual([masked.invite.from, masked.from], ['sip:%23100@10.0.0.5', '#100'], 'escaped once');
  const tel = dialPlan({ to: '+1', timeout: 60 }, { from: 'tel:+1-555-0177;cpc=ordinary' }, GATEWAY, guard);
  assert.deepEqual([tel.invite.from, tel.from], ['sip:+15550177@10.0.0.5', '+15550177']);
  assert.equal(plan('+1', GATEWAY, { from: '+15550199' }).invite.from, 'sip:+15550199@10.0.0.5');
  assert.equal(plan('+1', { ...GATEWAY, from: '+15550101' } as never).invite.from, 'sip:+15550101@10.0.0.5');
  assert.equal(plan('+1', GATEWAY, { from: 'sip:a@b.example' }).invite.from, 'sip:a@b.example');
});

test('a phone number is called from the number of a tel: address that the document names', () => {
  const { invite, from } = plan('+1', GATEWAY, { from: 'tel:+1-555-0177;cpc=ordinary' });
  assert.deepEqual([invite.from, from], ['sip:+15550177@10.0.0.5', '+15550177']);
  assert.equal(plan('sip:bob@example.com', GATEWAY, { from: 'tel:+15550177' }).invite.from, 'tel:+15550177');
});

test('a phone number is called from that of the caller without its visual separators', () => {
  const numberOf = (from: string) => dialPlan({ to: '+1', timeout: 60 }, { from }, GATEWAY, guard).from;
  assert.equal(numberOf('sip:+1-(555)-01.77;cpc=ordinary@pbx.example.com;user=phone'), '+15550177');
  assert.equal(numberOf('sip:+1-555-0177@pbx.example.com;User=Phone;transport=tcp'), '+15550177');
  assert.equal(numberOf('sip:ann-marie.b@pbx.example.com'), 'ann-marie.b', 'a name');
  assert.equal(numberOf('sip:ann-marie@pbx.example.com;user=phone'), 'ann-marie', 'also by a telephone');
  assert.equal(numberOf('sip:1-2@pbx.example.com'), '1-2', 'of a room, say');
});

test('without a gateway the error names the setting', () => {
  assert.throws(
    () => plan('+15550100', NO_GATEWAY as never),
    (error) =>
      error instanceof RangeError && /\+15550100 needs a gateway: set dial\.gateway/.test(error.message),
  );
});

test('private addresses are called only if the operator allows it; the gateway may be anywhere', () => {
  const sip = plan('sip:bob@example.com').refusal;
  assert.equal(sip('example.com', '93.184.216.34', 5060), undefined);
  assert.match(
    sip('evil.example', '127.0.0.1', 5060) ?? '',
    /evil\.example \(127\.0\.0\.1\) is refused.*add "evil\.example" to the allowed addresses \(network\.allow\)/,
  );
  assert.equal(sip('192.168.7.20', '192.168.7.20', 5060), undefined);
  assert.equal(sip('phone.lan', '10.1.1.1', 5060), undefined);
  assert.notEqual(
    sip('10.0.0.5', '10.0.0.5', 5080),
    undefined,
    'nobody else is led to the gateway’s network',
  );
  const phone = plan('+15550100').refusal;
  assert.equal(phone('10.0.0.5', '10.0.0.5', 5080), undefined);
  assert.notEqual(phone('10.0.0.6', '10.0.0.6', 5080), undefined, 'a redirection is not trusted');
  const gateway = 'sip:{number}@provider.example;maddr=10.0.0.7';
  const { refusal, invite } = plan('+15550100', { ...GATEWAY, gateway });
  assert.equal(invite.from, 'sip:ann@provider.example');
  assert.equal(refusal('10.0.0.7', '10.0.0.7', 5060), undefined, 'where the gateway is reached');
});
