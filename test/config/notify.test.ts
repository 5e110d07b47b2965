/** `notify:` of instances and sync groups. */
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { accepted, brief, instanceFile, instanceOf, rejected } from './reading.js';

describe('notify', () => {
  test('has a time limit of 30 s and the user root', () => {
    expect(instanceOf('notify: { master: [/etc/tandem/on-master.sh] }').notify).toEqual({
      master: ['/etc/tandem/on-master.sh'],
      backup: undefined,
      fault: undefined,
      stop: undefined,
      any: undefined,
      timeout: Seconds(30),
      user: 'root',
    });
    expect(instanceOf('notify: { any: [/usr/bin/logger, -t, vrrp], timeout: 500ms, user: nobody }').notify).toMatchObject({ any: ['/usr/bin/logger', '-t', 'vrrp'], timeout: Milliseconds(500), user: 'nobody' });
  });

  test('without a command is none', () => {
    expect(instanceOf('notify: {}').notify).toBeUndefined();
    expect(instanceOf('notify: { user: nobody }').notify).toBeUndefined();
  });

  test.each([
    ['a text', 'notify: { master: /bin/true }'],
    ['an empty list', 'notify: { master: [] }'],
    ['a program without its path', 'notify: { master: [on-master.sh] }'],
    ['a time limit of nothing', 'notify: { master: [/bin/true], timeout: 0 }'],
    ['a user that is none', 'notify: { master: [/bin/true], user: "no body" }'],
  ])('refuses %s', (_, keys) => {
    expect(rejected(instanceFile(keys)).map(({ code }) => code)).toEqual(['invalid_value']);
  });

  test('says where a program lacks its path, and what would be right', () => {
    const [diagnostic] = rejected(instanceFile('notify: { master: [on-master.sh] }'));
    expect(diagnostic?.remedy).toContain('its program with its whole path, such as [/etc/tandem/on-master.sh]');
    expect(brief(rejected(instanceFile('notify: { mastr: [/bin/true] }')))).toEqual(['7:17 unknown_key unknown key mastr']);
  });

  test('writes to a FIFO that is named with its whole path', () => {
    const file = (path: string): string => `${instanceFile('')}  notify_fifo: ${path}\n`;
    const configuration = accepted(file('/run/tandem/notify'));
    expect(configuration.vrrp.notifyFifo).toBe('/run/tandem/notify');
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
    expect(rejected(file('notify')).map(({ code }) => code)).toEqual(['invalid_value']);
  });

  test('of a group, in the defaults shown and in what a reload changes', () => {
    const file = (program: string): string => `${instanceFile('notify: { stop: [/bin/true, x] }')}    - { name: in, interface: eth1, virtual_router_id: 52, virtual_addresses: [192.0.2.11] }\n  sync_groups: [{ name: all, instances: [web, in], notify: { any: [${program}] } }]\n`;
    const [before, after] = [accepted(file('/bin/a')), accepted(file('/bin/b'))];
    expect(before.vrrp.syncGroups[0]?.notify?.any).toEqual(['/bin/a']);
    expect(accepted(showDefaults(before))).toEqual(before);
    expect(differences(before, after)).toEqual(['sync group all: notify.any [/bin/a] -> [/bin/b]']);
  });
});
