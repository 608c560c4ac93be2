/** Writes docs/job.schema.json, the JSON Schema of job files, from what the program itself checks them by. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { z } from 'zod';
import { jobFileSchema } from '../rescue/src/unattended/job-file-schema.ts';

/** The schema as the file has it. */
export function jobSchemaText(): Promise<string> {
  return format(JSON.stringify(z.toJSONSchema(jobFileSchema, { io: 'input' })), {
    parser: 'json',
    printWidth: 110,
  });
}

if (import.meta.main)
  writeFileSync(join(import.meta.dirname, '../docs/job.schema.json'), await jobSchemaText());
