/** What bin/openswml starts. Packages are loaded late, so that a checkout that lacks one can say so. */
try {
  const { runCli } = await import('./program.ts');
  const { processTerminal } = await import('./terminal.ts');
  const status = await runCli(process.argv.slice(2), processTerminal);
  await flushed(process.stdout);
  process.exit(status);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes('Cannot find package')) throw error;
  console.error("openswml: a package is not installed: run 'npm ci' in the checkout");
  process.exit(2);
}

/** Resolves when everything written to a pipe is out; a pipe whose reader has gone is done, too. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
