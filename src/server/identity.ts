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
  /** Signs expiring download links. */
  readonly linkKey: string;
}

/** Holds what was made up at the first start, so that it stays. Readable for its owner alone. */
export const IDENTITY_FILE = 'identity.json';

const ids = { project_id: uuid, space_id: uuid, node_id: uuid, api_token: secret };
/** Files of before there were links have no `link_key`. */
const stored = z.object({ ...ids, link_key: secret.optional() });
type StoredIdentity = z.infer<typeof stored>;

/**
 * The identity from the settings; what they leave open is taken from the data folder, and made up and stored
 * there at the first start. The caller holds the lock of the folder.
 * @throws ConfigError when the stored identity cannot be read or written
 */
export function loadIdentity(config: Config): Identity {
  return (
    fromSettings(config, undefined) ??
    withFile(config, (file) => {
      const saved = read(file);
      return saved?.link_key === undefined ? create(file, saved) : saved;
    })
  );
}

/**
 * The same for a command beside the server or without it: nothing is made up.
 * @throws ConfigError also when no server has stored one yet
 */
export function readIdentity(config: Config): Identity {
  return (
    fromSettings(config, undefined) ??
    withFile(config, (file) => {
      const saved = read(file);
      if (saved?.link_key !== undefined) return saved;
      throw new ConfigError([
        { where: file, message: 'is not complete: start the server on this folder once' },
      ]);
    })
  );
}

/** Undefined when something is neither set nor saved. */
function fromSettings(config: Config, saved: StoredIdentity | undefined): Identity | undefined {
  const projectId = config.project_id ?? saved?.project_id;
  const spaceId = config.space_id ?? saved?.space_id;
  const nodeId = config.node_id ?? saved?.node_id;
  const apiToken = config.api_token ?? saved?.api_token;
  const linkKey = config.link_key ?? saved?.link_key;
  if (projectId === undefined || spaceId === undefined || nodeId === undefined) return undefined;
  if (apiToken === undefined || linkKey === undefined) return undefined;
  return { projectId, spaceId, nodeId, apiToken, linkKey };
}

function withFile(config: Config, saved: (file: string) => StoredIdentity): Identity {
  const file = path.join(config.data_dir, IDENTITY_FILE);
  try {
    const identity = fromSettings(config, saved(file));
    if (identity === undefined) throw new Error('it is not complete');
    return identity;
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
        'project id and API token (or set project_id, space_id, node_id, api_token and link_key)',
    },
  ]);
}

/** Makes up what is not there yet. */
function create(file: string, before: StoredIdentity | undefined): StoredIdentity {
  const identity: StoredIdentity = {
    project_id: randomUUID(),
    space_id: randomUUID(),
    node_id: randomUUID(),
    api_token: `PT${randomBytes(24).toString('hex')}`,
    ...before,
    link_key: `LK${randomBytes(24).toString('hex')}`,
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
