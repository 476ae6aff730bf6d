/**
 * Harms documents and holds the loader, and the engine behind it, to what must be true of any text:
 *
 *     npm run fuzz -- --seconds 60 --seed 7
 *
 * An input that breaks a rule is written to `fuzz-failures/`; `npm run fuzz -- FILE…` tries such files again.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { methodsOf } from '../../src/methods/registry.ts';
import type { DocumentKind } from '../../src/swml/error-codes.ts';
import { checkInput } from './check-input.ts';
import { mutate, pick, randomOf } from './mutate.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FAILURES = 'fuzz-failures';

interface Seed {
  readonly kind: DocumentKind;
  readonly text: string;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Told before each input; false ends the run. */
  readonly goesOn: (inputs: number) => boolean;
  /** Whether what is valid is run, too. */
  readonly run: boolean;
}

export interface FuzzResult {
  readonly inputs: number;
  readonly valid: number;
  readonly codes: ReadonlySet<string>;
  readonly failure?: Seed & { readonly error: unknown };
}

/** Ends at the first input that breaks a rule. */
export async function fuzz({ seed, goesOn, run }: FuzzOptions): Promise<FuzzResult> {
  const random = randomOf(seed);
  const seeds = corpus();
  const texts = seeds.map(({ text }) => text);
  const codes = new Set<string>();
  let [inputs, valid] = [0, 0];
  while (goesOn(inputs)) {
    inputs++;
    const { kind, text } = pick(seeds, random);
    const input = mutate(text, texts, random);
    try {
      const outcome = await checkInput(input, kind, run);
      if (outcome.valid) valid++;
      for (const code of outcome.codes) codes.add(code);
    } catch (error) {
      return { inputs, valid, codes, failure: { kind, text: input, error } };
    }
  }
  return { inputs, valid, codes };
}

/** Documents of the tests and examples, and one for each example of a method. */
function corpus(): Seed[] {
  const files = ['test/documents/valid', 'test/documents/invalid', 'examples'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => /\.(?:yaml|json)$/.test(name) && !name.includes('.test.'))
      .map((name): Seed => ({ kind: 'calling', text: readFileSync(path.join(ROOT, folder, name), 'utf8') })),
  );
  const examples = (['calling', 'messaging'] as const).flatMap((kind) =>
    [...methodsOf(kind).values()].flatMap(({ examples }) =>
      examples.map(
        (steps): Seed => ({ kind, text: `sections:\n  main:\n${steps.replace(/^/gm, '    ')}\n` }),
      ),
    ),
  );
  return [...files, ...examples];
}

const USAGE = 'usage: npm run fuzz -- [--seconds N] [--seed N] [--no-run] [FILE…]';

async function main(): Promise<void> {
  const { seconds, seed, run, files } = options();
  for (const file of files) {
    const kind = file.includes('messaging') ? 'messaging' : 'calling';
    console.log(file, await checkInput(readFileSync(file, 'utf8'), kind, run));
  }
  if (files.length > 0) return;
  const until = performance.now() + seconds * 1_000;
  const result = await fuzz({ seed, goesOn: () => performance.now() < until, run });
  console.log(`${result.inputs} inputs, ${result.valid} of them documents, ${result.codes.size} codes`);
  if (result.failure === undefined) return;
  const { kind, text, error } = result.failure;
  mkdirSync(FAILURES, { recursive: true });
  const file = path.join(FAILURES, `${kind}-${seed}-${result.inputs}.yaml`);
  writeFileSync(file, text);
  console.error(error);
  console.error(`${file} (${statSync(file).size} bytes) breaks a rule`);
  process.exitCode = 1;
}

function options() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        seconds: { type: 'string', default: '30' },
        seed: { type: 'string', default: '1' },
        'no-run': { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
    const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
    if (!(seconds > 0)) throw new TypeError('--seconds: expected a number above 0');
    if (!Number.isInteger(seed)) throw new TypeError('--seed: expected an integer');
    return { seconds, seed, run: !values['no-run'], files: positionals };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}

if (import.meta.main) await main();
