/** The shape of documents: spec/document.md 1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { main, run, said, start } from '../../src/engine/run.test-helper.ts';
import { checkDocument } from '../../src/methods/check.ts';
import { methodsOf } from '../../src/methods/registry.ts';
import type { DocumentKind } from '../../src/swml/error-codes.ts';

/** Codes of errors and warnings, these with a "~" before them. */
function found(text: string, kind: DocumentKind = 'calling', strict = false): string[] {
  return checkDocument(text, { kind, strict }).diagnostics.map(({ code, severity }) =>
    severity === 'error' ? code : `~${code}`,
  );
}

/** Of what each text gives when it is checked; nothing where it is right. */
function texts(
  rows: readonly (readonly [title: string, text: string, codes: readonly string[], kind?: DocumentKind])[],
): void {
  for (const [title, text, codes, kind] of rows) {
    test(title, () => {
      assert.deepEqual(found(text, kind), codes);
    });
  }
}

texts([
  ['document.md 1, calling: a document of calling methods', 'sections: {main: [{play: "say:hi"}]}', []],
  [
    'document.md 1, calling: has no messaging methods',
    'sections: {main: [{reply: hi}]}',
    ['relay_script_method_undefined'],
  ],
  [
    'document.md 1, messaging: a document of messaging methods',
    'sections: {main: [{reply: hi}]}',
    [],
    'messaging',
  ],
  [
    'document.md 1, messaging: has no calling methods',
    'sections: {main: [{cond: []}]}',
    ['swml_unsupported_method'],
    'messaging',
  ],
  [
    'document.md 1, same outer shape: version and sections',
    'version: 1.0.0\nsections: {main: [{return: 1}]}',
    [],
  ],
  [
    'document.md 1, same outer shape: in messaging',
    'version: 1.0.0\nsections: {main: [{return: 1}]}',
    [],
    'messaging',
  ],

  ['document.md 1.1, version: may be left out', 'sections: {main: [answer]}', []],
  [
    'document.md 1.1, version: 1.0.0 alone',
    'version: 1.0.1\nsections: {main: [answer]}',
    ['relay_script_version_invalid'],
  ],
  [
    'document.md 1.1, version: in messaging',
    'version: "2"\nsections: {main: [receive]}',
    ['swml_invalid_document'],
    'messaging',
  ],
  [
    'document.md 1.4, version: 1.0 is a number, so invalid',
    'version: 1.0\nsections: {main: [answer]}',
    ['relay_script_version_invalid'],
  ],
  ['document.md 1.1, sections: required', 'version: 1.0.0', ['relay_script_sections_missing']],
  ['document.md 1.1, sections: not empty', 'sections:', ['relay_script_sections_missing']],
  ['document.md 1.1, sections: an object', 'sections: [main]', ['relay_script_element_wrong_type']],
  [
    'document.md 1.1, sections.main: required',
    'sections: {other: [answer]}',
    ['relay_script_main_section_missing'],
  ],
  [
    'document.md 1.1, sections.main: an array of steps',
    'sections: {main: 5}',
    ['relay_script_element_wrong_type'],
  ],
  [
    'document.md 1.1, sections.<name>: names are free',
    'sections: {main: [answer], "a b/c ü": [answer], "5": [answer]}',
    [],
  ],
  [
    'document.md 1.1, sections.<name>: checked like main',
    'sections: {main: [answer], other: [{plya: x}]}',
    ['relay_script_method_undefined'],
  ],
  [
    'document.md 1.1, anything else at root: refused',
    'sections: {main: [answer]}\nmeta: {}',
    ['relay_script_element_undefined'],
  ],
  [
    'document.md 1.1, anything else at root: in messaging',
    'sections: {main: [receive]}\nmeta: {}',
    ['swml_invalid_document'],
    'messaging',
  ],
  [
    'document.md 1.1, section without steps: an empty list',
    'sections: {main: [answer], other: []}',
    ['relay_script_section_code_missing'],
  ],
  [
    'document.md 1.1, section without steps: nothing',
    'sections:\n  main:',
    ['relay_script_section_code_missing'],
  ],
  [
    'document.md 1.1, section without steps: in messaging',
    'sections: {main: []}',
    ['swml_invalid_section_format'],
    'messaging',
  ],
  ['document.md 1.1, short root form: of a reply', 'reply: {body: hi}', [], 'messaging'],
  ['document.md 1.1, short root form: with version', 'version: 1.0.0\nreceive: {}', [], 'messaging'],
  [
    'document.md 1.1, short root form: only one',
    'reply: hi\nsections: {main: [receive]}',
    ['swml_invalid_document'],
    'messaging',
  ],
  [
    'document.md 1.1, short root form: none of them',
    'version: 1.0.0',
    ['swml_missing_entry_point'],
    'messaging',
  ],
  [
    'document.md 1.1, short root form: of messaging only',
    'hangup: {}',
    ['relay_script_element_undefined', 'relay_script_sections_missing'],
  ],
  ['document.md 1.1, smallest document: is legal', 'sections:\n  main:\n    - hangup: {}\n', []],

  [
    'document.md 1.2, if and eval: are no methods',
    'sections: {main: [{if: {}}, {eval: {}}]}',
    ['relay_script_method_undefined', 'relay_script_method_undefined'],
  ],

  ['document.md 1.3, one key: and its parameters', main('- record: {beep: true}'), []],
  [
    'document.md 1.3, two method keys: refused',
    main('- answer: {}\n  hangup: {}'),
    ['relay_script_element_duplicated'],
  ],
  ['document.md 1.3, empty object: refused', main('- {}'), ['relay_script_method_missing_name']],
  ['document.md 1.3, empty object: nothing at all', main('-'), ['relay_script_method_missing_name']],
  ['document.md 1.3, empty object: an empty name', main('- "": {}'), ['relay_script_method_missing_name']],
  ['document.md 1.3, empty parameters: {}', main('- answer: {}'), []],
  ['document.md 1.3, null parameters: as {}', main('- answer:\n- stop_record_call: null'), []],
  [
    'document.md 1.3, null parameters: where one is required',
    main('- goto:'),
    ['relay_script_method_parameter_missing'],
  ],
  ['document.md 1.3, bare string step: of a method that needs no property', main('- answer\n- hangup'), []],
  [
    'document.md 1.3, bare string step: of one that does',
    main('- play'),
    ['relay_script_method_parameter_missing'],
  ],
  [
    'document.md 1.3, bare string step: of an unknown one',
    main('- answr'),
    ['relay_script_method_undefined'],
  ],
  ['document.md 1.3, bare string step: no number', main('- 5'), ['relay_script_element_wrong_type']],
  ['document.md 1.3, scalar sleep: an integer', main('- sleep: 250'), []],
  [
    'document.md 1.3, scalar label: the only form',
    main('- label: {name: again}'),
    ['relay_script_method_parameter_invalid_value'],
  ],
  ['document.md 1.3, scalar label: a text', main('- label: again'), []],
  ['document.md 1.3, scalar or list unset: a name', main('- unset: a'), []],
  ['document.md 1.3, scalar or list unset: a list', main('- unset: [a, b]'), []],
  [
    'document.md 1.3, scalar or list unset: no object',
    main('- unset: {a: 1}'),
    ['relay_script_method_parameter_invalid_value'],
  ],
  [
    'document.md 1.3, any value return: takes all',
    main('- return: 5\n- return: [1]\n- return: {a: {b: null}}\n- return: x\n- return'),
    [],
  ],
  ['document.md 1.3, list value cond: the only form', main('- cond: [{else: [answer]}]'), []],
  ['document.md 1.3, string value play: as url', main('- play: "say:hi"'), []],
  [
    'document.md 1.3, string value play: checked as url',
    main('- play: "sya:hi"'),
    ['relay_script_method_parameter_invalid_value'],
  ],
  ['document.md 1.3, list of strings play: as urls', main('- play: ["say:a", "silence:1"]'), []],
  [
    'document.md 1.3, list of strings play: of strings alone',
    main('- play: [{url: "say:a"}]'),
    ['relay_script_element_wrong_type'],
  ],
  ['document.md 1.3, string value reply: as body', 'sections: {main: [{reply: text}]}', [], 'messaging'],
  [
    'document.md 1.3, section as one step object: is that step',
    'sections: {main: {execute: {dest: other}}, other: {hangup: {}}}',
    [],
  ],
  [
    'document.md 1.3, section as one step object: also a nested list',
    main('- cond: [{else: {hangup: {}}}]'),
    [],
  ],
  [
    'document.md 1.3, section as one step object: of one key',
    'sections: {main: {answer: {}, hangup: {}}}',
    ['relay_script_element_duplicated'],
  ],
  [
    'document.md 1.3, list of one-key maps: refused',
    main('- transfer: [{dest: main}, {params: {}}]'),
    ['relay_script_element_wrong_type'],
  ],
  [
    'document.md 1.3, unknown property: a warning',
    main('- hangup: {why: x}'),
    ['~relay_script_method_parameter_undefined'],
  ],
  [
    'document.md 1.3, unknown property: also in a nested object',
    main('- connect: {serial: [{to: "sip:a@b", why: x}]}'),
    ['~relay_script_method_parameter_undefined'],
  ],
  [
    'document.md 1.3, case-sensitive names: of methods',
    main('- Answer: {}'),
    ['relay_script_method_undefined'],
  ],
  [
    'document.md 1.3, case-sensitive names: of properties',
    main('- record: {Beep: true}'),
    ['~relay_script_method_parameter_undefined'],
  ],

  [
    'document.md 1.4, beep: a truth value becomes "true"',
    main('- join_conference: {name: a, beep: true}'),
    [],
  ],
  [
    'document.md 1.4, beep: but no other enum takes one',
    main('- record: {format: true}'),
    ['relay_script_method_parameter_invalid_value'],
  ],
  [
    'document.md 1.4, on off yes no: stay texts',
    main('- record: {beep: on}'),
    ['relay_script_method_parameter_invalid_value'],
  ],
]);

test('document.md 1.3, unknown property: an error in strict mode, with what was expected and meant', () => {
  const text = main('- record: {beeep: true}');
  assert.deepEqual(found(text, 'calling', true), ['relay_script_method_parameter_undefined']);
  const [diagnostic] = checkDocument(text, { file: 'a.yaml', strict: true }).diagnostics;
  assert.deepEqual(
    [diagnostic?.file, diagnostic?.position, diagnostic?.path, diagnostic?.suggestion],
    ['a.yaml', { line: 3, column: 16 }, 'sections.main[0].record.beeep', 'did you mean "beep"?'],
  );
  assert.match(diagnostic?.expected ?? '', /beep, .*status_url/);
});

test('document.md 1.3, unknown property: the step runs without it', async () => {
  const { leg, result } = await run('- hangup: {why: x}');
  assert.deepEqual([leg.log, result.outcome], [['hangup hangup'], 'ended']);
});

test('document.md 1.2, 43 methods: the groups of the reference', () => {
  const groups = [
    ...[
      'cond',
      'switch',
      'execute',
      'return',
      'goto',
      'label',
      'set',
      'unset',
      'request',
      'transfer',
      'sleep',
    ],
    ...[
      'user_event',
      'answer',
      'hangup',
      'connect',
      'sip_refer',
      'send_digits',
      'join_conference',
      'join_room',
    ],
    ...[
      'enter_queue',
      'record',
      'record_call',
      'stop_record_call',
      'play',
      'prompt',
      'denoise',
      'stop_denoise',
    ],
    ...[
      'detect_machine',
      'transcribe',
      'transcribe_stop',
      'live_transcribe',
      'live_translate',
      'tap',
      'stop_tap',
    ],
    ...[
      'stream',
      'stop_stream',
      'send_sms',
      'send_fax',
      'receive_fax',
      'pay',
      'ai',
      'ai_sidecar',
      'amazon_bedrock',
    ],
  ];
  assert.deepEqual([...methodsOf('calling').keys()].sort(), groups.sort());
  assert.deepEqual(
    [...methodsOf('messaging').keys()].sort(),
    ['reply', 'receive', 'execute', 'return', 'transfer', 'goto', 'label', 'switch', 'request'].sort(),
  );
});

test('document.md 1.4, case keys: 5 and true match as texts', async () => {
  const test = await run(
    '- set: {n: 5, t: true}\n- switch: {variable: n, case: {5: [{play: "say:five"}]}}\n- switch: {variable: t, case: {true: [{play: "say:yes"}]}}',
  );
  assert.deepEqual(said(test), ['five', 'yes']);
});

test('document.md 1.4, beep: from a placeholder, checked when the step runs', () => {
  assert.deepEqual(found(main('- join_conference: {name: a, beep: "${b}"}')), []);
});

test('document.md 1.3, section as one step object: runs, in YAML and JSON', async () => {
  for (const text of [
    'sections:\n  main:\n    execute:\n      dest: other\n  other:\n    play: "say:x"\n',
    '{"sections": {"main": {"execute": {"dest": "other"}}, "other": {"play": "say:x"}}}',
  ]) {
    const test = await start(text);
    await test.finish();
    assert.deepEqual(said(test), ['x']);
  }
});
