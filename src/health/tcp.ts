/** The `tcp` check: a connection can be made. */
import type { TcpHealthCheck } from '../config/model.js';
import { attempt, type Probe } from './attempt.js';
import { connectTcp } from './connect.js';

export const probeTcp: Probe<TcpHealthCheck> = (check, stop) => attempt(check, stop, (self) => connectTcp(check, self, () => self.succeed('connected')));
