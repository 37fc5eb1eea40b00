// What the compiler cannot hold: no hidden state between program and report, one owner a package, small
// functions and files. test/tidy.test.ts holds the rest (import order of the stages, the top level).
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The stages that must be pure functions of (program, schedule, configuration). */
const PURE = [
  'program',
  'schedule',
  'trace',
  'media',
  'machine',
  'target',
  'kernel',
  'persistency',
  'crash',
  'oracle',
  'finding',
  'minimize',
  'report',
  'coverage',
  'validate',
  'litmus',
  'conformance',
].map((stage) => `src/${stage}/**/*.ts`);

const CLOCKS = ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'Intl'];

/** Packages and modules, and the only files that may use them. */
const OWNERS = [
  { name: 'ajv', files: ['src/support/json.ts', 'test/**/*.ts'] },
  { name: 'piscina', files: ['src/campaign/pool.ts'] },
  { name: 'write-file-atomic', files: ['src/support/files.ts'] },
  { name: 'commander', files: ['src/cli/**/*.ts'] },
  { name: 'cli-progress', files: ['src/cli/run.ts'] },
  { name: 'cli-table3', files: ['src/cli/print.ts'] },
  { name: 'fast-check', files: ['test/**/*.ts'] },
];

const restrictPackages = (file) => ({
  paths: OWNERS.filter(({ files }) => !files.includes(file)).map(({ name, files }) => ({
    name,
    message: `only ${files.join(', ')} may use it`,
  })),
});

/** Wide patterns first: of two that match a file, the later one counts. */
const exceptions = [...new Set(OWNERS.flatMap(({ files }) => files))].sort(
  (a, b) => Number(b.includes('*')) - Number(a.includes('*')),
);

export default defineConfig(
  { ignores: ['dist/**', 'node_modules/**', '.config/**'] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: `${import.meta.dirname}/..` },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/strict-boolean-expressions': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      'max-len': [
        'error',
        { code: 110, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreUrls: true },
      ],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'draw from support/choice.ts' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'use a table "as const"' },
        { selector: 'ExportDefaultDeclaration', message: 'export by name' },
        {
          selector: 'CallExpression[callee.property.name="sort"][arguments.length=0]',
          message: 'name the order',
        },
        {
          selector: 'CallExpression[callee.property.name="localeCompare"]',
          message: 'locales differ',
        },
      ],
      'no-restricted-imports': ['error', restrictPackages('')],
    },
  },
  ...exceptions.map((file) => ({
    files: [file],
    rules: { 'no-restricted-imports': ['error', restrictPackages(file)] },
  })),
  {
    files: PURE,
    rules: {
      'no-restricted-globals': [
        'error',
        ...CLOCKS.map((name) => ({ name, message: 'execution has no clock and no timers' })),
      ],
      '@typescript-eslint/no-restricted-types': [
        'error',
        { types: { Promise: 'the line is synchronous' } },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // describe() and test() of node:test return promises that the runner awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it'] },
          ],
        },
      ],
      'max-lines-per-function': 'off',
    },
  },
);
