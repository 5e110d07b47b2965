/** Failover and fail-back of a tunnelling pair. */
import { describe } from 'vitest';
import { describeFailover } from './failover.js';

describe('a pair with tunnelling', () => {
  describeFailover('tun');
});
