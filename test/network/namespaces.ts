/** The segments that tests and measurements build are one piece: src/lab/namespaces.ts (extend it there). */
export * from '../../src/lab/namespaces.js';
