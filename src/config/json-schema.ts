/** The JSON Schema of the configuration file, for editors. */
import { z } from 'zod';
import { fileSchema } from './schema.js';
import { zodOf } from './zod-schema.js';

/** Draft 7: what the YAML language server knows best. */
export const jsonSchema = (): Readonly<Record<string, unknown>> => {
  const { $schema, ...schema } = z.toJSONSchema(zodOf(fileSchema), {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ jsonSchema: made }) => {
      if ('lastDefault' in made) {
        made.default = made.lastDefault as typeof made.default;
        delete made.lastDefault;
      }
      // bounds of exact integers, which no one typed
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum;
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum;
    },
  });
  return { $schema, title: 'Tandem configuration', ...schema };
};

/** The text of conf/tandem.schema.json. */
export const jsonSchemaText = (): string => `${JSON.stringify(jsonSchema(), null, 2)}\n`;
