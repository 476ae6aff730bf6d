import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Diagnostic, formatDiagnostic } from './errors.ts';

test('a document cannot steer the terminal in which its mistakes are shown', () => {
  const diagnostic: Diagnostic = {
    severity: 'error',
    code: 'relay_script_method_undefined',
    message: 'There is no method "a\u001b[31m\u0007"',
    file: 'x.yaml',
    position: { line: 1, column: 3 },
    path: 'sections.main[0]',
  };
  assert.equal(
    formatDiagnostic(diagnostic, '\t- "a\u001b[31m\u009b": {}'),
    [
      'x.yaml:1:3: error relay_script_method_undefined: There is no method "a\ufffd[31m\ufffd" (sections.main[0])',
      '  1 |  - "a\ufffd[31m\ufffd": {}',
      '    |   ^',
    ].join('\n'),
  );
});
