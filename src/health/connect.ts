/** Opens the connections of probes; as soon as the attempt is settled they are gone, by RST where that does no harm: then nothing stays in TIME_WAIT. */
import net from 'node:net';
import tls from 'node:tls';
import type { TlsSettings } from '../config/model.js';
import type { Attempt } from './attempt.js';
import { describeRejection } from './certificate.js';
import type { ActiveCheck } from './check-key.js';
import { describeExpiry } from './expiry.js';
import { markedSocket } from './marked-socket.js';
import { secureContext } from './trust.js';

/** What is thrown in an event would end the process: by a client certificate that OpenSSL does not take, say. */
const guarded = (attempt: Attempt, act: () => void) => (): void => {
  try {
    act();
  } catch (error) {
    attempt.error(error);
  }
};

/** Nothing is held back of a single write: one system call less. */
const writesOnce = (check: ActiveCheck): boolean => check.type === 'tcp' || (check.type === 'http' && check.httpVersion !== '2');

/** A TCP connection to the check's target; its errors fail the attempt. */
export function connectTcp(check: ActiveCheck, attempt: Attempt, onConnect: (socket: net.Socket) => void): void {
  const target = { host: check.address, port: check.port, localAddress: check.source, noDelay: !writesOnce(check) };
  const socket = check.mark === undefined ? net.connect(target) : markedSocket(check.address, check.mark).setNoDelay(target.noDelay).connect(target);
  attempt.onSettled(({ ok }) => {
    // By RST, what was sent last may be lost: a TLS server would then not see its handshake finished.
    const mustDeliver = ok && check.type === 'tls';
    // While it connects, Node would wait for that before it resets; and libuv cannot reset while it is shutting down.
    if (socket.connecting || !socket.writable || socket.readableEnded || mustDeliver) socket.destroy();
    else socket.resetAndDestroy();
  });
  socket.on('error', attempt.error);
  socket.once('connect', guarded(attempt, () => onConnect(socket)));
}

/** A TLS connection to the check's target; `onSecure` comes after the certificate has been accepted, where that is asked for. `connect`: gives the connection that it is made over. */
export function connectTls(check: ActiveCheck & TlsSettings, attempt: Attempt, protocols: readonly string[], onSecure: (socket: tls.TLSSocket) => void, connect: typeof connectTcp = connectTcp): void {
  connect(check, attempt, (raw) => {
    attempt.stage = 'in the TLS handshake';
    const name = check.serverName ?? check.address;
    const socket = tls.connect({
      socket: raw,
      host: name,
      // An address may not be sent as SNI (RFC 6066, 3).
      servername: check.serverName === undefined || net.isIP(check.serverName) !== 0 ? '' : check.serverName,
      secureContext: secureContext(check.verify, check.ca, check.clientCertificate),
      ...(protocols.length > 0 ? { ALPNProtocols: [...protocols] } : {}),
      // Judged below instead, where the certificate is at hand for the reason.
      rejectUnauthorized: false,
    });
    const onHandshakeError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ECONNRESET') attempt.fail('connection closed by the server in the TLS handshake');
      else attempt.error(error);
    };
    socket.on('error', onHandshakeError);
    // Attached to an existing socket, its end and errors are seen on either of the two.
    raw.once('close', () => socket.destroy());
    // Once the server has ended it, it is shutting down by itself: then the connection below cannot be reset.
    attempt.onSettled(() => {
      if (socket.readableEnded) raw.destroy();
    });
    socket.once('secureConnect', guarded(attempt, () => {
      socket.off('error', onHandshakeError);
      socket.on('error', attempt.error);
      if (check.expiryWarning !== undefined) attempt.warning = describeExpiry(socket.getPeerCertificate().valid_to, check.expiryWarning, Date.now());
      if (check.verify && !socket.authorized) attempt.fail(describeRejection(String(socket.authorizationError), socket.getPeerCertificate(), name, Date.now()));
      else onSecure(socket);
    }));
  });
}
