/** tandem's commands to the election, as processes, with a daemon whose vrrp child is a stub. */
import { describe, expect, it } from 'vitest';
import { inPlaces, type Place } from '../bin/program.js';

let place: Place;
inPlaces((made) => (place = made));

const started = async (environment: NodeJS.ProcessEnv = {}): Promise<void> => place.daemon(environment).says('ready');

describe('tandem failover', () => {
  it('prints who is MASTER now and how long it took', async () => {
    await started();
    expect(await place.tandem('failover', 'web')).toEqual({ code: 0, stdout: 'failover of web: 192.0.2.2 is MASTER after 612 ms\n', stderr: '' });
    expect(await place.tandem('failover', 'web', '--force')).toMatchObject({ code: 0 });
    const requests = place.notes('vrrp').flatMap(({ message }) => (message?.['type'] === 'operate' ? [message['request']] : []));
    expect(requests).toEqual([{ kind: 'failover', instance: 'web', force: false }, { kind: 'failover', instance: 'web', force: true }]);
  });

  it('takes an order back', async () => {
    await started();
    expect(await place.tandem('failover', 'web', '--cancel')).toEqual({ code: 0, stdout: 'web takes part again\n', stderr: '' });
  });

  it('passes a refusal on, with exit code 1', async () => {
    await started();
    expect(await place.tandem('failover', 'lan')).toEqual({ code: 1, stdout: '', stderr: "tandem: there is no instance 'lan'\n" });
    expect(await place.tandem('failover', 'web', '--force', '--cancel')).toMatchObject({ code: 2, stderr: 'tandem: --force and --cancel exclude each other\n' });
  });

  it('says when the vrrp process ends meanwhile', async () => {
    await started({ TANDEM_STUB_VRRP: 'die_when_operated' });
    expect(await place.tandem('failover', 'web')).toMatchObject({ code: 1, stderr: 'tandem: the process vrrp ended before it answered\n' });
  });
});

it('tandem replay says what is wrong with a file, without a daemon', async () => {
  expect(await place.tandem('replay', place.config)).toMatchObject({ code: 1, stderr: `tandem: ${place.config}: this is no recording of tandem's: it is not JSON\n` });
  expect(await place.tandem('replay', '/nonexistent')).toMatchObject({ code: 1, stderr: expect.stringContaining('/nonexistent cannot be read: ENOENT') });
});

it('tandem counters --reset asks the vrrp process to set them back', async () => {
  await started();
  expect(await place.tandem('counters', '--reset')).toEqual({ code: 0, stdout: 'no instances\n', stderr: '' });
  expect(place.notes('vrrp').flatMap(({ message }) => (message?.['type'] === 'operate' ? [message['request']] : []))).toEqual([{ kind: 'reset_counters' }]);
});

it('tandem counters prints JSON, and names the instances when asked for one that is none', async () => {
  await started();
  expect(JSON.parse((await place.tandem('counters', '--json')).stdout)).toMatchObject({ instances: [], processes: [{ name: 'tandemd' }, { name: 'vrrp' }, { name: 'lvs' }] });
  expect(await place.tandem('counters', 'lan')).toMatchObject({ code: 2, stderr: "tandem: there is no instance 'lan'; there are: none\n" });
});
