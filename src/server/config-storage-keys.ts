import { z } from 'zod';
import { key } from './config-key.ts';
import { accessKey, oneOf, publicUrl } from './config-values.ts';

/** The settings of the database and of where recordings lie. */
export const STORAGE_KEYS = {
  synchronous: key({
    schema: oneOf('normal', 'full'),
    kind: 'text',
    default: 'normal',
    description: 'full: every commit survives a power cut; normal: all but the last second do.',
  }),
  s3: {
    endpoint: key({
      schema: publicUrl,
      kind: 'text',
      default: undefined,
      description: 'Base URL of an S3-compatible object store that finished recordings are moved to.',
    }),
    region: key({
      schema: z.string().regex(/^[a-z0-9-]{1,64}$/, 'expected the name of a region such as us-east-1'),
      kind: 'text',
      default: 'us-east-1',
      description: 'Region of the bucket; stores without regions take any.',
    }),
    bucket: key({
      schema: z
        .string()
        .regex(
          /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
          'expected the name of a bucket: 3 to 63 small letters, digits, dots and hyphens',
        ),
      kind: 'text',
      default: undefined,
      description: 'The bucket.',
    }),
    prefix: key({
      schema: z
        .string()
        .regex(
          /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[\w.-]+(?:\/[\w.-]+)*\/?$/,
          'expected a path such as pbx-1/ of letters, digits, _, - and .',
        )
        .transform((text) => `${text.replace(/\/$/, '')}/`),
      kind: 'text',
      default: undefined,
      description: 'Before the names of all objects, so that several servers can share a bucket.',
    }),
    access_key_id: key({
      schema: accessKey,
      kind: 'text',
      default: undefined,
      description: 'Name of the access key.',
    }),
    secret_access_key: key({
      schema: accessKey,
      kind: 'text',
      default: undefined,
      description: 'The secret of the access key.',
      secret: true,
    }),
    addressing: key({
      schema: oneOf('path', 'host'),
      kind: 'text',
      default: 'path',
      description: 'Whether the bucket stands in the path of URLs or before the host.',
    }),
    serve: key({
      schema: oneOf('proxy', 'redirect'),
      kind: 'text',
      default: 'proxy',
      description: 'Whether downloads come through this server, or from the store by a link of five minutes.',
    }),
  },
} as const;
