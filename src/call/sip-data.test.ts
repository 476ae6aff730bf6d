import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sipData } from './sip-data.ts';

test('the number of a tel: URI is its user, and it has no host (RFC 3966 3)', () => {
  const data = sipData({
    requestUri: 'tel:+15550100',
    from: { uri: 'tel:+15550199;cpc=ordinary' },
    to: { uri: 'sip:+15550100@10.0.0.2:5080;user=phone' },
    contact: undefined,
  });
  assert.deepEqual(data, {
    sip_req_user: '+15550100',
    sip_req_host: '',
    sip_req_uri: '+15550100',
    sip_from_user: '+15550199',
    sip_from_host: '',
    sip_from_uri: '+15550199;cpc=ordinary',
    sip_to_user: '+15550100',
    sip_to_host: '10.0.0.2',
    sip_to_uri: '+15550100@10.0.0.2:5080',
  });
});
