/** Health in words. */
import { describe, expect, it } from 'vitest';
import { describeRejection } from '../../src/health/certificate.js';
import { describeFailure } from '../../src/health/failure.js';
import { uncheckedHealthState, type HealthState } from '../../src/health/state.js';
import { describeCheck, describeEndpoint, describeQuorumChange, describeVerdict } from '../../src/health/wording.js';
import { Milliseconds } from '../../src/time/microseconds.js';
import { dnsCheck, httpCheck, pingCheck, smtpCheck, tcpCheck } from './checks.js';

const server = { address: '10.0.0.11', port: 80 };
const state = (verdict: HealthState['verdict'], counts: Partial<HealthState>, reason: string): HealthState => ({ verdict, successes: 0, failures: 0, since: 0, reason, ...counts });

describe('a verdict', () => {
  it('of a server that is down says why and after how many failures', () => {
    expect(describeVerdict(server, 'web-http', state('down', { failures: 3 }, 'HTTP status 500, expected 200-299'))).toBe(
      'real server 10.0.0.11:80 of web-http is down: HTTP status 500, expected 200-299 (3 failures)',
    );
  });

  it('of a server that is up says what was found', () => {
    expect(describeVerdict(server, 'web-http', state('up', { successes: 1 }, 'connected'))).toBe('real server 10.0.0.11:80 of web-http is up: connected (1 success)');
    expect(describeVerdict(server, 'web-http', uncheckedHealthState(0))).toBe('real server 10.0.0.11:80 of web-http is up: not checked');
  });
});

describe('a check', () => {
  it('is described by type, request, target and interval', () => {
    expect(describeCheck(httpCheck({ path: '/health' }))).toBe('http GET /health at 127.0.0.1:80 every 2 s');
    expect(describeCheck(tcpCheck({ interval: Milliseconds(500) }))).toBe('tcp at 127.0.0.1:80 every 500 ms');
    expect(describeCheck(dnsCheck({ port: 53, name: 'www.example.org', recordType: 'A' }))).toBe('dns www.example.org A over udp at 127.0.0.1:53 every 2 s');
    expect(describeCheck(smtpCheck({ port: 25, security: 'starttls' }))).toBe('smtp with STARTTLS at 127.0.0.1:25 every 2 s');
    expect(describeCheck(pingCheck({ address: '2001:db8::1' }))).toBe('ping at 2001:db8::1 every 2 s');
    expect(describeCheck({ type: 'none' })).toBe('none');
    expect(describeEndpoint({ address: '2001:db8::1', port: 80 })).toBe('[2001:db8::1]:80');
  });
});

describe('a change of the quorum', () => {
  it('is a sentence that stands alone', () => {
    expect(describeQuorumChange('web', { from: 'up', to: 'down', weight: 0, needed: 1 })).toBe('web: quorum lost, weight 0 of 1 needed');
  });
});

describe('a failure', () => {
  it('of an unknown kind is told by its own message and code, never lost', () => {
    expect(describeFailure(Object.assign(new Error('strange'), { code: 'ESTRANGE' }))).toBe('strange (ESTRANGE)');
    expect(describeFailure('words')).toBe('words');
    expect(describeFailure(undefined)).toBe('unknown error');
  });

  it('of a certificate says whether it or one of its chain has expired', () => {
    const certificate = { valid_from: 'Jan  1 00:00:00 2020 GMT', valid_to: 'Jan  1 00:00:00 2021 GMT' };
    expect(describeRejection('CERT_HAS_EXPIRED', certificate, 'www', Date.UTC(2022, 0))).toBe('certificate has expired on Jan  1 00:00:00 2021 GMT');
    expect(describeRejection('CERT_HAS_EXPIRED', certificate, 'www', Date.UTC(2020, 6))).toBe('a certificate of the chain has expired');
    expect(describeRejection('CERT_NOT_YET_VALID', certificate, 'www', Date.UTC(2019, 0))).toBe('certificate is not valid before Jan  1 00:00:00 2020 GMT');
  });
});
