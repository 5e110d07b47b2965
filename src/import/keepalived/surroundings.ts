/** What the importer asks of the host, injected: files, names, settings. */

export interface Surroundings {
  /** the name that lines such as `@host` are compared with */
  readonly host: string;
  /** the text of a file. @throws Error when it cannot be read */
  readonly readText: (path: string) => string;
  /** files that a pattern of an include matches, sorted; relative to the directory */
  readonly glob: (pattern: string, directory: string) => readonly string[];
  readonly hasUser: (name: string) => boolean;
  /** number of a routing table by its name (rt_tables), if there is one */
  readonly routingTable: (name: string) => number | undefined;
  /** value of a setting of net.ipv4.vs in force, if IPVS is loaded */
  readonly ipvsSetting: (name: string) => string | undefined;
  readonly environment: (name: string) => string | undefined;
}
