import type { RtpSocket } from '../../rtp/sockets.ts';

/**
 * The same socket on a bad line: `lossShare` (0 to 1) of the RTP packets sent are lost. Reports (RTCP) get through.
 * @param random uniform in [0, 1)
 */
export function impairSocket(socket: RtpSocket, lossShare: number, random: () => number): RtpSocket {
  const { send } = socket;
  socket.send = (buffer, offset, length, port, address) => {
    if (random() >= lossShare) send.call(socket, buffer, offset, length, port, address);
  };
  return socket;
}
