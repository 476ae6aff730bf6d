import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDocument } from '../../methods/check.ts';
import { main, run, said } from '../run.test-helper.ts';

test('flow.md 8, control: never comes back, also not to sections that called it', async () => {
  const test = await run(`
sections:
  main:
    - execute: {dest: middle}
    - play: "say:never"
  middle:
    - transfer: {dest: last}
    - play: "say:never"
  last:
    - play: "say:last"`);
  assert.deepEqual(said(test), ['last']);
});

test('flow.md 8, stack: dropped entirely, so a later return ends the script', async () => {
  const test = await run(`
sections:
  main: [{execute: {dest: middle}}, {play: "say:never"}]
  middle: [{transfer: {dest: last}}]
  last: [{return: x}]`);
  assert.deepEqual(said(test), []);
  assert.equal(test.result.outcome, 'finished');
});

test('flow.md 8, params omitted: {}, not inherited; vars are kept', async () => {
  const test = await run(`
sections:
  main:
    - set: {v: kept}
    - transfer: {dest: one, params: {p: 1}}
  one:
    - play: "say:\${v} \${params.p}"
    - transfer: {dest: two}
  two:
    - play: "say:\${v} (\${params.p})"`);
  assert.deepEqual(said(test), ['kept 1', 'kept ()']);
});

test('flow.md 8, vars are kept: and sent in the POST with params; the fetched document takes over', async () => {
  const test = await run('- set: {v: 1}\n- transfer: {dest: "https://example.com/next", params: {p: 2}}', {
    documents: { 'https://example.com/next': '{"sections": {"main": [{"play": "say:${v} ${params.p}"}]}}' },
  });
  assert.deepEqual(said(test), ['1 2']);
  assert.deepEqual(test.fetches[0]?.payload['vars'], { v: 1 });
});

test('flow.md 8, count: the 33rd of a call stops the script with relay_script_too_many_transfers', async () => {
  const test = await run('- set: {n: "${n + 1 || 1}"}\n- transfer: {dest: main}');
  assert.equal(test.result.error?.code, 'relay_script_too_many_transfers');
  assert.equal(test.result.vars['n'], 33);
});

for (const [title, dest, code] of [
  [
    'flow.md 8, unknown section: known at run only',
    '"${nothing}x"',
    'relay_script_section_parameter_undefined',
  ],
  ['flow.md 8, bad URL: malformed', '"http://${nothing}"', 'relay_script_parse_error'],
  ['flow.md 8, fetch fails: not to be had', 'https://example.com/404', 'relay_script_method_execute_failed'],
] as const) {
  test(`${title}, which ends the script with ${code}`, async () => {
    const test = await run(`- transfer: {dest: ${dest}}\n- play: "say:after"`);
    assert.equal(test.result.error?.code, code);
    assert.deepEqual(said(test), []);
  });
}

test('flow.md 8, dest: a section, a URL, or a document given inline', async () => {
  for (const dest of [
    'other',
    'https://example.com/doc',
    '\'{"sections": {"main": [{"play": "say:x"}]}}\'',
  ]) {
    const test = await run(`sections: {main: [{transfer: {dest: ${dest}}}], other: [{play: "say:x"}]}`, {
      documents: { 'https://example.com/doc': 'sections: {main: [{play: "say:x"}]}' },
    });
    assert.deepEqual(said(test), ['x'], dest);
  }
});

test('flow.md 8, params: those of the destination, expanded', async () => {
  const test = await run(
    'sections: {main: [{set: {v: 2}}, {transfer: {dest: other, params: {p: {q: "${v}"}}}}], other: [{play: "say:${params.p.q}"}]}',
  );
  assert.deepEqual(said(test), ['2']);
});

test('flow.md 8, meta: is taken and not used', async () => {
  const test = await run('- transfer: {dest: "https://example.com/doc", meta: {ticket: 7}}', {
    documents: { 'https://example.com/doc': 'sections: {main: [{play: "say:(${meta.ticket})"}]}' },
  });
  assert.deepEqual(said(test), ['()']);
  assert.doesNotMatch(JSON.stringify(test.fetches[0]!.payload), /ticket/);
});

test('flow.md 8, method: of messaging documents only; a calling one fetches by POST', async () => {
  const { diagnostics } = checkDocument(main('- transfer: {dest: main, method: GET}'));
  assert.deepEqual(
    diagnostics.map(({ code, severity }) => [code, severity]),
    [['relay_script_method_parameter_undefined', 'warning']],
  );
});

test('flow.md 8, no numbers: a telephone number or SIP URI is taken for the name of a section', () => {
  for (const dest of ['"+15550100"', 'sip:desk@example.com']) {
    assert.deepEqual(
      checkDocument(main(`- transfer: {dest: ${dest}}`)).diagnostics.map(({ code }) => code),
      ['relay_script_section_parameter_undefined'],
    );
  }
});

test('flow.md 8, missing dest: relay_script_method_parameter_missing', () => {
  assert.deepEqual(
    checkDocument(main('- transfer: {params: {}}')).diagnostics.map(({ code }) => code),
    ['relay_script_method_parameter_missing'],
  );
});

test('flow.md 8, retry of main: is allowed and counts', async () => {
  const test = await run(
    '- set: {n: "${n + 1 || 1}"}\n- cond: [{when: n < 3, then: [{transfer: {dest: main}}]}]\n- play: "say:${n}"',
  );
  assert.deepEqual([said(test), test.session.snapshot().transfers], [['3'], 2]);
});

test('flow.md 8, background work: recordings go on', async () => {
  const { leg } = await run(
    'sections: {main: [{record_call: {}}, {transfer: {dest: other}}], other: [{play: "say:x"}]}',
  );
  assert.deepEqual(
    leg.log.filter((line) => line.includes('record')),
    ['record id-2'],
  );
});
