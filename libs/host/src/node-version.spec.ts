import { describe, expect, it } from '@jest/globals';
import { NodeVersionError, requireNode } from './node-version.js';

describe('services', () => {
  it.each(['23.11.1', '22.20.0', '9.0.0', '', 'v24.0.0'])('do not start on Node %s', (version) => {
    expect(() => requireNode(version)).toThrow(NodeVersionError);
  });

  it.each(['24.0.0', '25.1.0-nightly', '100.0.0'])('start on Node %s', (version) => {
    expect(() => requireNode(version)).not.toThrow();
  });
});
