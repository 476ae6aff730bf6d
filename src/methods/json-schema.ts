import type { DocumentKind } from '../swml/error-codes.ts';
import type { JsonObject, JsonValue } from '../swml/json.ts';
import { COMMON_DEFINITIONS, JsonSchemaWriter } from '../swml/schema-json.ts';
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
      ...COMMON_DEFINITIONS,
      steps: {
        description: 'Steps, run in their order.',
        anyOf: [{ type: 'array', items: { $ref: '#/$defs/step' } }, { $ref: '#/$defs/step' }],
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
          { enum: bare },
        ],
      },
      ...definitions,
      ...writer.definitions,
    },
  };
}

function rootSchema(kind: DocumentKind): JsonObject {
  const document: JsonObject = {
    type: 'object',
    properties: {
      version: { description: 'Version of the language.', const: '1.0.0' },
      sections: {
        description: 'Lists of steps by their names; `main` runs first.',
        type: 'object',
        properties: { main: { $ref: '#/$defs/steps' } },
        required: ['main'],
        additionalProperties: { $ref: '#/$defs/steps' },
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
  const forms = [writer.write(method.params)];
  if (method.shorthand !== undefined) forms.push(writer.write(method.shorthand.schema));
  if (mayStandBare(method)) forms.push({ type: 'null' });
  return {
    description: method.summary,
    ...(forms.length === 1 ? (forms[0] as JsonObject) : { anyOf: forms }),
  };
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
