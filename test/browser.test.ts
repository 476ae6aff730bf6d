/** The library in a browser bundle: no API of Node, neither named in it nor used by it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { before, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';

const ENTRY = path.resolve(import.meta.dirname, '../src/index.ts');
/** What every browser has and the library uses; a context of its own has nothing but JavaScript itself. */
const BROWSER = { URL, TextEncoder };
/** More would be noticed by the visitors of a page: minified, not compressed. */
const MAX_BYTES = 320_000;

let bundle = '';
let modules: string[] = [];

before(async () => {
  const result = await build({
    entryPoints: [ENTRY],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'openswml',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  bundle = result.outputFiles[0]!.text;
  modules = Object.keys(result.metafile.inputs);
});

/** The value of JavaScript that follows the bundle. */
function run(source: string): unknown {
  const value = runInContext(
    `${bundle};JSON.stringify((() => { ${source} })())`,
    createContext({ ...BROWSER }),
  );
  return JSON.parse(value as string);
}

test('it is bundled without a module of Node and without any package but the YAML parser', () => {
  const packages = modules.flatMap((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
  assert.deepEqual([...new Set(packages)], ['yaml']);
  assert.doesNotMatch(bundle, /["']node:|\brequire\(/);
  assert.ok(bundle.length < MAX_BYTES, `${bundle.length} bytes`);
});

test('it reads, checks and explains documents there', () => {
  const found = run(`
    const text = 'sections:\\n  main:\\n    - plya: "say:hi"\\n';
    const { diagnostics } = openswml.validate(text, { file: 'menu.yaml' });
    return openswml.formatDiagnostic(diagnostics[0], text);
  `);
  assert.equal(
    found,
    'menu.yaml:3:7: error relay_script_method_undefined: There is no method "plya"; did you mean "play"? (sections.main[0].plya)\n' +
      '  3 |     - plya: "say:hi"\n    |       ^',
  );
});

test('it takes documents apart there, with placeholders, sounds and URLs in them', () => {
  const methods = run(`
    const document = openswml.parse({
      sections: {
        main: [
          { play: { urls: ['say:hi', 'https://ann:pw@example.com/a.wav', 'ring:2:us'] } },
          { record: { max_length: '\${vars.length + 1}', status_url: 'https://example.com' } },
        ],
      },
    });
    return document.sections.get('main').map((step) => step.method);
  `);
  assert.deepEqual(methods, ['play', 'record']);
});

test('it knows the JSON Schema and the codes of errors there', () => {
  const [title, codes] = run(`
    return [openswml.jsonSchema('messaging').title, Object.keys(openswml.ERROR_CODES).length];
  `) as [string, number];
  assert.equal(title, 'SWML document for messages');
  assert.ok(codes > 40);
});
