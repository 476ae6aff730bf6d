import type { DocumentKind } from '../swml/error-codes.ts';
import { isArray, isObject, type JsonObject, type JsonValue } from '../swml/json.ts';
import { parseText } from '../swml/parse.ts';
import { commonDefinitions, JsonSchemaWriter } from '../swml/schema-json.ts';
import type { AnyMethod } from './method.ts';
import { methodsOf } from './registry.ts';

/** JSON Schema (draft 2020-12) of whole documents, as editors take it for completion, help and marks. */
export function jsonSchema(kind: DocumentKind): JsonObject {
  const writer = new JsonSchemaWriter();
  const methods = [...methodsOf(kind).values()];
  const definitions: Record<string, JsonValue> = {};
  for (const method of methods) definitions[`method.${method.name}`] = methodSchema(writer, method);
  const bare = methods.filter(mayStandBare).map((method) => method.name);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: kind === 'calling' ? 'SWML document for calls' : 'SWML document for messages',
    ...rootSchema(kind),
    $defs: {
      ...commonDefinitions(kind),
      section: {
        description: 'Steps, run in their order.',
        anyOf: [{ type: 'array', items: STEP, minItems: 1 }, STEP_ALONE],
      },
      steps: {
        description: 'Steps, run in their order.',
        anyOf: [{ type: 'array', items: STEP }, STEP_ALONE],
      },
      step: {
        description: 'A method with its parameters.',
        anyOf: [
          {
            type: 'object',
            properties: Object.fromEntries(
              methods.map((method) => [method.name, { $ref: `#/$defs/method.${method.name}` }]),
            ),
            minProperties: 1,
            maxProperties: 1,
            additionalProperties: false,
          },
          // No `enum`: editors would offer every method twice.
          { description: 'A method without parameters.', type: 'string', pattern: `^(?:${bare.join('|')})$` },
        ],
      },
      ...definitions,
      ...writer.definitions,
    },
  };
}

const STEP = { $ref: '#/$defs/step' };
/** In the place of a list: a bare name of a method is no step there. */
const STEP_ALONE = { type: 'object', ...STEP };
const SECTION = { $ref: '#/$defs/section' };

function rootSchema(kind: DocumentKind): JsonObject {
  const document: JsonObject = {
    type: 'object',
    properties: {
      version: { description: 'Version of the language.', const: '1.0.0' },
      sections: {
        description: 'Lists of steps by their names; `main` runs first.',
        type: 'object',
        properties: { main: SECTION },
        required: ['main'],
        additionalProperties: SECTION,
      },
    },
    required: ['sections'],
    additionalProperties: false,
  };
  if (kind === 'calling') return document;
  const shortForms = ['reply', 'receive'].map((name) => ({
    type: 'object',
    properties: {
      version: { description: 'Version of the language.', const: '1.0.0' },
      [name]: { $ref: `#/$defs/method.${name}` },
    },
    required: [name],
    additionalProperties: false,
  }));
  return { anyOf: [document, ...shortForms] };
}

function methodSchema(writer: JsonSchemaWriter, method: AnyMethod): JsonValue {
  // What there is to say of the whole is said of the method.
  const undescribed = { ...method.params, info: { ...method.params.info, description: undefined } };
  const forms = alternatives(writer.write(undescribed));
  if (method.shorthand !== undefined) forms.push(...alternatives(writer.write(method.shorthand.schema)));
  if (mayStandBare(method)) forms.push({ type: 'null' });
  const outputs = method.outputs.map(({ name }) => `\`${name}\``).join(', ');
  return {
    ...(forms.length === 1 ? forms[0] : { anyOf: forms }),
    description: outputs === '' ? method.summary : `${method.summary} Sets ${outputs}.`,
    examples: examplesOf(method),
  };
}

/** A schema that says nothing but "one of these" gives way to these. */
function alternatives(schema: JsonObject): JsonObject[] {
  const { anyOf, ...rest } = schema;
  return isArray(anyOf) && Object.keys(rest).length === 0 ? (anyOf as JsonObject[]) : [schema];
}

/** The values that the method has in its examples, which may show other steps, too. */
function examplesOf(method: AnyMethod): JsonValue[] {
  return method.examples.flatMap((text) => {
    const { value } = parseText(text, { kind: method.kind });
    const steps = isArray(value) ? value : [];
    return steps.flatMap((step) => {
      const example = isObject(step) ? step[method.name] : undefined;
      return example === undefined ? [] : [example];
    });
  });
}

/** Whether the method may be written without any parameter, as `- answer`. */
function mayStandBare(method: AnyMethod): boolean {
  const { node } = method.params;
  if (node.kind === 'any') return true;
  if (node.kind !== 'object' || (node.exclusive ?? []).length > 0) return false;
  return (
    !Object.values(node.properties).some((property) => property.info.required) &&
    node.additional === undefined
  );
}
