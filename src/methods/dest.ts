/** Destinations of `execute` and `transfer` (spec/document.md 2). */

export type DestKind = 'section' | 'url' | 'inline' | 'relay';

export function classifyDest(dest: string): DestKind {
  if (/^https?:\/\//i.test(dest)) return 'url';
  if (dest.trimStart().startsWith('{') || dest.includes('\n')) return 'inline';
  if (dest.startsWith('relay:')) return 'relay';
  return 'section';
}
