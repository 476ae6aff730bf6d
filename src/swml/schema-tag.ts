/** Alternatives that a tag tells apart: objects of which each allows one value of the same property. */
import type { JsonObject } from './json.ts';
import type { Schema } from './schema.ts';

export interface TagChoice {
  /** Name of the property. */
  readonly tag: string;
  /** The alternative that the value asks for; absent when its tag is missing or is none of them. */
  readonly chosen?: Schema;
  /** All values that the tag may have. */
  readonly values: readonly string[];
}

/** Undefined when no tag tells the alternatives apart, or when one without a tag fits the value better. */
export function choiceByTag(variants: readonly Schema[], value: JsonObject): TagChoice | undefined {
  const tags = variants.map(tagsOf);
  const tag = [...new Set(tags.flatMap((own) => [...own.keys()]))].find(
    (name) => tags.filter((own) => own.has(name)).length > 1,
  );
  if (tag === undefined) return undefined;
  const given = Object.hasOwn(value, tag) ? value[tag] : undefined;
  const untagged = variants.filter((_, index) => !tags[index]!.has(tag));
  if (given === undefined && untagged.some((variant) => shares(variant, value))) return undefined;
  const values = [...new Set(tags.flatMap((own) => own.get(tag) ?? []))];
  const chosen = variants.find((_, index) => tags[index]!.get(tag) === given);
  return { tag, values, ...(chosen !== undefined && given !== undefined && { chosen }) };
}

/** Properties with one possible value, which must be given. */
function tagsOf({ node }: Schema): ReadonlyMap<string, string> {
  if (node.kind !== 'object') return new Map();
  return new Map(
    Object.entries(node.properties).flatMap(([name, property]) => {
      const values = property.node.kind === 'string' ? property.node.enum : undefined;
      return property.info.required && values?.length === 1 ? [[name, values[0]!]] : [];
    }),
  );
}

function shares({ node }: Schema, value: JsonObject): boolean {
  return node.kind === 'object' && Object.keys(node.properties).some((name) => Object.hasOwn(value, name));
}
