/**
 * The JSON Schemas of what the verbs print with `--json`: the documentation of those outputs. They are not
 * applied while printing (a test holds them equal to what is printed); scripts may apply them when reading.
 */
import bugs from './schemas/bugs.schema.json';
import conformance from './schemas/conformance.schema.json';
import compare from './schemas/compare.schema.json';
import doctor from './schemas/doctor.schema.json';
import kernels from './schemas/kernels.schema.json';
import litmus from './schemas/litmus.schema.json';
import replay from './schemas/replay.schema.json';
import run from './schemas/run.schema.json';
import validate from './schemas/validate.schema.json';

/** The verbs that have `--json`. */
export type JsonVerb =
  | 'run'
  | 'replay'
  | 'compare'
  | 'validate'
  | 'conformance'
  | 'litmus'
  | 'kernels'
  | 'bugs'
  | 'doctor';

/** By verb; each in draft-07, with the meaning and the unit of every field. */
export const OUTPUT_SCHEMAS: Readonly<Record<JsonVerb, object>> = {
  run,
  replay,
  compare,
  validate,
  conformance,
  litmus,
  kernels,
  bugs,
  doctor,
};
