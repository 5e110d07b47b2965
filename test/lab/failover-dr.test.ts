/** Failover and fail-back of a direct routing pair. */
import { describe } from 'vitest';
import { describeFailover } from './failover.js';

describe('a pair with direct routing', () => {
  describeFailover('dr');
});
