import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from '../swml/errors.ts';
import { checkDocument } from './check.ts';
import { methodsOf } from './registry.ts';

const REST = `
  goodbye: [{receive: {}}]
  greeting: [{receive: {}}]
  lookup: [{receive: {}}]
  quote: [{receive: {}}]`;

for (const kind of ['calling', 'messaging'] as const) {
  const filler = kind === 'calling' ? REST.replaceAll('receive', 'answer') : REST;
  for (const method of methodsOf(kind).values()) {
    test(`the examples of ${kind} ${method.name} are valid and use it`, () => {
      assert.ok(method.examples.length > 0);
      for (const example of method.examples) {
        const text = `sections:\n  main:\n${example.replace(/^/gm, '    ')}${filler}\n`;
        const { diagnostics } = checkDocument(text, { kind, strict: true });
        assert.deepEqual(
          diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, text)),
          [],
        );
        assert.match(example, new RegExp(`- ${method.name}\\b`));
      }
    });

    test(`${kind} ${method.name} describes itself and everything in its schema`, () => {
      assert.match(method.summary, /^[A-Z].*\.$/);
      assert.ok(method.params.info.description);
      for (const output of method.outputs) assert.match(output.description, /\.$/);
    });
  }
}
