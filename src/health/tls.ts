/** The `tls` check: a handshake succeeds, with an acceptable certificate where `verify` asks for it. */
import type { TlsHealthCheck } from '../config/model.js';
import { attempt, type Probe } from './attempt.js';
import { connectTls } from './connect.js';

export const probeTls: Probe<TlsHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) =>
    connectTls(check, self, [], (socket) => {
      const detail = `${socket.getProtocol() ?? 'TLS'} handshake`;
      // Our last message of the handshake is only written after this callback: without it the server would log a failed one at every probe.
      socket.end(() => self.succeed(detail));
    }),
  );
