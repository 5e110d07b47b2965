/** Where an imported configuration goes: a file that was not there, unless it may be replaced. */
import { writeFile } from 'node:fs/promises';
import { inWords } from '../control/in-words.js';
import { ImportError } from './conversion.js';

/**
 * What is imported may hold passwords: a new file is for its owner only.
 * @throws ImportError when the file is there and `force` is not given, or cannot be written
 */
export const writeConfiguration = async (file: string, text: string, force: boolean): Promise<void> => {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx', mode: 0o600 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') throw new ImportError(`${file} is there already: --force replaces it, or give another name to --output`, { cause: error });
    throw new ImportError(`${file} cannot be written: ${inWords(error)}`, { cause: error });
  }
};
