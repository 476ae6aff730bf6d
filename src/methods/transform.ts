import * as s from '../swml/schema.ts';

export type Transform = 'lowercase' | 'uppercase' | 'trim' | 'lowercase_trim' | 'uppercase_trim';

/** What is done to a value before it is compared with the keys (spec/messaging.md 4.8). */
export const TRANSFORM = s.string({
  description: 'What is done to the value before it is compared.',
  enum: ['lowercase', 'uppercase', 'trim', 'lowercase_trim', 'uppercase_trim'],
  code: 'swml_switch_invalid_transform',
});

export function transformed(value: string, transform: Transform | undefined): string {
  if (transform === undefined) return value;
  const trimmed = transform.endsWith('trim') ? value.trim() : value;
  if (transform.startsWith('lower')) return trimmed.toLowerCase();
  return transform.startsWith('upper') ? trimmed.toUpperCase() : trimmed;
}
