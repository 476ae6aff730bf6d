import type { NumberNode, Schema, StringNode } from './schema.ts';

/** What a schema takes, in a few words. */
export function describe(schema: Schema): string {
  const { node } = schema;
  switch (node.kind) {
    case 'string':
      return describeString(node);
    case 'number':
    case 'integer':
      return describeNumber(node);
    case 'boolean':
      return 'true or false';
    case 'any':
      return 'any value';
    case 'array':
      return 'a list';
    case 'object':
      return 'an object';
    case 'steps':
      return 'a list of steps';
    case 'union':
      return [...new Set(node.variants.map(describe))].join(' or ');
    case 'named':
      return describe(node.get());
  }
}

export function describeString(node: StringNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `"${value}"`).join(', ');
  if (node.allowed !== undefined) return node.allowed;
  if (node.format === 'http-url') return 'a URL that starts with http:// or https://';
  return 'a text';
}

export function describeNumber(node: NumberNode): string {
  const what = node.kind === 'integer' ? 'an integer' : 'a number';
  const also = node.also === undefined ? '' : `${node.also.join(', ')} or `;
  if (node.min !== undefined && node.max !== undefined)
    return `${also}${what} from ${node.min} to ${node.max}`;
  if (node.min !== undefined) return `${also}${what}, at least ${node.min}`;
  if (node.max !== undefined) return `${also}${what}, at most ${node.max}`;
  return what;
}
