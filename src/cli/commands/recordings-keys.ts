import { createReadStream, rmSync, type WriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';

import { silentLogger } from '../../log/logger.ts';
import type { ByteSource } from '../../recording/byte-source.ts';
import { DecryptedSource } from '../../recording/encryption/decrypted-source.ts';
import { EncryptionError } from '../../recording/encryption/errors.ts';
import type { KeyRing } from '../../recording/encryption/keys.ts';
import { ENCRYPTED_SUFFIX } from '../../recording/recording-path.ts';
import { ConfigError } from '../../server/config-error.ts';
import type { Config } from '../../server/config-keys.ts';
import { loadRecordingKeys } from '../../server/recording-keys.ts';
import { RealClock } from '../../time/real-clock.ts';
import { addDataFolderOptions, type DataFolderFlags, dataFolderConfig } from '../data-folder.ts';
import { checkReadable, EXIT, fileError, UsageError } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import { withLibrary } from '../library.ts';
import type { CommandContext } from '../program.ts';

interface DecryptFlags {
  readonly config?: string;
  readonly keyFile?: string;
  readonly output?: string;
}

const DECRYPT_HELP = `
The keys are those of the settings (recording.encryption), or --key-file. Neither a data folder nor a server is
needed. OUTPUT is a file for one FILE, a folder for several; without it the name loses its .enc. A file that is
there already is not written over.
`;

/** `recordings decrypt`: files as they lie in the data folder, or in a backup of it. */
export function addDecrypt(parent: Command, context: CommandContext): void {
  parent
    .command('decrypt')
    .description('write what is inside encrypted files')
    .argument('<file...>', 'encrypted recordings (ID.wav.enc)')
    .option('-o, --output <path>', 'where to write it')
    .option('-c, --config <file>', 'settings of the server (default: openswml.yaml, if there)')
    .option('--key-file <file>', 'file with the key, in the place of the settings')
    .addHelpText('after', DECRYPT_HELP)
    .action(async (files: readonly string[], flags: DecryptFlags) => {
      const keys = keysFor(flags);
      const outputs = await outputsFor(files, flags.output);
      for (const [index, file] of files.entries()) {
        await decryptOne(file, outputs[index]!, keys, context);
      }
    });
}

/** `recordings rotate-key`: all files of a data folder. */
export function addRotateKey(parent: Command, context: CommandContext): void {
  const { terminal } = context;
  addDataFolderOptions(
    parent.command('rotate-key').description('move encrypted recordings to the key that is set now'),
  ).action(async (flags: DataFolderFlags) => {
    await withLibrary(flags, async (library) => {
      if (library.keyId === undefined) {
        throw new UsageError('there is no key to move recordings to: set recording.encryption.key_file');
      }
      const counts = { moved: 0, already: 0, failed: 0 };
      for await (const { name, outcome, error } of library.rotateKeys()) {
        counts[outcome]++;
        if (outcome === 'failed') terminal.err(`openswml: ${name}: ${error}\n`);
      }
      terminal.out(
        `key ${library.keyId}: ${counts.moved} files moved, ${counts.already} were there already, ${counts.failed} failed\n`,
      );
      if (counts.failed > 0) context.exit(EXIT.failed);
    });
  });
}

function keysFor({ config, keyFile }: DecryptFlags): KeyRing {
  const settings = dataFolderConfig({ ...(config !== undefined && { config }) });
  const encryption = { key: undefined, key_file: keyFile && path.resolve(keyFile), previous_key_files: [] };
  return ringOf(
    keyFile === undefined ? settings : { ...settings, recording: { ...settings.recording, encryption } },
  );
}

/** @throws UsageError */
function ringOf(config: Config): KeyRing {
  try {
    return loadRecordingKeys(config, silentLogger).ring;
  } catch (cause) {
    if (cause instanceof ConfigError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

/** Where each file goes, all known before the first is written. @throws UsageError */
async function outputsFor(files: readonly string[], output: string | undefined): Promise<string[]> {
  const folder = output !== undefined && (files.length > 1 || (await isFolder(output)));
  if (folder && !(await isFolder(output))) {
    throw new UsageError(`cannot write several files to ${output}: there is no such folder`);
  }
  const outputs = files.map((file) => {
    if (output !== undefined && !folder) return output;
    const name = path.basename(file, ENCRYPTED_SUFFIX);
    if (name === path.basename(file)) {
      throw new UsageError(`${file} does not end in ${ENCRYPTED_SUFFIX}: name the output with -o`);
    }
    return path.join(folder ? output : path.dirname(file), name);
  });
  const twice = outputs.find((name, index) => outputs.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two files would be written to ${twice}`);
  return outputs;
}

async function isFolder(place: string): Promise<boolean> {
  return (await stat(place).catch(() => undefined))?.isDirectory() === true;
}

async function decryptOne(
  file: string,
  output: string,
  keys: KeyRing,
  { terminal, exit }: CommandContext,
): Promise<void> {
  checkReadable(file);
  const { size } = await stat(file);
  const raw: ByteSource = { size, read: (range) => createReadStream(file, range) };
  try {
    const source = await DecryptedSource.open(raw, { keys, name: file });
    await write(source, output);
    terminal.out(`${output}: recording ${source.recordingId}, ${source.size} bytes\n`);
  } catch (cause) {
    if (!(cause instanceof EncryptionError)) throw cause;
    terminal.err(`openswml: ${cause.message}\n`);
    exit(EXIT.failed);
  }
}

/** The whole file, or none. */
async function write(source: DecryptedSource, output: string): Promise<void> {
  const handle = await open(output, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw fileError('write', output, cause);
    throw new UsageError(`${output} is there already and is not written over: name another one with -o`);
  });
  // A part would be taken for the whole, and be in the way of another try.
  const leave = (): void => {
    rmSync(output, { force: true });
    process.exit(EXIT.interrupted);
  };
  const stopListening = onInterrupt(new RealClock(), { polite: leave, atOnce: leave });
  const stream: WriteStream = handle.createWriteStream();
  try {
    await pipeline(read(source), stream);
  } catch (cause) {
    await rm(output, { force: true });
    throw cause instanceof EncryptionError ? cause : fileError('write', output, cause);
  } finally {
    stopListening();
  }
}

async function* read(source: DecryptedSource): AsyncGenerator<Buffer> {
  if (source.size === 0) return;
  for await (const piece of source.read({ start: 0, end: source.size - 1 })) yield piece as Buffer;
}
