/** What bin/openswml starts. Packages are loaded late, so that a checkout that lacks one can say so. */
try {
  const { runCli } = await import('./program.ts');
  const { processTerminal } = await import('./terminal.ts');
  for (const stream of [process.stdout, process.stderr]) stream.on('error', goOn);
  const status = await runCli(process.argv.slice(2), processTerminal);
  await flushed(process.stdout);
  // What `serve` prints is its log, without which it serves all the same.
  process.exit(status || (process.argv[2] === 'serve' ? 0 : process.exitCode));
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes('Cannot find package')) throw error;
  console.error("openswml: a package is not installed: run 'npm ci' in the checkout");
  process.exit(2);
}

/**
 * Who reads may leave (`| head`), and the disk be full: a call goes on to its BYE all the same, and tests to their exit
 * status.
 */
function goOn({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE' || process.exitCode !== undefined) return;
  // Told once, and no success; where the command has a status of its own that is none, that comes in its place.
  process.exitCode = 1;
  process.stderr.write(`openswml: what is printed cannot be written: ${message}\n`);
}

/** Resolves when everything written to a pipe is out; a pipe whose reader has gone is done, too. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
