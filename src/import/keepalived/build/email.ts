/** `notify.email` of the result. */
import { Seconds } from '../../../time/microseconds.js';
import { inlineList, mapping, type OutputMapping } from '../output.js';
import { doubt, durationOutput, type BuildContext } from './context.js';

/** As the schema of notify.email has it. */
const mailbox = /^[^\s<>,;:"()[\]\\@\u0000-\u001f]{1,64}@[^\s<>,;:"()\\@\u0000-\u001f]{1,255}$/u;

/** Of what keepalived would send mail. Real servers are on unless told otherwise, everything else is off. */
const causesOf = (context: BuildContext): readonly string[] => {
  const { global, instances, groups, services } = context.file;
  const vrrp = global.alertVrrp ?? global.alert ?? false;
  const checker = global.alertChecker ?? global.alert;
  const told = (what: string, all: readonly { readonly alert?: boolean; readonly place: BuildContext['file']['instances'][number]['place'] }[], fallback: boolean): boolean => {
    const [with_, without] = [all.filter(({ alert = fallback }) => alert), all.filter(({ alert = fallback }) => !alert)];
    const [first] = with_;
    if (first !== undefined && without.length > 0) doubt(context, first.place, `some ${what} have smtp_alert and some have not`, 'e-mail tells of all of them');
    return first !== undefined;
  };
  return [
    ...(told('instances', instances, vrrp) ? ['instances'] : []),
    ...(told('groups', groups, vrrp) ? ['groups'] : []),
    ...(told('real servers', services.flatMap(({ servers }) => servers), checker ?? true) ? ['real_servers'] : []),
    ...(told('virtual servers', services, checker ?? false) ? ['quorum'] : []),
  ];
};

export const emailOutput = (context: BuildContext): OutputMapping | undefined => {
  const { mail } = context.file.global;
  if (mail.to.length === 0 || mail.server === undefined) return undefined;
  const to = mail.to.filter(({ address, place }) => {
    const isMailbox = mailbox.test(address);
    if (!isMailbox) context.findings.warn(place, { code: 'not_supported', message: `${address.slice(0, 60)} is no whole mail address`, remedy: `it is left out: write it with its domain, such as ${/^[\w.-]+$/.test(address) ? address : 'operators'}@example.org` });
    return isMailbox;
  });
  if (to.length === 0) return undefined;
  const on = causesOf(context);
  if (on.length === 0) return undefined;
  return mapping({
    server: mail.server,
    port: mail.port === undefined || mail.port === 25 ? undefined : mail.port,
    tls: { value: 'none', comment: 'as keepalived, which knows no other; starttls and implicit encrypt' },
    from: mail.from !== undefined && mailbox.test(mail.from) ? mail.from : undefined,
    to: inlineList([...new Set(to.map(({ address }) => address))]),
    on: inlineList(on),
    timeout: mail.timeout === undefined || mail.timeout === Seconds(30) ? undefined : durationOutput(mail.timeout),
  });
};
