/** Branches: `cond`, `switch`, and the `result` of methods that have an outcome (spec/flow.md 1, 2, 3). */
import type { Block } from '../swml/document.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from '../swml/json.ts';
import { parsePath } from '../swml/placeholders.ts';
import * as s from '../swml/schema.ts';
import type { Choice, CondEntry } from './flow.ts';

/** A property with nothing behind it (`when:`) is left out, as it is when the branch is read. */
function isGiven(value: JsonObject, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== null;
}

export const COND_ENTRY = s.object(
  {
    when: s.string({
      description: 'JavaScript without `${}` around it; truthy takes this branch.',
      format: 'javascript',
      literal: true,
      examples: ["call.type == 'sip' && vars.vip"],
    }),
    // biome-ignore lint/suspicious/noThenProperty: the name that the language gives it
    then: s.steps({ description: 'Steps of this branch.' }),
    else: s.steps({
      description: 'Steps when no branch was taken up to here. Alone: when none is taken at all.',
    }),
  },
  {
    description: 'A branch.',
    refine: (value) => {
      if (!isObject(value)) return undefined;
      const [when, then, otherwise] = ['when', 'then', 'else'].map((name) => isGiven(value, name));
      if (when && !then) return { fault: 'missingParameter', message: 'A branch with "when" needs "then"' };
      if (!when && (then || !otherwise)) {
        return {
          fault: 'missingParameter',
          message: 'A branch needs "when"',
          expected: '"when" and "then", or "else" alone',
        };
      }
      return undefined;
    },
    jsonSchema: {
      anyOf: [{ required: ['when', 'then'] }, { required: ['else'], not: { required: ['when'] } }],
    },
  },
);

export const COND = s.array(COND_ENTRY, {
  description: 'Branches, tried from the top; the first that holds is taken.',
  refine: (value) => {
    if (!isArray(value)) return undefined;
    const alone = [...value.entries()].filter(([, entry]) => isObject(entry) && !isGiven(entry, 'when'));
    const second = alone[1];
    if (second === undefined) return undefined;
    return {
      fault: 'duplicate',
      message: 'Two branches hold only "else"',
      at: [second[0]],
      expected: 'at most one branch without "when"',
    };
  },
});

const CASES = s.record(s.steps({ description: 'Steps for this value.' }), {
  description: 'Lists of steps by the value that they are for; numbers and truth values as texts.',
  required: true,
});

const DEFAULT = s.steps({ description: 'Steps when no case matches.' });

export const SWITCH_PROPERTIES = {
  variable: s.string({
    description: 'Path of the variable, without `${}`.',
    required: true,
    literal: true,
    check: (text) =>
      switchPath(text) === undefined ? 'a path such as call.type or prompt_value' : undefined,
    examples: ['prompt_value', 'call.type', 'params.n'],
  }),
  case: CASES,
  default: DEFAULT,
} as const;

/** What follows by the outcome of a method. */
export function resultSchema(variable: string) {
  return s.union(
    [
      s.object(
        { ...SWITCH_PROPERTIES, variable: s.string({ ...switchVariableInfo(variable) }) },
        { description: 'As `switch`.' },
      ),
      COND,
    ],
    { description: `Steps by the outcome: as \`switch\` over \`${variable}\`, or as \`cond\`.` },
  );
}

function switchVariableInfo(variable: string) {
  return {
    description: 'Path of the variable.',
    default: variable,
    literal: true,
    check: (text: string) => (switchPath(text) === undefined ? 'a path such as call.type' : undefined),
  } as const;
}

/** The path of `variable`; a placeholder that is one plain path counts as that path. */
export function switchPath(text: string): string | undefined {
  const isWrapped = /^[$%]\{/.test(text) && text.endsWith('}');
  const inner = isWrapped ? text.slice(2, -1).trim() : text;
  return parsePath(inner) === undefined ? undefined : inner;
}

type SwitchParams = {
  readonly variable: string;
  readonly case: Readonly<Record<string, Block>>;
  readonly default?: Block;
};

export function switchChoice(params: SwitchParams): Extract<Choice, { kind: 'switch' }> {
  return {
    kind: 'switch',
    variable: switchPath(params.variable) ?? params.variable,
    cases: params.case,
    otherwise: params.default,
  };
}

export function condChoice(entries: readonly CondEntry[]): Choice {
  return { kind: 'cond', entries };
}

export function resultChoice(result: SwitchParams | readonly CondEntry[] | undefined): Choice | undefined {
  if (result === undefined) return undefined;
  return 'case' in result ? switchChoice(result) : condChoice(result);
}

/** Whether a value of `return` stands for none (spec/flow.md 4). */
export function isNoValue(value: JsonValue): boolean {
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}
