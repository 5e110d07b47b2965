/** Parsing a configuration file that is written plainly and has nothing wrong with it, in a fraction of the time that it takes to say what is wrong. */
import { checkAcross, checkPurpose } from './check-across.js';
import { complete, type Surroundings } from './complete.js';
import { withoutMark } from './diagnostic.js';
import type { ParseOptions } from './load-result.js';
import type { Configuration } from './model.js';
import { readPlain, type RememberedItems } from './plain-yaml.js';
import { readBySchema } from './schema-read.js';
import { fileSchema } from './schema.js';
import { valueAt } from './value-at.js';

/** What the last file was made of: a service whose text has not changed is not read again. */
export class PlainMemory {
  items: RememberedItems = new Map();
  private certificates: Surroundings['certificates'] = new Map();

  /** The very map of last time when it says the same. */
  sameCertificates(certificates: Surroundings['certificates']): Surroundings['certificates'] {
    const isSame = certificates.size === this.certificates.size && [...certificates].every(([name, text]) => this.certificates.get(name) === text);
    if (!isSame) this.certificates = certificates;
    return this.certificates;
  }
}

/** As `parseConfiguration`; undefined when it would find anything to say, if only a warning, or the text is not plain YAML. */
export const parsePlain = (text: string, path: string, options: ParseOptions, memory: PlainMemory): Configuration | undefined => {
  const plain = readPlain(withoutMark(text), 'virtual_servers', memory.items);
  const file = plain && readBySchema(fileSchema, plain.value);
  if (file === undefined) return undefined;
  let isRight = true;
  const context = {
    file,
    report: (): void => void (isRight = false),
    lineOf: () => 0,
    given: (where: readonly PropertyKey[]): boolean => valueAt(plain?.value, where) !== undefined,
    valueAt: (where: readonly PropertyKey[]): unknown => valueAt(plain?.value, where),
  };
  const surroundings = checkAcross(context, path, options);
  checkPurpose(context);
  if (!isRight) return undefined;
  memory.items = plain?.items ?? new Map();
  return complete(file, { ...surroundings, certificates: memory.sameCertificates(surroundings.certificates) });
};
