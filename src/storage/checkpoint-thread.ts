/**
 * Entry of a thread that writes SQLite's write-ahead log back into the database whenever it is told to. That
 * forces both files to the disk, for which the thread of the signalling must not wait.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const port = parentPort;
if (port === null) throw new Error('checkpoint-thread.ts runs only as a worker thread');
const database = new DatabaseSync(workerData as string);

port.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'close') {
    database.close();
    port.close();
    return;
  }
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    port.postMessage(undefined);
  } catch (error) {
    port.postMessage(error instanceof Error ? error.message : String(error));
  }
});
