import type { Step } from '../swml/document.ts';
import type { JsonValue } from '../swml/json.ts';
import { describe, type ReadContext, read } from '../swml/schema-read.ts';
import type { AnyMethod } from './method.ts';

/**
 * Reads the parameters of a step, whatever form they are written in.
 * @returns their canonical form; meaningless when an error was reported
 */
export function readParams(method: AnyMethod, step: Step, context: ReadContext): unknown {
  return read(method.params, canonicalParams(method, step.params), step.path, {
    ...context,
    report: (finding) =>
      context.report(
        step.params === null && finding.fault !== 'unknownParameter'
          ? {
              ...finding,
              fault: 'missingParameter',
              message: `"${method.name}" needs ${describe(method.params)}`,
            }
          : finding,
      ),
  });
}

function canonicalParams(method: AnyMethod, params: JsonValue): JsonValue {
  if (params === null && method.params.node.kind === 'object') return {};
  return method.shorthand?.expand(params) ?? params;
}
