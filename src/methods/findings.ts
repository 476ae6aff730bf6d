/** Findings that are made both when a document is checked and when it runs. */
import { redactUrl } from '../log/redact.ts';
import type { Finding, Step, SwmlDocument } from '../swml/document.ts';
import type { JsonValue } from '../swml/json.ts';
import type { Path } from '../swml/position.ts';
import { closest } from '../swml/suggest.ts';
import type { AnyMethod } from './method.ts';

export function unknownMethod(step: Step, methods: ReadonlyMap<string, AnyMethod>): Finding {
  const meant = closest(step.method, methods.keys());
  const didYouMean = meant === undefined ? undefined : `did you mean "${meant}"?`;
  return {
    fault: 'unknownMethod',
    message: `There is no method "${step.method}"`,
    path: step.path,
    part: 'key',
    suggestion: missingMark(step.method, methods) ?? didYouMean,
  };
}

/** Of `play:say:Hello` or `play "say:Hello"`, which to YAML are texts and not keys with values. */
function missingMark(text: string, methods: ReadonlyMap<string, AnyMethod>): string | undefined {
  const [, name = '', mark] = /^(\w+)([: ])\S/.exec(text) ?? [];
  if (!methods.has(name)) return undefined;
  return mark === ':' ? `put a blank behind "${name}:"` : `put a colon behind "${name}"`;
}

export function unknownSection(name: string, document: Pick<SwmlDocument, 'sections'>, path: Path): Finding {
  const names = [...document.sections.keys()];
  const meant = closest(name, names);
  return {
    fault: 'unknownSection',
    message: `There is no section "${name}"`,
    path,
    expected: `one of ${names.join(', ')}`,
    suggestion: meant === undefined ? undefined : `did you mean "${meant}"?`,
  };
}

/** The message by which a URL that is none is told from a text that is no document: both have one code. */
export const MALFORMED_URL = 'This URL is malformed';

/** Of a destination that begins as a URL does. */
export function malformedUrl(dest: string, path: Path): Finding {
  return { fault: 'syntax', message: MALFORMED_URL, path, found: redactUrl(dest) };
}

export function unknownLabel(name: string, labels: readonly JsonValue[], path: Path): Finding {
  const meant = closest(
    name,
    labels.filter((label) => typeof label === 'string'),
  );
  return {
    fault: 'unknownLabel',
    message: `There is no label "${name}" that this step could go to`,
    path,
    expected: 'a label in the same list of steps or directly in the section',
    suggestion: meant === undefined ? undefined : `did you mean "${meant}"?`,
  };
}
