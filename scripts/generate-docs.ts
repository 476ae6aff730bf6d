/**
 * Writes `docs/methods/`, one page for each method, `docs/errors.md`, `docs/commands.md` and `docs/test-files.md`
 * from the registries, and `conformance/COVERAGE.md` from the suite.
 * `node scripts/generate-docs.ts` writes; with `--check` it only says which pages are stale (exit 1).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyMethod, OutputVariable } from '../src/methods/method.ts';
import { methodsOf } from '../src/methods/registry.ts';
import { type DocumentKind, ERROR_CODES } from '../src/swml/error-codes.ts';
import { commandsPage } from './docs/commands-page.ts';
import { conformancePage } from './docs/conformance-page.ts';
import { generated, parameterTable, table } from './docs/markdown.ts';
import { testFilesPage } from './docs/test-files-page.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const KINDS: readonly DocumentKind[] = ['calling', 'messaging'];

/** All pages: text by path from the root of the project. */
export function pages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const kind of KINDS) {
    for (const method of methodsOf(kind).values())
      found.set(`docs/methods/${kind}/${method.name}.md`, page(method));
  }
  found.set('docs/methods/README.md', index());
  found.set('docs/errors.md', errors());
  found.set('docs/commands.md', commandsPage());
  found.set('docs/test-files.md', testFilesPage());
  found.set('conformance/COVERAGE.md', conformancePage());
  return found;
}

/** Paths of pages that are missing, stale, or left over. */
export function stalePages(): string[] {
  const wanted = pages();
  const stale = [...wanted].filter(([file, text]) => {
    const full = path.join(ROOT, file);
    return !existsSync(full) || readFileSync(full, 'utf8') !== text;
  });
  return [...stale.map(([file]) => file), ...leftOver(wanted)];
}

function leftOver(wanted: ReadonlyMap<string, string>): string[] {
  const folder = path.join(ROOT, 'docs/methods');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/methods/${name.split(path.sep).join('/')}`)
    .filter((file) => file.endsWith('.md') && !wanted.has(file));
}

function page(method: AnyMethod): string {
  const answers = {
    always: 'Answers an unanswered inbound call.',
    'unless-told': 'Answers an unanswered inbound call unless told otherwise.',
    never: 'Never answers the call.',
  }[method.answers];
  const facts = [
    `Document: ${method.kind}.`,
    `Execution: ${method.execution}.`,
    ...(method.kind === 'calling' ? [answers] : []),
    ...(method.run === undefined
      ? [
          `**This version loads documents with this method, but cannot run it:** reaching it is a warning, and ${hasResult(method) ? 'its `result` for a failure, then the next step,' : 'the next step'} runs.`,
        ]
      : []),
  ];
  return [
    GENERATED,
    `# ${method.name}`,
    method.summary,
    facts.join(' '),
    '## Parameters',
    method.params.info.description ?? '',
    ...(method.shorthand === undefined ? [] : [`May also be written as ${method.shorthand.description}.`]),
    parameterTable(method.params),
    ...outputs(method.outputs),
    ...(method.events.length === 0
      ? []
      : ['## Callbacks', method.events.map((event) => `- \`${event}\``).join('\n')]),
    '## Examples',
    ...method.examples.map((example) => `\`\`\`yaml\n${example}\n\`\`\``),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function hasResult({ params: { node } }: AnyMethod): boolean {
  return node.kind === 'object' && Object.hasOwn(node.properties, 'result');
}

const GENERATED = generated('src/methods');

function outputs(variables: readonly OutputVariable[]): string[] {
  if (variables.length === 0) return [];
  const rows = variables.map(({ name, type, values, description }) => [
    `\`${name}\``,
    values === undefined ? type : values.map((value) => `\`${value}\``).join(', '),
    description,
  ]);
  return ['## Variables it sets', table(['Name', 'Value', 'Meaning'], rows)];
}

function index(): string {
  const parts = KINDS.flatMap((kind) => [
    `## ${kind === 'calling' ? 'Calling' : 'Messaging'} documents`,
    table(
      ['Method', 'What it does', 'Runs'],
      [...methodsOf(kind).values()].map((method) => [
        `[${method.name}](${kind}/${method.name}.md)`,
        method.summary,
        method.run === undefined ? 'loads only' : 'yes',
      ]),
    ),
  ]);
  return [GENERATED, '# Methods', ...parts].join('\n\n').concat('\n');
}

function errors(): string {
  const parts = KINDS.flatMap((kind) => [
    `## ${kind === 'calling' ? 'Calling' : 'Messaging'} documents`,
    table(
      ['Code', 'When', 'Who can mend it', 'What the script does'],
      Object.entries(ERROR_CODES)
        .filter(([, info]) => info.kind === kind)
        .map(([code, { meaning, cause, policy }]) => [
          `<a id="${code}"></a>\`${code}\``,
          meaning,
          CAUSES[cause],
          POLICIES[policy],
        ]),
    ),
  ]);
  return [generated('src/swml/error-codes.ts'), '# Errors', ERRORS_SEEN, ...parts].join('\n\n').concat('\n');
}

const ERRORS_SEEN = `Mistakes of a document are told with file, line and column before it runs: by \`openswml check\`, and when a call gets it. A first document that cannot be had or has a mistake leads to \`document.fallback\`, and without one to the end of the call: 503 before the answer.

While a script runs, an error is a line in the log with its place, sets the variable \`script_error\` to its code (in calls), and is an event, [calling.script.warning](callbacks.md#warnings-of-scripts). In documents for messages the first error marks the message as failed.

\`relay_script_method_execute_failed\` stops the script all the same where there is nothing to go on with: the document of an \`execute\`, \`transfer\` or \`transfer_after_bridge\` cannot be fetched, or 10,000 steps have run without one that waits.`;

const CAUSES = {
  author: 'the author of the document',
  remote: 'whoever serves what was asked for',
  server: 'the operator of the server',
} as const;
const POLICIES = { stop: 'stops', continue: 'goes on', warn: 'goes on; the log says so' } as const;

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = stalePages();
    for (const file of stale) console.error(`${file} is stale: run node scripts/generate-docs.ts`);
    process.exit(stale.length === 0 ? 0 : 1);
  }
  const wanted = pages();
  for (const file of leftOver(wanted)) rmSync(path.join(ROOT, file));
  for (const [file, text] of wanted) {
    mkdirSync(path.dirname(path.join(ROOT, file)), { recursive: true });
    writeFileSync(path.join(ROOT, file), text);
  }
  console.log(`wrote ${wanted.size} pages`);
}
