import { createRequire } from 'node:module';

type Undici = typeof import('undici');

const require = createRequire(import.meta.url);

/** Loads undici for the first request: it takes a tenth of a second, and most commands and many servers send none. */
export function undici(): Undici {
  return require('undici') as Undici;
}
