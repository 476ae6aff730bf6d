import type { Finding, Step } from '../swml/document.ts';
import { describe } from '../swml/schema-describe.ts';
import { type ReadContext, read } from '../swml/schema-read.ts';
import type { AnyMethod } from './method.ts';

/**
 * Reads the parameters of a step, whatever form they are written in.
 * @returns their canonical form; meaningless when an error was reported
 */
export function readParams(method: AnyMethod, step: Step, context: ReadContext): unknown {
  const short = method.shorthand?.expand(step.params);
  const absent = step.params === null && short === undefined;
  const params = absent && method.params.node.kind === 'object' ? {} : (short ?? step.params);
  return read(method.params, params, step.path, {
    ...context,
    report: (raw) => {
      const finding = placed(raw, step);
      if (short !== undefined) context.report(asWritten(finding, step));
      else if (absent && finding.fault !== 'unknownParameter') context.report(missing(finding, method));
      else context.report(finding);
    },
  });
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
