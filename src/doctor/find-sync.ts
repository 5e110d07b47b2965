/** The kernel's connection sync: whether it runs as configured, and what is heard of the other director's. Pure. */
import type { Facts } from './facts.js';
import { type Finding, finding } from './finding.js';

export const findInSync = ({ configuration, sync }: Facts): readonly Finding[] => {
  const wanted = configuration?.ipvs.sync;
  if (wanted === undefined || sync === undefined) return [];
  const roles = (['master', 'backup'] as const).filter((role) => !sync.daemons.some((daemon) => daemon.role === role && daemon.interface === wanted.interface && daemon.id === wanted.id));
  const running = sync.daemons.map(({ role, interface: name, id }) => `${role} on ${name} with id ${id}`).join(', ');
  return [
    ...(roles.length === 0 ? [] : [finding('sync_not_running', wanted.interface, `no sync daemon runs as ${roles.join(' nor as ')} on ${wanted.interface} with id ${wanted.id}; what runs: ${running || 'none'}`, 'systemctl restart tandemd starts both; someone else may have stopped or started them (ipvsadm --stop-daemon, keepalived)')]),
    ...sync.heard.filter(({ id }) => id !== wanted.id).map(({ source, id, count }) => finding('sync_id_differs', wanted.interface, `${count} sync ${count === 1 ? 'message' : 'messages'} of ${source} on ${wanted.interface} with id ${id}, ours is ${wanted.id}`, 'ipvs.sync.id: the same on both directors')),
  ];
};

/** Sentences that are no findings: a master without connections sends nothing. */
export const observeSync = ({ configuration, sync, listened, daemon }: Facts): readonly string[] => {
  const wanted = configuration?.ipvs.sync;
  if (wanted === undefined || sync === undefined) return [];
  const seconds = (listened / 1_000).toFixed(1);
  const ours = sync.heard.filter(({ id }) => id === wanted.id);
  if (ours.length > 0) return ours.map(({ source, count }) => `connection sync: ${count} messages of ${source} within ${seconds} s`);
  const role = daemon?.status?.sync?.role;
  return [`connection sync: nothing heard within ${seconds} s, ${role === 'master' ? 'as it should be: this director is the one that sends' : 'as it should be if the other director has no connections'}`];
};
