import type { Finding, Step } from '../swml/document.ts';
import { isArray, isObject, type JsonValue, toText } from '../swml/json.ts';
import { hasPlaceholder } from '../swml/placeholders.ts';
import { describe } from '../swml/schema-describe.ts';
import { type ReadContext, read } from '../swml/schema-read.ts';
import type { AnyMethod } from './method.ts';

/**
 * Reads the parameters of a step, whatever form they are written in.
 * @returns their canonical form; meaningless when an error was reported
 */
export function readParams(method: AnyMethod, step: Step, context: ReadContext): unknown {
  const replaced = valueOfAll(method, step, context);
  const written = replaced === undefined ? step.params : replaced;
  const short = shortForm(method, written, replaced !== undefined);
  const absent = step.params === null && short === undefined;
  const params = absent && method.params.node.kind === 'object' ? {} : (short ?? written);
  return read(method.params, params, step.path, {
    ...context,
    ...(replaced !== undefined && { replaced: true }),
    report: (raw) => {
      const finding = placed(raw, step);
      if (short !== undefined) context.report(asWritten(finding, step));
      else if (absent && finding.fault !== 'unknownParameter') context.report(missing(finding, method));
      else context.report(finding);
    },
  });
}

/**
 * What a placeholder in the place of all parameters gives, where they have a short form: only that tells which
 * form it is. In a message a list or an object is a text, too, so there it is always the short one.
 */
function valueOfAll(
  { shorthand }: AnyMethod,
  step: Step,
  { kind, expand }: ReadContext,
): JsonValue | undefined {
  const { params, path } = step;
  if (shorthand === undefined || kind !== 'calling' || expand === undefined) return undefined;
  return typeof params === 'string' && hasPlaceholder(params, kind) ? expand(params, path) : undefined;
}

/** @param replaced it came out of a placeholder: a number, a truth value or null stands for its text, too */
function shortForm({ shorthand }: AnyMethod, value: JsonValue, replaced: boolean): JsonValue | undefined {
  const short = shorthand?.expand(value);
  if (short !== undefined || !replaced || isArray(value) || isObject(value)) return short;
  return shorthand?.expand(toText(value));
}

/** A value of the method's own parameters is a parameter; what lies deeper is an element of one. */
function placed(finding: Finding, step: Step): Finding {
  if (finding.fault !== 'invalidParameter') return finding;
  const names = finding.path.slice(step.path.length).filter((part) => typeof part === 'string');
  return names.length > 1 ? { ...finding, fault: 'invalidValue' } : finding;
}

/** The text does not hold the property that a short form stands for. */
function asWritten(finding: Finding, step: Step): Finding {
  return { ...finding, path: [...step.path, ...finding.path.slice(step.path.length + 1)] };
}

function missing(finding: Finding, method: AnyMethod): Finding {
  const message = `"${method.name}" needs ${describe(method.params)}`;
  return method.params.node.kind === 'object' ? finding : { ...finding, fault: 'missingParameter', message };
}
