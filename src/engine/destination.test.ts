import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../log/logger.ts';
import { loadDocument } from '../methods/check.ts';
import { FakeDialler } from '../methods/fake-dialler.test-helper.ts';
import { main, run, start } from './run.test-helper.ts';

test('a fetched document that its loader has taken apart runs as it is', async () => {
  const known = loadDocument(main('- set: {from: loader}'), { file: 'known' });
  const { session, result } = await run('- execute: {dest: https://example.com/known}', {
    services: {
      loader: { load: async () => ({ text: 'not even YAML: [', name: 'known', document: known }) },
    },
  });
  assert.equal(result.outcome, 'finished');
  assert.equal(session.variables.all['from'], 'loader');
});

test('a loader is told what the document is for, and how strict its rules are', async () => {
  const { fetches } = await run('- execute: {dest: https://example.com/other}', {
    strict: true,
    documents: { 'https://example.com/other': main('- return: 1') },
  });
  assert.deepEqual(
    fetches.map(({ kind, strict, method }) => [kind, strict, method]),
    [['calling', true, 'POST']],
  );
});

test('document.md 5.1, execute or transfer: a document that only strict rules refuse stops the script, too', async () => {
  const inline = JSON.stringify('{"sections": {"main": [{"hangup": {"why": 1}}]}}');
  for (const step of [
    'transfer: {dest: https://example.com/other}',
    'execute: {dest: https://example.com/other}',
    `transfer: {dest: ${inline}}`,
  ]) {
    const { result } = await run(`- ${step}\n- set: {after: 1}`, {
      strict: true,
      documents: { 'https://example.com/other': main('- hangup: {why: 1}') },
    });
    assert.deepEqual(
      [result.outcome, result.error?.code, result.vars['after']],
      ['error', 'relay_script_method_parameter_undefined', undefined],
      step,
    );
  }
});

test('what is wrong with a document that is given inline, though it runs, is told in the log, once', async () => {
  const lines: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_fields, message) => void lines.push(message) };
  const inline = JSON.stringify('{"sections": {"main": [{"sleep": {"duration": 0, "why": 1}}]}}');
  const { result } = await run(
    `- label: again\n- execute: {dest: ${inline}}\n- goto: {label: again, max: 2}`,
    { services: { log } },
  );
  assert.equal(result.outcome, 'finished');
  assert.equal(lines.length, 1);
  assert.match(
    lines[0]!,
    /^test\.yaml \(inline\):1:\d+: warning relay_script_method_parameter_undefined: .*"why"/,
  );
});

test('a destination that cannot be had after a talk is told where it stands', async () => {
  const dialler = new FakeDialler();
  const call = await start(main('- connect: {to: "sip:a@example.com", transfer_after_bridge: nowhere}'), {
    services: { dialler },
  });
  dialler.calls[0]!.answer();
  await call.clock.settle();
  dialler.calls[0]!.end();
  const { error } = await call.finish();
  assert.deepEqual(
    [error?.code, error?.diagnostic.path],
    ['relay_script_section_parameter_undefined', 'sections.main[0].connect.transfer_after_bridge'],
  );
});
