import type { Database } from './database.ts';

/** What a server leaves for commands that work on its data folder without it. */
export interface StateValues {
  /** Base of the URLs that it gives out, without a slash at the end. */
  readonly public_url: string;
}

/** Single values in the database. All methods throw StorageError. */
export class ServerState {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get<Name extends keyof StateValues>(name: Name): StateValues[Name] | undefined {
    const row = this.#database.get('SELECT value FROM server_state WHERE name = :name', { name });
    return row === undefined ? undefined : (String(row['value']) as StateValues[Name]);
  }

  set<Name extends keyof StateValues>(name: Name, value: StateValues[Name]): void {
    this.#database.run('INSERT OR REPLACE INTO server_state (name, value) VALUES (:name, :value)', {
      name,
      value,
    });
  }
}
