import path from 'node:path';
import { codeOf } from '../../swml/error-codes.ts';
import { type AnyDiagnostic, formatDiagnostic, SwmlError } from '../../swml/errors.ts';
import { type Finding, onlyComment } from '../../swml/document.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../swml/json.ts';
import { type ParsedText, parseText } from '../../swml/parse.ts';
import { formatPath, type Path, type Position } from '../../swml/position.ts';
import { read } from '../../swml/schema-read.ts';
import type { Schema } from '../../swml/schema.ts';
import { embeddedText } from './embedded.ts';
import { TEST, TEST_FILE, type TestFileSpec, type TestSpec } from './format.ts';

/** A test, with what its file says for all of its tests. */
export interface TestCase {
  /** Path of its file, as it was given. */
  readonly file: string;
  readonly name: string;
  readonly position: Position;
  /** References to where the behaviour is laid down. */
  readonly references: readonly string[];
  readonly spec: TestSpec;
  /** A document that stands in the test file itself, as text whose places are those of the file. */
  readonly embedded: string | undefined;
  /** Where a part of the test stands, e.g. `['expect', 'vars']`: in the test itself, or beside it. */
  locate(part: Path): Position;
}

/** A test file that cannot be used: everything that is wrong with it. */
export class TestFileError extends Error {
  readonly problems: readonly AnyDiagnostic[];

  /** @param text of the file, to show the places */
  constructor(problems: readonly AnyDiagnostic[], text?: string) {
    super(problems.map((problem) => formatDiagnostic(problem, text)).join('\n'));
    this.name = 'TestFileError';
    this.problems = problems;
  }
}

/** Parts that a test takes over from its file member by member; others it takes over as a whole. */
const MERGED = ['call', 'vars', 'params', 'envs', 'web', 'network', 'parties', 'expect'] as const;
/** Of these, those whose members may be null. */
const NULLABLE: ReadonlySet<string> = new Set(['vars', 'params', 'envs']);

/**
 * Reads a test file.
 * @param file for messages and names
 * @throws TestFileError
 */
export function loadTestFile(text: string, file: string): readonly TestCase[] {
  let parsed: ParsedText;
  try {
    parsed = parseText(text, { file });
  } catch (error) {
    if (!(error instanceof SwmlError)) throw error;
    throw new TestFileError(error.diagnostics.map(renamed), text);
  }
  const problems: AnyDiagnostic[] = [];
  const report = (finding: Finding): void => {
    const { fault, path: place, part, severity = 'error', code: _code, ...rest } = finding;
    problems.push({
      ...rest,
      code: CODES[codeOf(fault, 'calling')] ?? 'test_invalid_value',
      severity,
      file,
      position: parsed.locate(place, part ?? 'value'),
      path: formatPath(place),
    });
  };
  const root = isObject(parsed.value) ? parsed.value : {};
  for (const { path: place, written } of parsed.numberKeys) {
    if (!isParty(place)) continue;
    report({
      fault: 'invalidValue',
      message: `This party is at "${place.at(-1)}": as it is written, it is a number`,
      path: place,
      part: 'key',
      found: written,
      suggestion: 'put the number in quotes',
    });
  }
  for (const { path: place, written } of parsed.commentedKeys) {
    // Of a document, it is told where that is checked.
    if (withinTest(place)[0] === 'document') continue;
    report({ ...onlyComment(place, written), severity: 'error' });
  }
  checkWhole(readBy(TEST_FILE, parsed.value, report), root, report);
  if (problems.length > 0) throw new TestFileError(problems, text);
  const { tests, name, ...shared } = root as JsonObject & { readonly tests?: JsonValue };
  const own = isArray(tests) ? (tests as readonly JsonObject[]) : undefined;
  return (own ?? [{ name: name ?? nameOf(file) }]).map((test, index) => {
    const at: Path = own === undefined ? [] : ['tests', index];
    const spec = readBy(TEST, merged(shared, test), () => {});
    let embedded: string | undefined | null = null;
    return {
      file,
      name: spec.name,
      position: parsed.locate(at),
      references: typeof spec.spec === 'string' ? [spec.spec] : (spec.spec ?? []),
      spec,
      // Only who runs the test needs it, and it takes longer than all the rest.
      get embedded() {
        if (embedded === null) embedded = embeddedText(text, parsed, whereIs(root, at, ['document']));
        return embedded;
      },
      locate: (part) => parsed.locate(whereIs(root, at, part), 'key'),
    };
  });
}

function readBy<T>(schema: Schema<T>, value: JsonValue, report: (finding: Finding) => void): T {
  return read(schema, value, [], {
    kind: 'calling',
    strict: true,
    // Placeholders belong to the documents that are tested.
    expand: (text) => text,
    block: () => [],
    report,
  });
}

/** What no part of the file can say on its own. */
function checkWhole(spec: TestFileSpec, root: JsonObject, report: (finding: Finding) => void): void {
  const seen = new Map<string, number>();
  for (const [index, test] of (spec.tests ?? [undefined]).entries()) {
    const at: Path = test === undefined ? [] : ['tests', index];
    const source = test?.document ?? spec.document;
    if (source === undefined) {
      report({
        fault: 'missingParameter',
        message: 'This test has no document',
        path: at,
        expected: '"document": a path, a URL or a document',
      });
    }
    if (test === undefined || typeof test.name !== 'string') continue;
    if (seen.has(test.name)) {
      report({
        fault: 'duplicate',
        message: `Two tests of this file have the name "${test.name}"`,
        path: [...at, 'name'],
      });
    }
    seen.set(test.name, index);
  }
  if (spec.tests !== undefined && Object.hasOwn(root, 'name')) {
    report({
      fault: 'conflict',
      message: '"name" and "tests" exclude each other',
      path: ['name'],
      part: 'key',
      expected: 'a name in each test',
    });
  }
}

/** Whether it is the destination of somebody under `parties`, of the file or of a test. */
function isParty(place: Path): boolean {
  const [parties, ...rest] = withinTest(place);
  return parties === 'parties' && rest.length === 1;
}

/** The way from the test on, or from the file for what stands beside its tests. */
function withinTest(place: Path): Path {
  return place[0] === 'tests' ? place.slice(2) : place;
}

/** What has nothing behind it in the test (`web:`) is not there, and so no other than that of the file. */
function merged(file: JsonObject, test: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...file, ...given(test) };
  for (const name of MERGED) {
    const [one, other] = [file[name], test[name]];
    if (!isObject(one) || !isObject(other)) continue;
    result[name] = { ...one, ...(NULLABLE.has(name) ? other : given(other)) };
  }
  return result;
}

function given(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

/** Way to a part: in the test if it is there, else beside it, else to the test. */
function whereIs(root: JsonObject, at: Path, part: Path): Path {
  for (const base of [at, []]) {
    let value: JsonValue | undefined = root;
    for (const key of [...base, ...part.slice(0, 2)]) {
      value = (value as Record<string | number, JsonValue> | undefined)?.[key];
    }
    if (value !== undefined && value !== null) return [...base, ...part];
  }
  return at;
}

function nameOf(file: string): string {
  return path.basename(file).replace(/(\.test)?\.(ya?ml|json)$/i, '');
}

/** The codes of documents, as those of test files. */
const CODES: Readonly<Partial<Record<string, string>>> = {
  relay_script_parse_error: 'test_parse_error',
  relay_script_parse_internal_error: 'test_parse_error',
  relay_script_nested_too_deep: 'test_parse_error',
  relay_script_element_duplicated: 'test_duplicate',
  relay_script_element_wrong_type: 'test_wrong_type',
  relay_script_method_parameter_undefined: 'test_unknown_property',
  relay_script_method_parameter_missing: 'test_missing_property',
  relay_script_method_parameter_conflict: 'test_conflict',
};

function renamed(diagnostic: AnyDiagnostic): AnyDiagnostic {
  return { ...diagnostic, code: CODES[diagnostic.code] ?? 'test_parse_error' };
}
