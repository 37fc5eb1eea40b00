/**
 * JSON that comes from outside: the text is parsed, and its form checked against a JSON Schema, before
 * anything acts on it. What is wrong is said in one sentence.
 */
import { Ajv } from 'ajv';
import type { Options, ValidateFunction } from 'ajv';
import { messageOf, UsageError } from './assert.js';

/** @throws UsageError that starts with `source`. */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${source}: not JSON (${messageOf(error)}); the file may be truncated, take another copy`,
    );
  }
}

/** The form that a schema, or the part of it that `pointer` names, gives to values of type T. */
export class JsonForm<T> {
  private validator: ValidateFunction | null = null;

  constructor(
    private readonly schema: { readonly $id: string },
    private readonly pointer = '#',
    private readonly options: Options = {},
  ) {}

  fits(value: unknown): value is T {
    // Compiled when first needed: most runs read no such file.
    this.validator ??= new Ajv({ strict: true, ...this.options })
      .addSchema(this.schema)
      .compile({ $ref: `${this.schema.$id}${this.pointer}` });
    return this.validator(value) === true;
  }

  /**
   * Of the value that did not fit, which is called `whole` if it is wrong as such. The last error is about
   * the whole, those before it about the reasons; the first names the place best.
   */
  firstProblem(whole: string): string {
    const problem = this.validator?.errors?.[0];
    if (problem === undefined) return 'it does not fit the schema';
    const place = problem.instancePath === '' ? whole : problem.instancePath;
    const { additionalProperty, tag, tagValue } = problem.params as Record<string, unknown>;
    if (problem.keyword === 'discriminator' && tagValue !== undefined) {
      return `${place}: unknown ${String(tag)} ${JSON.stringify(tagValue)}`;
    }
    const extra = typeof additionalProperty === 'string' ? ` ("${additionalProperty}")` : '';
    return `${place} ${problem.message ?? 'is wrong'}${extra}`;
  }
}
