// Module boundaries: imports go one way, pure libs ← runtime libs ← adapters ← host ← services ← tests.
const pure = '^libs/(event|condition|catalogue)/';
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'lib-not-to-service', severity: 'error', from: { path: '^libs/' }, to: { path: '^services/' } },
    {
      name: 'service-not-to-service',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'only-through-entry',
      severity: 'error',
      from: { path: '^(services|libs)/([^/]+)/' },
      to: {
        path: '^libs/([^/]+)/src/(?!index\\.ts|otel\\.ts|simulation\\.ts)',
        pathNot: ['^$1/$2/', '^libs/(host/src/stage|proto/src/log)\\.ts$'],
      },
    },
    {
      name: 'pure-libs-stay-pure',
      severity: 'error',
      from: { path: `${pure}src/`, pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/', pathNot: pure },
    },
    {
      name: 'pure-has-no-platform',
      severity: 'error',
      from: { path: ['^services/[^/]+/src/domain/', `${pure}src/`], pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'domain-imports-only-pure-libs',
      severity: 'error',
      from: { path: '^services/[^/]+/src/domain/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^libs/(?!event|condition|catalogue)', '^services/[^/]+/src/(?!domain/)', 'node_modules/@nestjs'] },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dep',
      severity: 'error',
      from: { path: '^(services|libs)/[^/]+/src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage|gen)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['@attrium/source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
