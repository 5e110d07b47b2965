/** Parsing a configuration file that has nothing wrong with it, in a fraction of the time that it takes to say what is wrong and where. */
import { checkAcross, checkPurpose } from './check-across.js';
import { complete, type Surroundings } from './complete.js';
import { withoutMark } from './diagnostic.js';
import type { ParseOptions } from './load-result.js';
import type { Configuration } from './model.js';
import { readQuickly, type RememberedItems } from './quick-yaml.js';
import { readBySchema } from './schema-read.js';
import { fileSchema } from './schema.js';
import { valueAt } from './value-at.js';

/** What the last file was made of: a service that says the same stays the same object, and is not checked again. */
export class QuickMemory {
  items: RememberedItems = new Map();
  private certificates: Surroundings['certificates'] = new Map();

  /** Another one, which has forgotten an item. */
  butOne(): QuickMemory {
    const memory = new QuickMemory();
    memory.items = new Map([...this.items].slice(1));
    memory.certificates = this.certificates;
    return memory;
  }

  /** The very map of last time when it says the same. */
  sameCertificates(certificates: Surroundings['certificates']): Surroundings['certificates'] {
    const isSame = certificates.size === this.certificates.size && [...certificates].every(([name, text]) => this.certificates.get(name) === text);
    if (!isSame) this.certificates = certificates;
    return this.certificates;
  }
}

/** As `parseConfiguration`; undefined when it would find anything to say, if only a warning, or the text is too rare a YAML. */
export const parseQuickly = (text: string, path: string, options: ParseOptions, memory: QuickMemory): Configuration | undefined => {
  const quick = readQuickly(withoutMark(text), 'virtual_servers', memory.items);
  if (quick === undefined) return undefined;
  const file = readBySchema(fileSchema, quick.value);
  if (file === undefined) return undefined;
  let isRight = true;
  const context = {
    file,
    report: (): void => void (isRight = false),
    lineOf: () => 0,
    given: (where: readonly PropertyKey[]): boolean => valueAt(quick.value, where) !== undefined,
    valueAt: (where: readonly PropertyKey[]): unknown => valueAt(quick.value, where),
  };
  const surroundings = checkAcross(context, path, options);
  checkPurpose(context);
  if (!isRight) return undefined;
  memory.items = quick.items;
  return complete(file, { ...surroundings, certificates: memory.sameCertificates(surroundings.certificates) });
};
