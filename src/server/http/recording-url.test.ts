import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordingIdOf, recordingUrl } from './recording-url.ts';

const ID = 'c0ff0000-0000-4000-8000-000000000001';

describe('the URL of a recording', () => {
  test('leads back to the recording, with any way to write its end', () => {
    for (const base of ['http://192.0.2.1:8080', 'https://example.com/voice']) {
      const url = recordingUrl(base, ID);
      assert.equal(url, `${base}/api/v1/recordings/${ID}/download`);
      for (const tail of ['', '.wav', '?x=1', '#y'])
        assert.equal(recordingIdOf(url + tail, base), ID, url + tail);
      assert.equal(recordingIdOf(`${base}/api/v1/recordings/${ID}.mp3`, base), ID);
    }
  });

  test('is not taken for ours when another server, path or id is meant', () => {
    const base = 'http://192.0.2.1:8080';
    for (const url of [
      recordingUrl('http://192.0.2.1:8081', ID),
      recordingUrl('https://192.0.2.1:8080', ID),
      recordingUrl(`${base}/other`, ID),
      `${base}/api/v1/recordings/../../etc/passwd/download`,
      `${base}/api/v1/recordings/nonsense/download`,
      'say:hello',
      '',
    ]) {
      assert.equal(recordingIdOf(url, base), undefined, url);
    }
  });
});
