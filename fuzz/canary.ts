/** whole-line.ts on a kernel full of bugs: must find one soon, or the plumbing is broken. */
import { hunter } from './hunt.js';

export const fuzz = hunter({ kernel: 'dax-v8', bugs: [] });
