/** Arguments of tools in the part of JSON Schema that the AI methods take (spec/ai.md A6.1, B). */
import type { JsonValue } from '../../swml/json.ts';
import * as s from '../../swml/schema.ts';

type Argument = s.Schema<JsonValue, 'optional'>;

const FORMATS = [
  ...(['date_time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid'] as const),
];

const STRING = s.string({ description: 'A text.', literal: true });
const INTEGER = s.integer({ description: 'An integer.', literal: true });
const NUMBER = s.number({ description: 'A number.', literal: true });

function type<const T extends string>(name: T) {
  return s.string({ description: `A value of the type \`${name}\`.`, enum: [name], required: true });
}

function meaning(required: boolean) {
  return s.string({ description: 'What it means, for the model.', literal: true, required });
}

function standard<T, W>(schema: s.Schema<T, s.Presence, W>) {
  return {
    node: schema.node,
    info: { description: 'Its value when it is left out.', literal: true },
  } as s.Schema<T, 'optional', W>;
}

function values<T, W>(schema: s.Schema<T, s.Presence, W>) {
  return s.array(schema, { description: 'Its possible values.' });
}

const NULLABLE = { nullable: s.boolean({ description: 'Whether it may be null.' }) };
const NAMES = s.array(s.string({ description: 'A name.' }), { description: 'Members that must be given.' });

function variants(self: Argument, more: Readonly<Record<string, s.Schema>>, wide: boolean): s.Schema[] {
  const described = { description: meaning(false), ...more };
  const items = { node: self.node, info: { ...self.info, required: true } };
  const object = (properties: Readonly<Record<string, s.Schema>>): s.Schema =>
    s.object(properties, { description: 'An argument.' });
  const listed = (name: string): s.Schema =>
    object({ [name]: s.array(self, { description: 'Alternatives.', required: true }) });
  const scalars = [
    object({
      ...{ type: type('string'), default: standard(STRING), enum: values(STRING) },
      ...described,
      ...(wide && {
        pattern: s.string({ description: 'Regular expression for it.', literal: true }),
        format: s.string({ description: 'Kind of text.', enum: FORMATS }),
      }),
    }),
    object({ type: type('integer'), default: standard(INTEGER), enum: values(INTEGER), ...described }),
    object({ type: type('number'), default: standard(NUMBER), enum: values(NUMBER), ...described }),
    object({
      type: type('boolean'),
      default: standard(s.boolean({ description: 'A truth value.', literal: true })),
      ...described,
    }),
  ];
  const any = s.any({ description: 'A value.', literal: true });
  const nested = [
    object({
      ...{ type: type('array'), items, ...described },
      ...(wide && { default: standard(s.array(any, { description: 'Values.' })) }),
    }),
    object({
      ...{ type: type('object'), properties: s.record(self, { description: 'Its members.' }) },
      ...{ required: NAMES, ...described },
      ...(wide && { default: standard(s.record(any, { description: 'Members.' })) }),
    }),
  ];
  if (!wide) return [...scalars, ...nested];
  return [
    ...scalars,
    ...nested,
    object({ type: type('null'), description: meaning(true) }),
    ...['oneOf', 'allOf', 'anyOf'].map(listed),
    object({ const: s.any({ description: 'Its only value.', required: true, literal: true }) }),
  ];
}

/** An argument of a tool of `ai` and `amazon_bedrock`. */
const ARGUMENT: Argument = s.named(
  'tool_argument',
  () =>
    s.union(variants(ARGUMENT, NULLABLE, true), {
      description: 'An argument, in JSON Schema.',
    }) as s.Schema<JsonValue>,
  { description: 'An argument, in JSON Schema.' },
);

/** The narrower one of `ai_sidecar`. */
const SIDECAR_ARGUMENT: Argument = s.named(
  'sidecar_argument',
  () =>
    s.union(variants(SIDECAR_ARGUMENT, {}, false), {
      description: 'An argument, in JSON Schema.',
    }) as s.Schema<JsonValue>,
  { description: 'An argument, in JSON Schema.' },
);

function parameters(argument: Argument) {
  return s.object(
    {
      type: s.string({ description: 'Always `object`.', enum: ['object'], required: true }),
      properties: s.record(argument, { description: 'Arguments by their names.', required: true }),
      required: s.array(s.string({ description: 'A name.' }), {
        description: 'Arguments that must be given.',
      }),
    },
    { description: 'Arguments of the function.' },
  );
}

export const PARAMETERS = parameters(ARGUMENT);
export const SIDECAR_PARAMETERS = parameters(SIDECAR_ARGUMENT);
