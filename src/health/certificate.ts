/** Why a server's certificate was not accepted, in words. */
import type { PeerCertificate } from 'node:tls';

/** OpenSSL's verification codes as Node names them. */
const words: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed and not among the trusted ones',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate chain ends in a self-signed certificate that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate is signed by an authority that is not trusted, or the server sends no intermediate certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate is signed by an authority that is not trusted',
  CERT_SIGNATURE_FAILURE: 'signature of the certificate is wrong',
  CERT_UNTRUSTED: 'certificate is not trusted for this use',
  INVALID_PURPOSE: 'certificate is not meant for a TLS server',
  INVALID_CA: 'a certificate of the chain is no authority\'s',
};

/** `code`: an OpenSSL verification code or ERR_TLS_CERT_ALTNAME_INVALID; `name`: what the certificate should be for; `now`: milliseconds since the epoch. */
export function describeRejection(code: string, certificate: Partial<PeerCertificate>, name: string, now: number): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return isBefore(certificate.valid_to, now) ? `certificate has expired on ${certificate.valid_to}` : 'a certificate of the chain has expired';
    case 'CERT_NOT_YET_VALID':
      return isBefore(certificate.valid_from, now) ? 'a certificate of the chain is not valid yet' : `certificate is not valid before ${certificate.valid_from}`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `certificate is not for ${name}, but for ${certificate.subjectaltname ?? `CN=${String(certificate.subject?.CN ?? '(none)')}`}`;
    default:
      return words[code] ?? `certificate is not accepted: ${code}`;
  }
}

const isBefore = (date: string | undefined, now: number): boolean => date !== undefined && Date.parse(date) < now;
