/** The kernel modules of the IPVS schedulers. */
import type { OperationFailure } from './operation.js';

/** Every scheduler is a module of its own, named after it (net/netfilter/ipvs/Makefile). */
export const schedulerModule = (scheduler: string): string => `ip_vs_${scheduler}`;

/**
 * The modules whose absence made the kernel refuse operations: ENOENT for adding or editing a service says that it has no such
 * scheduler and could not load it. (The destinations of a service that could not be added fail with ESRCH.)
 */
export const missingSchedulerModules = (failures: readonly OperationFailure[]): readonly string[] => {
  const modules = new Set<string>();
  for (const { operation, code } of failures) {
    if (code === 'ENOENT' && (operation.type === 'add_service' || operation.type === 'edit_service')) modules.add(schedulerModule(operation.service.scheduler));
  }
  return [...modules];
};
