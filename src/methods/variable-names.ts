import { isScopeName, variablePath } from '../swml/scope.ts';

/** What was expected, when `name` can be no variable (spec/flow.md 6). */
export function variableNameFault(name: string): string | undefined {
  if (variablePath(name) !== undefined) return undefined;
  const head = /^[A-Za-z0-9_$-]*/.exec(name)![0];
  return isScopeName(head)
    ? `a name of your own: "${head}" is a scope of the language and cannot be changed`
    : 'the name of a variable: letters, digits, _, $ and -, with members behind a dot';
}
