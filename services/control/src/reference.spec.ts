import { readFileSync } from 'node:fs';
import {
  ACCESS_FAILURE_KINDS,
  describeSettings,
  ErasedProfileError,
  grpcStatusOf,
  hostSettings,
  httpStatusOf,
  OwnerSilentError,
} from '@attrium/host';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { controlSettings } from './config.js';
import { FAILURE_KINDS } from './errors.js';

const textOf = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8').replaceAll(/ +/g, ' ');

describe('the reference', () => {
  it('lists every code once, with its status over HTTP and gRPC', () => {
    const rows = [
      ...textOf('../../../docs/reference/control-api.md').matchAll(/^\| (ATR-(?:HOST|CONTROL)-\d+) .*$/gm),
    ].map(String);
    expect(rows.map((row) => row.split(',')[0])).toEqual(
      [...ACCESS_FAILURE_KINDS, new OwnerSilentError(''), new ErasedProfileError('', 0), ...FAILURE_KINDS].map(
        (kind) => {
          const failure = { ...kind, message: '', retryable: kind.retryable ?? false };
          return `| ${kind.code} | ${httpStatusOf(failure)} | ${status[grpcStatusOf(failure)]} |`;
        },
      ),
    );
  });

  it('names every setting of control with its default', () => {
    const readme = textOf('../README.md');
    const own = describeSettings(controlSettings).filter(({ key }) => !(key in hostSettings.shape));
    for (const { env, default: value } of own)
      expect(readme).toContain(`| \`${env}\` | ${value === undefined ? '' : `${value} `}|`);
  });
});
