import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openLeg } from '../call/leg.test-helper.ts';
import { startScript } from '../engine/call-script.ts';
import type { ScriptSession } from '../engine/session.ts';
import { silentLogger } from '../log/logger.ts';
import { loadDocument } from '../methods/check.ts';
import type { JsonValue } from '../swml/json.ts';
import { Variables } from '../swml/scope.ts';
import { consentRefusal } from './recording-consent.ts';

describe('the consent variable', () => {
  const refusal = (name: string, vars: Record<string, JsonValue>): string | undefined =>
    consentRefusal(name, () => new Variables(vars))?.();

  test('lets record what is true, as a boolean or as text', () => {
    for (const value of [true, 'true', 'True', ' TRUE '])
      assert.equal(refusal('ok', { ok: value }), undefined);
    assert.equal(refusal('vars.ok', { ok: true }), undefined);
    assert.equal(refusal('party.agreed', { party: { agreed: true } }), undefined);
  });

  test('refuses everything else, with the setting, what was found, and the cure', () => {
    for (const value of [false, 'false', 'yes', '', 1, 0, null, {}, ['true']]) {
      assert.match(
        refusal('ok', { ok: value }) ?? 'it was let through',
        /^recording\.consent_variable is set, and the variable "ok" is .+: set it to true once the party has agreed/,
      );
    }
    assert.match(refusal('ok', {}) ?? '', /"ok" is not set:/);
    assert.match(refusal('party.agreed', { party: 'true' }) ?? '', /"party\.agreed" is not set:/);
    assert.match(consentRefusal('ok', () => undefined)?.() ?? '', /is not set/);
  });

  test('is asked for nothing when it is not named', () => {
    assert.equal(
      consentRefusal(undefined, () => undefined),
      undefined,
    );
  });
});

/** Runs the steps on a call in consent mode, until the script is over. */
async function run(t: Parameters<typeof openLeg>[0], steps: string) {
  let session: ScriptSession | undefined;
  const bench = openLeg(t, { recordingRefusal: consentRefusal('consent', () => session?.variables) });
  const script = startScript({
    leg: bench.leg,
    document: loadDocument(`sections: {main: ${steps}}`, { file: 'test.yaml' }),
    hangUpAtEnd: false,
    services: {
      clock: bench.clock,
      log: silentLogger,
      http: { request: () => Promise.reject(new Error('this test expects no request')) },
      loader: { load: () => Promise.reject(new Error('this test loads nothing')) },
      emit: () => {},
      onWarning: ({ params }) => warnings.push(`${params.code}: ${params.message}`),
    },
  });
  const warnings: string[] = [];
  session = script.session;
  const { vars } = await script.done;
  return { ...bench, vars, warnings };
}

describe('in consent mode', () => {
  for (const [method, result] of [
    ['record', 'record_result'],
    ['record_call', 'record_call_result'],
  ] as const) {
    test(`${method} fails without consent, says why, is registered and reported, and records nothing`, async (t) => {
      const steps = `[{${method}: {status_url: "https://app.example/s"}}]`;
      const { vars, warnings, host, store, outbox } = await run(t, steps);
      assert.equal(vars[result], 'failed');
      assert.equal(vars['record_url'] ?? vars['record_call_url'], undefined);
      const [warning, ...others] = warnings;
      assert.deepEqual(others, []);
      assert.match(
        warning ?? '',
        /^relay_script_method_execute_failed: .*recording\.consent_variable .*"consent" is not set: set it to true/,
      );
      assert.deepEqual(host.sent('record'), []);
      const [row] = store.list({});
      assert.equal(row?.status, 'failed');
      assert.match(row?.error ?? '', /recording\.consent_variable/);
      assert.deepEqual(outbox.states, ['error']);
    });
  }

  test('tap and stream fail without consent, say why, and copy nothing', async (t) => {
    const rtp = 'rtp://192.0.2.5:4000';
    const steps =
      `[{tap: {uri: "${rtp}"}}, {stream: {url: "wss://media.example/s"}}, {set: {before: "%{tap_result} %{stream_result}"}}, ` +
      `{set: {consent: true}}, {tap: {uri: "${rtp}"}}]`;
    const { vars, warnings, host } = await run(t, steps);
    assert.equal(vars['before'], 'failed failed');
    assert.equal(vars['tap_result'], 'success');
    assert.equal(host.sent('copy').length, 1);
    assert.equal(warnings.length, 2);
    for (const warning of warnings)
      assert.match(warning, /"consent" is not set: set it to true .*tapped or streamed/);
  });

  test('the same step records once the variable is true', async (t) => {
    const steps =
      '[{record_call: {control_id: a}}, {set: {consent: true}}, {record_call: {control_id: b}}, ' +
      '{set: {consent: "false"}}, {record_call: {control_id: c}}]';
    const { vars, host } = await run(t, steps);
    assert.deepEqual(
      host.sent('record').map(({ spec }) => spec.controlId),
      ['b'],
    );
    assert.equal(vars['record_call_result'], 'failed');
  });
});
