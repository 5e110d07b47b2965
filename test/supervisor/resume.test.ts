/** Which instances a new vrrp child resumes. */
import { describe, expect, it } from 'vitest';
import { ResumeList } from '../../src/supervisor/resume.js';
import { Seconds } from '../../src/time/microseconds.js';

const web = { instance: 'web', masterDownInterval: Seconds(3) };

describe('after the death of the vrrp child', () => {
  it('instances it was master of are resumed until their master down interval after the death', () => {
    const list = new ResumeList();
    list.masters([web]);
    list.died(Seconds(100));
    expect(list.at(Seconds(101))).toEqual([{ instance: 'web', until: Seconds(103) }]);
    expect(list.at(Seconds(103))).toEqual([]);
  });

  it('nothing is resumed when the last word was that it is master of nothing', () => {
    const list = new ResumeList();
    list.masters([web]);
    list.masters([]);
    list.died(Seconds(100));
    expect(list.at(Seconds(100))).toEqual([]);
  });

  it('what its predecessor held still counts when it died before it said anything, and no longer than before', () => {
    const list = new ResumeList();
    list.masters([web]);
    list.died(Seconds(100));
    list.died(Seconds(102));
    expect(list.at(Seconds(102))).toEqual([{ instance: 'web', until: Seconds(103) }]);
  });
});
