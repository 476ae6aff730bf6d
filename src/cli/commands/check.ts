import { type Command, Option } from 'commander';

import type { DocumentKind } from '../../swml/error-codes.ts';
import { MAX_DOCUMENT_BYTES } from '../../swml/parse.ts';
import { checkFound, type CheckedDocument, countErrors } from '../check/check-document.ts';
import { findDocuments, type FoundDocument } from '../check/find-documents.ts';
import { FORMATS, report, type ReportFormat } from '../check/report.ts';
import { EXIT, UsageError } from '../errors.ts';
import type { CommandContext } from '../program.ts';

interface CheckFlags {
  readonly json?: true;
  readonly strict?: true;
  readonly kind: DocumentKind | 'auto';
  readonly format: ReportFormat;
}

const EXAMPLES = `
Examples:
  openswml check voicemail.yaml
  openswml check --strict flows
  openswml check https://example.com/swml
  openswml check --json menu.yaml | jq '.[].diagnostics[].message'
  openswml check --format github flows
  cat menu.yaml | openswml check -

In a folder, at any depth, every YAML and JSON file with \`sections\` is a document; other files, node_modules and
what begins with a dot are passed over. A URL is asked by POST as for a call, by GET if it takes no POST.

Exit status: 0 without errors (warnings allowed), 1 with errors, 2 when something cannot be read or a folder holds
no document.
`;

export function addCheckCommand(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('check SWML documents without running them')
    .argument('<place...>', 'documents, YAML or JSON: files, folders, http(s) URLs; - is standard input')
    .addOption(
      new Option('--format <format>', 'text, json, or github: marks in pull requests')
        .choices(FORMATS)
        .default('text'),
    )
    .addOption(new Option('--json', 'the same as --format json').conflicts('format'))
    .option('--strict', 'unknown properties and extensions of the language are errors')
    .addOption(
      new Option('--kind <kind>', 'what the documents are for; auto: what fits better')
        .choices(['auto', 'calling', 'messaging'])
        .default('auto'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (places: readonly string[], flags: CheckFlags) => {
      const { terminal } = context;
      const checked: CheckedDocument[] = [];
      const passedOver: string[] = [];
      const problems: UsageError[] = [];
      for (const place of places) {
        try {
          const found = await findIn(place, flags.kind === 'messaging' ? 'messaging' : 'calling');
          const before = checked.length;
          for (const document of found) {
            const result = checkFound(document, { kind: flags.kind, strict: flags.strict === true });
            if (result === undefined) passedOver.push(document.name);
            else checked.push(result);
          }
          if (checked.length === before) throw noDocuments(place);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          problems.push(error);
        }
      }
      terminal.out(report(flags.json === true ? 'json' : flags.format, { checked, passedOver }));
      for (const { message } of problems) terminal.err(`openswml: ${message}\n`);
      const failed = checked.some(({ diagnostics }) => countErrors(diagnostics) > 0);
      context.exit(problems.length > 0 ? EXIT.usage : failed ? EXIT.failed : EXIT.ok);
    });
}

function findIn(place: string, kind: DocumentKind): Promise<FoundDocument[]> {
  return findDocuments(place, {
    standardInput,
    // The HTTP client takes a while to load, and most checks need none.
    url: async (url) => (await import('../check/ask-url.ts')).askForDocument(url, kind),
  });
}

function noDocuments(folder: string): UsageError {
  return new UsageError(
    `cannot check ${folder}: it holds no document, which is a YAML or JSON file with \`sections\``,
  );
}

/** @throws UsageError when it is larger than any document */
async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) {
      throw new UsageError(`cannot check standard input: a document has at most ${MAX_DOCUMENT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
