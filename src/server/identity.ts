import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { Config } from './config-keys.ts';
import { secret, uuid } from './config-values.ts';

/** Who this server is, in callbacks, documents and the REST API. */
export interface Identity {
  readonly projectId: string;
  readonly spaceId: string;
  readonly nodeId: string;
  readonly apiToken: string;
}

/** Holds what was made up at the first start, so that it stays. Readable for its owner alone. */
export const IDENTITY_FILE = 'identity.json';

const stored = z.object({ project_id: uuid, space_id: uuid, node_id: uuid, api_token: secret });
type StoredIdentity = z.infer<typeof stored>;

/**
 * The identity from the settings; what they leave open is taken from the data folder, and made up and stored
 * there at the first start. The caller holds the lock of the folder.
 * @throws ConfigError when the stored identity cannot be read or written
 */
export function loadIdentity(config: Config): Identity {
  const file = path.join(config.data_dir, IDENTITY_FILE);
  const set = config.project_id && config.space_id && config.node_id && config.api_token;
  const saved = set === undefined ? readOrCreate(file) : undefined;
  // Without a stored identity each of the four is set.
  return {
    projectId: (config.project_id ?? saved?.project_id) as string,
    spaceId: (config.space_id ?? saved?.space_id) as string,
    nodeId: (config.node_id ?? saved?.node_id) as string,
    apiToken: (config.api_token ?? saved?.api_token) as string,
  };
}

function readOrCreate(file: string): StoredIdentity {
  try {
    return read(file) ?? create(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const message = `cannot be read or written: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError([{ where: file, message }]);
  }
}

function read(file: string): StoredIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const result = stored.safeParse(parseJson(text));
  if (result.success) return result.data;
  throw new ConfigError([
    {
      where: file,
      message:
        'does not hold the identity of this server any more; put back a copy, or delete the file to get a new ' +
        'project id and API token (or set project_id, space_id, node_id and api_token)',
    },
  ]);
}

function create(file: string): StoredIdentity {
  const identity: StoredIdentity = {
    project_id: randomUUID(),
    space_id: randomUUID(),
    node_id: randomUUID(),
    api_token: `PT${randomBytes(24).toString('hex')}`,
  };
  // Whole or not at all, whenever the power fails.
  const part = `${file}.part`;
  const handle = openSync(part, 'w', 0o600);
  try {
    writeSync(handle, `${JSON.stringify(identity, null, 2)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  return identity;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
