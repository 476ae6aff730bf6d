/**
 * Makes the npm package in `dist/`: JavaScript with types for what the checkout exports and for the command, the
 * JSON Schemas, the documentation, the examples, the conformance suite, and a package.json of its own. The checkout itself runs unbuilt; a package cannot,
 * because Node strips no types below node_modules.
 *
 *     npm run build && npm publish dist
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { jsonSchema } from '../src/methods/json-schema.ts';
import { testFileSchema } from '../src/testing/files/json-schema.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCE = path.join(ROOT, 'src');
/** A file that is named by its URL: threads, and data beside the code. */
const BY_URL = /new URL\(\s*(['"])(\.{1,2}\/[^'"]+)\1,\s*import\.meta\.url/g;
/** What the README, help texts and errors (`docs/errors.md#…`) send people to, and what they can try. */
const READ = ['CHANGELOG.md', 'ARCHITECTURE.md', 'docs', 'examples', 'conformance'];
const IMPORT_OF_TS = /((?:from|import)\s*\(?\s*['"]\.[^'"]*)\.ts(['"])/g;

/** @param folder is emptied first */
export function buildPackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  compile(path.join(folder, 'lib'));
  writeJson(path.join(folder, 'package.json'), manifest());
  for (const kind of ['calling', 'messaging'] as const) {
    writeJson(path.join(folder, 'schemas', `${kind}.json`), jsonSchema(kind));
  }
  writeJson(path.join(folder, 'schemas', 'test.json'), testFileSchema());
  write(path.join(folder, 'bin', 'openswml.js'), COMMAND);
  for (const file of ['README.md', 'LICENSE', ...READ]) {
    cpSync(path.join(ROOT, file), path.join(folder, file), { recursive: true });
  }
}

function compile(lib: string): void {
  const config = path.join(lib, '..', 'tsconfig.json');
  writeJson(config, {
    extends: path.join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      // `npm run types` does; here it would take most of the time.
      noCheck: true,
      rewriteRelativeImportExtensions: true,
      rootDir: SOURCE,
      outDir: lib,
      typeRoots: [path.join(ROOT, 'node_modules/@types')],
    },
    include: [],
    files: [...entries(), ...threads(), ...declarations()],
  });
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the package does not compile');
  rmSync(config);
  for (const file of filesIn(lib)) {
    const text = readFileSync(file, 'utf8');
    // tsc writes `.js` in the place of `.ts` in imports of code, but not in those of types, and not in URLs.
    const pointed = text
      .replace(BY_URL, (match) => match.replace(/\.ts(['"])/, '.js$1'))
      .replace(IMPORT_OF_TS, '$1.js$2');
    if (pointed !== text) writeFileSync(file, pointed);
  }
}

/** What users import or start; tsc takes along all that these import. */
function entries(): string[] {
  return [...Object.values(checkout().exports), './src/cli/main.ts'].map((file) => path.join(ROOT, file));
}

interface Checkout {
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

function checkout(): Checkout {
  return JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Checkout;
}

/** Modules that are started as threads, which no import leads to. */
function threads(): string[] {
  return filesIn(SOURCE)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(BY_URL)].map((match) =>
        path.join(path.dirname(file), match[2]!),
      ),
    )
    .filter((file) => file.endsWith('.ts'));
}

/** Types of packages that have none of their own. */
function declarations(): string[] {
  return filesIn(SOURCE).filter((file) => file.endsWith('.d.ts'));
}

/** As in the checkout, but for what belongs to the checkout: its pinned Node, its scripts, its tools. */
function manifest(): object {
  const { name, version, description, license, type, engines } = checkout();
  const { exports: sources, dependencies, optionalDependencies } = checkout();
  const { node: _pinned, ...needed } = dependencies;
  return {
    ...{ name, version, description, license, type, engines },
    exports: {
      ...Object.fromEntries(Object.entries(sources).map(([from, source]) => [from, built(source)])),
      './schemas/*': './schemas/*',
      './package.json': './package.json',
    },
    bin: { openswml: 'bin/openswml.js' },
    files: ['bin', 'lib', 'schemas', ...READ],
    dependencies: needed,
    // koffi: where it cannot be had, Node's own functions serve in the place of io_uring.
    optionalDependencies,
  };
}

function built(source: string): object {
  const module = source.replace(/^\.\/src\//, './lib/').replace(/\.ts$/, '');
  return { types: `${module}.d.ts`, default: `${module}.js` };
}

/** Runs on whatever Node there is, as far as the sentence that says which one is needed. */
const COMMAND = `#!/usr/bin/env node
if (parseInt(process.versions.node, 10) < 24) {
  console.error('openswml: needs Node 24 or newer, this is ' + process.version);
  process.exit(2);
}
// What was compiled once is kept beside the package, by whoever owns it.
const { statSync } = await import('node:fs');
const { enableCompileCache } = await import('node:module');
const { fileURLToPath } = await import('node:url');
const folder = fileURLToPath(new URL('..', import.meta.url));
if (statSync(folder).uid === process.getuid?.()) enableCompileCache(folder + '.cache');
await import('../lib/cli/main.js');
`;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => path.join(file.parentPath, file.name));
}

function writeJson(file: string, value: object): void {
  write(file, `${JSON.stringify(value, null, 2)}\n`);
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

if (import.meta.main) {
  const folder = path.join(ROOT, 'dist');
  buildPackage(folder);
  console.log(`made the package in ${path.relative(process.cwd(), folder)}: npm publish dist`);
}
