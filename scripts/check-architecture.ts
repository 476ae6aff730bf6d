/**
 * Holds the structure of `src/` to what ARCHITECTURE.md says: imports point downward in the list of layers,
 * time comes from `src/time`, and no file grows past 500 lines. Exit 1 with one line per offence.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** From the top of the house to the cellar. A folder may import itself and what stands below it. */
export const LAYERS = [
  'cli',
  'server',
  'testing',
  'trace',
  'engine',
  'methods',
  'call',
  'mediaworker',
  'sip',
  'rtp',
  'speech',
  'callbacks',
  'storage',
  'recording',
  'media',
  'net',
  'swml',
  'files',
  'io-uring',
  'log',
  'time',
] as const;

/** Folders that must not reach certain folders below them either, so that each can be read and used alone. */
export const FORBIDDEN: Readonly<Record<string, readonly string[]>> = {
  engine: ['sip', 'rtp', 'media', 'mediaworker', 'storage', 'net'],
  methods: ['sip', 'rtp', 'media', 'mediaworker', 'storage', 'net'],
  testing: ['sip', 'net'],
  trace: ['sip', 'rtp', 'mediaworker', 'speech', 'storage', 'recording', 'media', 'net', 'swml'],
  mediaworker: ['sip', 'callbacks', 'storage', 'net', 'swml'],
  sip: ['rtp', 'recording', 'media', 'speech', 'callbacks', 'storage', 'net', 'swml'],
  rtp: ['recording', 'speech', 'callbacks', 'storage', 'net', 'swml'],
  recording: ['net', 'swml'],
  media: ['net', 'swml', 'log', 'time'],
  speech: ['callbacks', 'swml'],
  callbacks: ['swml'],
  storage: ['media', 'net', 'swml'],
  net: ['swml'],
};

const MAX_LINES = 500;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)[^'"`;]*?from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|new URL\(\s*['"](\.[^'"]+\.ts)['"]/g;

export function checkFile(file: string, text: string): string[] {
  const problems: string[] = [];
  const [, from] = file.split('/');
  const isTest = file.endsWith('.test.ts');
  const rank = LAYERS.indexOf(from as (typeof LAYERS)[number]);
  const inFolder = file.split('/').length > 2;
  if (inFolder && rank < 0) problems.push(`${file}: folder src/${from} is not in the list of layers`);
  for (const match of text.matchAll(IMPORT)) {
    const target = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
    if (!target.startsWith('.') || !inFolder) continue;
    const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
    const [root, to] = resolved.split('/');
    if (root !== 'src' || to === from) continue;
    const toRank = LAYERS.indexOf(to as (typeof LAYERS)[number]);
    // Tests may bring in helpers of any layer at or below their own, and the test helpers of test/.
    if (toRank < rank) problems.push(`${file}: imports upward, from ${from} to ${to} (${target})`);
    if (!isTest && FORBIDDEN[from ?? '']?.includes(to ?? '')) {
      problems.push(`${file}: ${from} must not know ${to} (${target})`);
    }
  }
  const lines = text.split('\n');
  if (lines.length > MAX_LINES + 1) problems.push(`${file}: ${lines.length - 1} lines, at most ${MAX_LINES}`);
  if (from !== 'time' && !isTest) {
    for (const [index, line] of lines.entries()) {
      if (/\bDate\.now\(|\bnew Date\(\)|\bprocess\.hrtime|node:timers/.test(line)) {
        problems.push(`${file}:${index + 1}: takes time from outside the injected clock (src/time)`);
      }
    }
  }
  return problems;
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '..');
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `src/${name.split(path.sep).join('/')}`);
  const problems = files.flatMap((file) => checkFile(file, readFileSync(path.join(root, file), 'utf8')));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log(`architecture: ${files.length} files hold to the layers`);
}
