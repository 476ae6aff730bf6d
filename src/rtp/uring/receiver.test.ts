import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRNO } from '../../io-uring/abi.ts';
import type { OnResult, Reactor } from '../../io-uring/reactor.ts';
import { Receiver } from './receiver.ts';
import { type UringDatagrams, UringSocket } from './uring-datagrams.ts';

test('who found no buffer while files looked at the ring receives again, also where nothing else comes', () => {
  let tell: OnResult = () => {};
  const requests: number[] = [];
  const reactor = {
    fd: 3,
    isIdle: true,
    requests: new Uint32Array(16),
    libc: {
      allocate: (bytes: number) => ({ buffer: new ArrayBuffer(bytes), address: 4096 }),
      ioUringRegister: () => {},
    },
    attach: (onResult: OnResult) => {
      tell = onResult;
      return 0;
    },
    request: (_user: number, index: number) => {
      requests.push(index);
      return 0;
    },
  } as unknown as Reactor;
  const receiver = new Receiver(reactor, 64, () => 0);
  receiver.add(new UringSocket({} as UringDatagrams, 4, false));
  assert.equal(requests.length, 1);
  tell(requests[0]!, -ERRNO.ENOBUFS, 0);
  receiver.receive();
  assert.equal(requests.length, 2);
  receiver.receive();
  assert.equal(requests.length, 2, 'once');
});
