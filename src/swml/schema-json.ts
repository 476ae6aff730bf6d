/** A schema as JSON Schema (draft 2020-12), for editors and other programs. */
import type { JsonValue } from './json.ts';
import type { NumberNode, ObjectNode, Schema, StringNode } from './schema.ts';

type Json = Record<string, JsonValue>;

/** Collects what is referred to by name: one writer for all schemas that stand in one document. */
export class JsonSchemaWriter {
  readonly #definitions: Record<string, JsonValue> = {};

  /** Everything that the schemas written so far refer to. */
  get definitions(): Record<string, JsonValue> {
    return this.#definitions;
  }

  /** @param presence whether `default` and the like are said of it (a property) or not (a part) */
  write(schema: Schema): JsonValue {
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
    const open = info.literal !== true;
    switch (node.kind) {
      case 'string':
        return stringSchema(node, open);
      case 'number':
      case 'integer':
        return open ? { anyOf: [numberSchema(node), PLACEHOLDER] } : numberSchema(node);
      case 'boolean':
        return open ? { anyOf: [{ type: 'boolean' }, PLACEHOLDER] } : { type: 'boolean' };
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
        return { $ref: '#/$defs/steps' };
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

/** A text that is one placeholder, whose value is known only when the step runs. */
const PLACEHOLDER: Json = { $ref: '#/$defs/placeholder' };

/** Definitions that every document needs. */
export const COMMON_DEFINITIONS: Json = {
  placeholder: {
    description: 'A placeholder, replaced by its value when the step runs.',
    type: 'string',
    pattern: '[$%]\\{[\\s\\S]*\\}',
  },
};

function stringSchema(node: StringNode, open: boolean): Json {
  const own: Json = {
    type: 'string',
    ...(node.enum === undefined ? {} : { enum: [...node.enum, ...(node.extended ?? [])] }),
    ...(node.pattern === undefined
      ? {}
      : { pattern: node.pattern.flags.includes('i') ? anyCase(node.pattern.source) : node.pattern.source }),
    ...(node.minLength === undefined ? {} : { minLength: node.minLength }),
    ...(node.maxLength === undefined ? {} : { maxLength: node.maxLength }),
    ...(node.format === 'http-url' ? { pattern: '^[hH][tT][tT][pP][sS]?://' } : {}),
    ...(node.format === 'javascript' ? { maxLength: 1_024 } : {}),
  };
  const bounded = Object.keys(own).some((key) => key !== 'type' && key !== 'minLength');
  return bounded && open ? { anyOf: [own, PLACEHOLDER] } : own;
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
function anyCase(source: string): string {
  return source.replace(/\\.|\[[^\]]*\]|[a-zA-Z]/g, (part) =>
    /^[a-zA-Z]$/.test(part) ? `[${part.toLowerCase()}${part.toUpperCase()}]` : part,
  );
}
