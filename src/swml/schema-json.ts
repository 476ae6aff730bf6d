/**
 * A schema as JSON Schema (draft 2020-12), for editors and other programs. It takes all that the loader takes
 * without a word, with one exception: a property with nothing behind it (`beep:`), which the loader passes over
 * and an editor should point at.
 */
import type { DocumentKind } from './error-codes.ts';
import type { JsonValue } from './json.ts';
import { DECIMAL, MAX_EXPRESSION_LENGTH } from './schema-formats.ts';
import type { NumberNode, ObjectNode, Schema, SchemaNode, StepsNode, StringNode } from './schema.ts';

type Json = Record<string, JsonValue>;

/** Collects what is referred to by name: one writer for all schemas that stand in one document. */
export class JsonSchemaWriter {
  readonly #definitions: Record<string, JsonValue> = {};

  /** Everything that the schemas written so far refer to. */
  get definitions(): Record<string, JsonValue> {
    return this.#definitions;
  }

  write(schema: Schema): Json {
    const { node, info } = schema;
    const written = this.#node(schema);
    const description = [info.description, info.unit === undefined ? undefined : `Unit: ${info.unit}.`]
      .filter((text) => text !== undefined)
      .join(' ');
    return {
      ...(description === '' ? {} : { description }),
      ...written,
      ...(info.default === undefined ? {} : { default: info.default }),
      ...(info.examples === undefined ? {} : { examples: info.examples }),
      ...(info.deprecated ? { deprecated: true } : {}),
      ...(node.kind === 'string' && node.suggested !== undefined ? { examples: [...node.suggested] } : {}),
    };
  }

  #node(schema: Schema): Json {
    const { node, info } = schema;
    const own = { ...this.#plain(schema), ...info.jsonSchema };
    if (info.literal === true) return orInQuotes(own, node.kind);
    switch (node.kind) {
      case 'string':
        return isBounded(own) ? { anyOf: [own, PLACEHOLDER] } : own;
      case 'number':
      case 'integer':
        return { anyOf: [own, NUMBER_TEXT] };
      case 'boolean':
        return { anyOf: [own, BOOLEAN_TEXT] };
      case 'array':
      case 'object':
        return { anyOf: [own, PLACEHOLDER] };
      default:
        return own;
    }
  }

  #plain(schema: Schema): Json {
    const { node } = schema;
    switch (node.kind) {
      case 'string':
        return stringSchema(node);
      case 'number':
      case 'integer':
        return numberSchema(node);
      case 'boolean':
        return { type: 'boolean' };
      case 'any':
        return {};
      case 'array':
        return {
          type: 'array',
          items: this.write(node.items),
          ...(node.minItems === undefined ? {} : { minItems: node.minItems }),
          ...(node.maxItems === undefined ? {} : { maxItems: node.maxItems }),
        };
      case 'object':
        return this.#object(node);
      case 'union':
        return { anyOf: node.variants.map((variant) => this.write(variant)) };
      case 'steps':
        return stepsSchema(node);
      case 'named': {
        if (!Object.hasOwn(this.#definitions, node.name)) {
          this.#definitions[node.name] = true;
          this.#definitions[node.name] = this.write(node.get());
        }
        return { $ref: `#/$defs/${node.name}` };
      }
    }
  }

  #object(node: ObjectNode): Json {
    const properties = Object.entries(node.properties);
    const required = properties.filter(([, property]) => property.info.required).map(([name]) => name);
    const groups = (node.exclusive ?? []).map(({ names, several }) => ({
      [several ? 'anyOf' : 'oneOf']: names.map((name) => ({ required: [name] })),
    }));
    return {
      type: 'object',
      properties: Object.fromEntries(properties.map(([name, property]) => [name, this.write(property)])),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: node.additional === undefined ? false : this.write(node.additional),
      ...(groups.length === 1 ? groups[0] : {}),
      ...(groups.length > 1 ? { allOf: groups } : {}),
    };
  }
}

/** Where no placeholder is replaced, a number or a truth value may stand in quotes all the same. */
function orInQuotes(own: Json, kind: SchemaNode['kind']): Json {
  if (kind === 'boolean') return { anyOf: [own, { enum: ['true', 'false'] }] };
  if (kind !== 'number' && kind !== 'integer') return own;
  return { anyOf: [own, { type: 'string', pattern: DECIMAL.source }] };
}

const PLACEHOLDER: Json = { $ref: '#/$defs/placeholder' };
const NUMBER_TEXT: Json = { $ref: '#/$defs/number-text' };
const BOOLEAN_TEXT: Json = { $ref: '#/$defs/boolean-text' };

/** Definitions that every document needs. */
export function commonDefinitions(kind: DocumentKind): Json {
  const placeholder = kind === 'calling' ? '[$%]\\{[\\s\\S]*\\}' : '%\\{[\\s\\S]*\\}';
  const text = (description: string, ...patterns: readonly string[]): Json => ({
    description,
    type: 'string',
    pattern: [...patterns, placeholder].join('|'),
  });
  return {
    placeholder: text('A placeholder, replaced by its value when the step runs.'),
    'number-text': text(
      'A placeholder, replaced by its value when the step runs, or a number in quotes.',
      DECIMAL.source,
    ),
    'boolean-text': text(
      'A placeholder, replaced by its value when the step runs, or a truth value in quotes.',
      '^(?:true|false)$',
    ),
  };
}

function stringSchema(node: StringNode): Json {
  const values = [...(node.enum ?? []), ...(node.extended ?? [])];
  // `beep: true` of `join_conference` is a text to the language and a truth value to YAML.
  const truths = ['true', 'false'].filter((text) => values.includes(text)).map((text) => text === 'true');
  return {
    ...(truths.length > 0 ? {} : { type: 'string' }),
    ...(node.enum === undefined ? {} : { enum: [...values, ...truths] }),
    ...(node.pattern === undefined
      ? {}
      : { pattern: node.pattern.flags.includes('i') ? anyCase(node.pattern.source) : node.pattern.source }),
    ...(node.minLength === undefined ? {} : { minLength: node.minLength }),
    ...(node.maxLength === undefined ? {} : { maxLength: node.maxLength }),
    ...(node.format === 'http-url' ? { pattern: '^[hH][tT][tT][pP][sS]?://' } : {}),
    ...(node.format === 'javascript' ? { maxLength: MAX_EXPRESSION_LENGTH } : {}),
  };
}

/** Whether it keeps texts out that may hold a placeholder; an empty one cannot. */
function isBounded(text: Json): boolean {
  return Object.keys(text).some((key) => key !== 'type' && key !== 'minLength');
}

function stepsSchema({ methods }: StepsNode): Json {
  const steps = { $ref: '#/$defs/steps' };
  if (methods === undefined) return steps;
  const step = {
    type: ['object', 'string'],
    propertyNames: { enum: [...methods] },
    pattern: `^(?:${methods.join('|')})$`,
  };
  // A list alone: an object in this place (`confirm`) is taken for a document, and refused.
  return { allOf: [steps, { type: 'array', items: step }] };
}

function numberSchema(node: NumberNode): Json {
  const range: Json = {
    type: node.kind,
    ...(node.min === undefined ? {} : { minimum: node.min }),
    ...(node.max === undefined ? {} : { maximum: node.max }),
  };
  return node.also === undefined ? range : { anyOf: [range, { enum: [...node.also] }] };
}

/** JSON Schema has no flags: every letter becomes both of its cases. Classes and escapes must hold no letters. */
export function anyCase(source: string): string {
  return source.replace(/\\.|\[[^\]]*\]|[a-zA-Z]/g, (part) =>
    /^[a-zA-Z]$/.test(part) ? `[${part.toLowerCase()}${part.toUpperCase()}]` : part,
  );
}
