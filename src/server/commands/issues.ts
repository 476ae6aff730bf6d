/** What is wrong with a command, in the form of `/api/calling` (spec/rest.md 1.2). */
import type { Finding } from '../../swml/document.ts';
import { type JsonValue, member } from '../../swml/json.ts';
import type { Path } from '../../swml/position.ts';
import type { Schema } from '../../swml/schema.ts';
import { HttpProblem } from '../http/errors.ts';

export interface Issue {
  /** Of the table in spec/rest.md 1.2. */
  readonly code: string;
  /** For people: what was expected and what was found. */
  readonly message: string;
  /** Way to the value at fault in the body, dotted; null when it is none in particular. */
  readonly attribute: string | null;
}

/** 422 with one or more issues. */
export function refusal(...issues: readonly Issue[]): HttpProblem {
  return new HttpProblem(422, {
    errors: issues.map(({ code, message, attribute }) => ({
      type: 'validation_error',
      code,
      message,
      attribute,
      url: `docs/commands.md#${code}`,
    })),
  });
}

/**
 * What reading parameters by a schema found, as an issue.
 * @param asSent where the client wrote what stands at a path of the read value
 */
export function issueOf(
  finding: Finding,
  schema: Schema,
  value: JsonValue,
  asSent: (path: Path) => Path,
): Issue {
  const { message, expected, found, suggestion, path, absent } = finding;
  const facts = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(found === undefined ? [] : [`found ${found}`]),
    ...(suggestion === undefined ? [] : [suggestion]),
  ];
  return {
    code: codeOf(finding, schema, value),
    message: facts.length === 0 ? message : `${message}: ${facts.join(', ')}`,
    attribute: asSent(absent === undefined ? path : [...path, absent]).join('.') || null,
  };
}

function codeOf(finding: Finding, schema: Schema, value: JsonValue): string {
  switch (finding.fault) {
    case 'missingParameter':
      return 'missing_required_parameter';
    case 'conflict':
      return 'incompatible_parameters';
    default: {
      const node = schemaAt(schema, finding.path)?.node;
      const given = finding.path.reduce<JsonValue | undefined>(member, value);
      if (node?.kind === 'string' && typeof given !== 'string') return 'not_a_string';
      if (node?.kind === 'string' && node.format === 'http-url') return 'not_an_http_url';
      return node?.kind === 'boolean' ? 'not_a_boolean' : 'invalid_parameter';
    }
  }
}

/** Of what stands there, also within a list, or under a name that the client chose. */
function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const part of path) at = at && partOf(at, String(part));
  return at;
}

function partOf({ node }: Schema, name: string): Schema | undefined {
  if (node.kind === 'array') return node.items;
  if (node.kind !== 'object') return undefined;
  return Object.hasOwn(node.properties, name) ? node.properties[name] : node.additional;
}
