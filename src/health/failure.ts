/** What went wrong with a connection, in words, by the error's code. */

/** The codes of libuv, OpenSSL (through Node), llhttp and undici that probes meet. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the server',
  EPIPE: 'connection closed by the server',
  ECONNABORTED: 'connection aborted',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  EHOSTDOWN: 'host is down',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network is down',
  EACCES: 'connection forbidden by this host',
  EPERM: 'connection forbidden by this host (firewall)',
  EADDRNOTAVAIL: 'the source address is not on this host, or no port of it is free',
  EADDRINUSE: 'no free port for the source address',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this host has too many open files',
  ENOBUFS: 'this host has no buffer space',
  UND_ERR_SOCKET: 'connection closed before the answer was complete',
  UND_ERR_HEADERS_OVERFLOW: 'the answer has too long a header',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is longer or shorter than its Content-Length',
};

interface Coded {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly name?: unknown;
}

/** In words, e.g. `connection refused`. Of an unknown code: the error's own message and the code. */
export function describeFailure(error: unknown): string {
  const { code, message, reason, name }: Coded = typeof error === 'object' && error !== null ? error : { message: error };
  const text = String(message ?? 'unknown error');
  if (name === 'HTTPParserError') return `the answer is not HTTP: ${text}`;
  if (typeof code !== 'string') return text;
  const known = words[code];
  if (known !== undefined) return known;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return `TLS handshake failed: ${typeof reason === 'string' ? reason : text}`;
  return text.includes(code) ? text : `${text} (${code})`;
}
