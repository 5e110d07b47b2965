/** What an importer makes of a foreign configuration file. */

export interface Conversion {
  /** the text of a tandem.yaml; undefined = the file was not understood, `messages` says why */
  readonly configuration: string | undefined;
  /** warnings and errors for people, with places and remedies, as `formatDiagnostics` writes them; empty when there are none */
  readonly messages: string;
}

/** `file` as given: a path, `-` = standard input where the importer takes it. @throws ImportError when there is nothing to read */
export type Importer = (file: string) => Promise<Conversion>;

/** A file that cannot be read or written. */
export class ImportError extends Error {
  readonly code = 'IMPORT';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ImportError';
  }
}
