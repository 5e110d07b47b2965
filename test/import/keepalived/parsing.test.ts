/** How a keepalived.conf is read: what keepalived.conf(5) says of comments, quotes, blocks, conditions, parameters, sequences and includes, and what `keepalived -t` 2.2.7 was seen to take. */
import { describe, expect, it } from 'vitest';
import { expandFile } from '../../../src/import/keepalived/expand.js';
import { Findings } from '../../../src/import/keepalived/findings.js';
import { parseTree, type Statement } from '../../../src/import/keepalived/tree.js';
import { surroundings } from './importing.js';

const plain = ({ keyword, args, block }: Statement): readonly unknown[] => [keyword, ...args.map(({ text }) => text), ...(block === undefined ? [] : [block.map(plain)])];

const read = (text: string, files: Readonly<Record<string, string>> = {}, host = 'director-a') => {
  const findings = new Findings();
  const { lines } = expandFile('/etc/k.conf', text, surroundings(files, { host }), findings);
  return { tree: parseTree(lines, findings).map(plain), lines: lines.map((line) => line.text), told: findings.list().map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`), statements: parseTree(lines, new Findings()) };
};

describe('a line', () => {
  it('ends at a comment that begins with ! or # anywhere', () => {
    expect(read('! whole\n# whole\nweight 1 # why\nweight 2! why\n\tinhibit_on_failure        ! more').tree).toEqual([['weight', '1'], ['weight', '2'], ['inhibit_on_failure']]);
  });

  it('keeps what stands in quotes in one word, comment signs and braces too, and drops the quotes', () => {
    // the examples of keepalived.conf(5), "Quoted strings"
    expect(read('a abcd" efg h jkl "mnop').tree).toEqual([['a', 'abcd efg h jkl mnop']]);
    expect(read('a abcd "efg h jkl" mnop').tree).toEqual([['a', 'abcd', 'efg h jkl', 'mnop']]);
    expect(read(`a "b # c ! d { e }" 'f "g"'`).tree).toEqual([['a', 'b # c ! d { e }', 'f "g"']]);
  });

  it('understands the escapes of keepalived.conf(5)', () => {
    expect(read('a "x\\ty\\x41\\101\\"\\\\" b\\ c').tree).toEqual([['a', 'x\tyAA"\\', 'b c']]);
  });

  it('may have Windows line ends, tabs, a byte order mark, and no end at all', () => {
    expect(read('\ufeffvrrp_instance V {\r\n\tinterface\teth0 \r\n}\r\n\r\nx y').tree).toEqual([['vrrp_instance', 'V', [['interface', 'eth0']]], ['x', 'y']]);
  });

  it('does not go on behind a backslash', () => {
    expect(read('a b \\\nc').tree).toEqual([['a', 'b', '\\'], ['c']]);
  });
});

describe('a block', () => {
  it('may stand on one line, with its brace on the next, or without white space', () => {
    expect(read('virtual_ipaddress { 10.0.0.1 }').tree).toEqual([['virtual_ipaddress', [['10.0.0.1']]]]);
    expect(read('vrrp_instance VI_2\n{\n  interface lo }').tree).toEqual([['vrrp_instance', 'VI_2', [['interface', 'lo']]]]);
    expect(read('vrrp_instance VI_1{\nHTTP_GET { url { path / } }\n}').tree).toEqual([['vrrp_instance', 'VI_1', [['HTTP_GET', [['url', [['path', '/']]]]]]]]);
    expect(read('real_server 10.0.0.2 80 { TCP_CHECK {} }').tree).toEqual([['real_server', '10.0.0.2', '80', [['TCP_CHECK', []]]]]);
  });

  it('that is not closed, or closed without being open, is an error at the brace', () => {
    expect(read('a {\n  b {\n  c\n').told).toEqual(['/etc/k.conf:1:3 the block is not closed', '/etc/k.conf:2:5 the block is not closed']);
    expect(read('a {\n}\n  }\nb').told).toEqual(['/etc/k.conf:3:3 a closing brace without a block']);
    expect(read('a\n{ }\n{ }').told).toEqual(['/etc/k.conf:3:1 a block without a keyword']);
  });

  it('knows where its words stand', () => {
    const [block] = read('a {\n\tpriority  300 # no\n}').statements;
    const [statement] = block?.block ?? [];
    expect(statement?.place).toEqual({ path: '/etc/k.conf', line: 2, column: 2, length: 8 });
    expect(statement?.args[0]?.place).toEqual({ path: '/etc/k.conf', line: 2, column: 12, length: 3 });
  });

  it('with a quote that is not closed is an error', () => {
    expect(read('router_id "abc\nb').told).toEqual(['/etc/k.conf:1:11 the quote is not closed']);
  });
});

describe('a condition', () => {
  // the example of keepalived.conf(5), "Conditional configuration"
  const peers = 'unicast_peer {\n  @^main    1.2.3.4\n  @^backup  1.2.3.5\n  @^backup2 1.2.3.6\n}\n@main router_id main_router\n@backup router_id backup_router';
  it('leaves the lines of its host, and with ^ those of all others', () => {
    expect(read(peers, {}, 'main').tree).toEqual([['unicast_peer', [['1.2.3.5'], ['1.2.3.6']]], ['router_id', 'main_router']]);
    expect(read(peers, {}, 'other').tree).toEqual([['unicast_peer', [['1.2.3.4'], ['1.2.3.5'], ['1.2.3.6']]]]);
  });

  it('that none of the host meets is worth a warning', () => {
    expect(read(peers, {}, 'other').told).toEqual(['/etc/k.conf:6:1 there are lines for @main, @backup and none for @other']);
    expect(read(peers, {}, 'main').told).toEqual([]);
  });
});

describe('a parameter', () => {
  it('is replaced when it is used, not when it is defined, and recursively', () => {
    // the example of keepalived.conf(5), "Parameter substitution"
    const text = '$ADDRESS_BASE=10.2.${ADDRESS_BASE_SUB}\n$ADDRESS_BASE_SUB=0\n${ADDRESS_BASE}.100/32\n$ADDRESS_BASE_SUB=10\n${ADDRESS_BASE}.100/32';
    expect(read(text).lines).toEqual(['10.2.0.100/32', '10.2.10.100/32']);
  });

  it('goes with conditions, in both orders', () => {
    const text = '@main $PRIORITY=240\n@backup $PRIORITY=200\npriority $PRIORITY\n$IF_MAIN=@main\n$IF_MAIN state MASTER';
    expect(read(text, {}, 'main').lines).toEqual(['priority 240', 'state MASTER']);
    expect(read(text, {}, 'backup').lines).toEqual(['priority 200']);
  });

  it('may have several lines, which are read anew at each use', () => {
    // shortened from keepalived.conf(5)
    const text = '$INSTANCE= \\\nvrrp_instance VI_${NUM} { \\\n    interface eth0.${NUM} \\\n    @high priority 130 \\\n    @low priority 120 \\\n}\n$NUM=0\n$INSTANCE\n$NUM=1\n$INSTANCE\n';
    expect(read(text, {}, 'high').tree).toEqual([
      ['vrrp_instance', 'VI_0', [['interface', 'eth0.0'], ['priority', '130']]],
      ['vrrp_instance', 'VI_1', [['interface', 'eth0.1'], ['priority', '130']]],
    ]);
  });

  it('of several lines may use another one, and define one', () => {
    const text = '$RS= \\\nreal_server 10.0.${VS}.${RS_NUM} 80 { \\\n  weight 1 \\\n}\n$SERVICE= \\\nvirtual_server 10.1.${VS}.4 80 { \\\n  $RS_NUM=1 \\\n  $RS \\\n  $RS_NUM=2 \\\n  $RS \\\n}\n$VS=7\n$SERVICE';
    expect(read(text).tree).toEqual([['virtual_server', '10.1.7.4', '80', [['real_server', '10.0.7.1', '80', [['weight', '1']]], ['real_server', '10.0.7.2', '80', [['weight', '1']]]]]]);
  });

  it('that nobody defined, or that no white space follows, stays as it is', () => {
    expect(read('$X=5\nscript "${UNDEFINED} $Y $X.1"\na $X').tree).toEqual([['script', '${UNDEFINED} $Y $X.1'], ['a', '5']]);
  });

  it('may be one of those that keepalived defines', () => {
    expect(read('a ${_PWD} ${_INSTANCE} x${_HASH}y x${_BANG}y', {}, 'me').tree).toEqual([['a', '/etc', 'me', 'x#y', 'x!y']]);
  });

  it('that stands for itself is an error, not an end without end', () => {
    expect(read('$A=${A} x\na $A').told[0]).toMatch(/^\/etc\/k\.conf:2:1 (a parameter stands for itself|parameters make this line endless)/);
    expect(read('$A= \\\n$A \\\n$A \\\nx\n$A').told.length).toBeGreaterThan(0);
  });
});

describe('a sequence', () => {
  // the examples of keepalived.conf(5), "Sequence blocks" and "List blocks"
  it.each([
    ['~SEQ(SUBNET, 0, 3) ip_address 10.0.${SUBNET}.1', ['ip_address 10.0.0.1', 'ip_address 10.0.1.1', 'ip_address 10.0.2.1', 'ip_address 10.0.3.1']],
    ['~SEQx(SUBNET, 144, 16, 192) fe80::20:${SUBNET}:1', ['fe80::20:90:1', 'fe80::20:a0:1', 'fe80::20:b0:1', 'fe80::20:c0:1']],
    ['~SEQx(SUBNET, 0x90, 0x10, 0xc0) fe80::20:${SUBNET}:1', ['fe80::20:90:1', 'fe80::20:a0:1', 'fe80::20:b0:1', 'fe80::20:c0:1']],
    ['~SEQ(X, 2) a$X', ['a1', 'a2']],
    ['~SEQ(X, 3, 1) a${X}', ['a3', 'a2', 'a1']],
    ['~LST({IP, IP1}, {10,1},{20,4}) 192.168.${IP}.${IP1}', ['192.168.10.1', '192.168.20.4']],
    ['~LST(IP, 1, 2) ~LST(IP1, 5,6) 192.169.${IP}.${IP1}', ['192.169.1.5', '192.169.1.6', '192.169.2.5', '192.169.2.6']],
    ['~LST({IP,   IP1},  {10,1},{12,8})  ~SEQ(IP2,168,2,172) 192.${IP2}.${IP}.${IP1}', ['192.168.10.1', '192.170.10.1', '192.172.10.1', '192.168.12.8', '192.170.12.8', '192.172.12.8']],
  ])('%s', (text, lines) => {
    expect(read(text).lines).toEqual(lines);
  });

  it('of a parameter of several lines makes a block each', () => {
    expect(read('$V= \\\nvrrp_instance V${N} { \\\n virtual_router_id ${N} \\\n}\n~SEQ(N, 1, 2) $V').tree).toEqual([['vrrp_instance', 'V1', [['virtual_router_id', '1']]], ['vrrp_instance', 'V2', [['virtual_router_id', '2']]]]);
  });

  it.each(['~SEQ(X, 1, 0, 3) a', '~SEQ(X, 1 a', '~SEQ(X, 1, 99999999999) a', '~LST({A,B}, 1) a', '~SEQ(1X, 3) a'])('%s is an error', (text) => {
    expect(read(text).told).toHaveLength(1);
  });

  it('within sequences has an end', () => {
    expect(read('~SEQ(A,1,60000) ~SEQ(B,1,60000) x ${A} ${B}').told[0]).toContain('too large');
  });
});

describe('an include', () => {
  const files = { '/etc/conf.d/a.conf': 'a 1\ninclude sub/x.conf', '/etc/conf.d/b.conf': 'b ${_PWD}', '/etc/conf.d/sub/x.conf': '}\nx {' };
  it('reads every file that matches, relative to the file that it stands in, and blocks go on over its end', () => {
    const found = read('{\n'.replace('{', 'k {') + 'include conf.d/*.conf\n}', files);
    expect(found.lines).toEqual(['k {', 'a 1', '}', 'x {', 'b /etc/conf.d', '}']);
    expect(found.told).toEqual([]);
  });

  it('of nothing is a warning, and with a check of keepalived an error', () => {
    expect(read('include none*.conf').told).toEqual(['/etc/k.conf:1:1 no file matches none*.conf']);
    const findings = new Findings();
    expandFile('/etc/k.conf', 'includea none*.conf', surroundings(), findings);
    expect(findings.hasErrors).toBe(true);
  });

  it('of itself has an end', () => {
    expect(read('include /etc/conf.d/self', { '/etc/conf.d/self': 'include self' }).told[0]).toContain('files include each other');
  });

  it('is named where something is wrong in what it holds', () => {
    expect(read('include conf.d/wrong', { '/etc/conf.d/wrong': 'a\n  b }' }).told).toEqual(['/etc/conf.d/wrong:2:5 a closing brace without a block']);
  });
});
