/** Programs and schedules out of bytes, through the whole line, on mainline: nothing may be found. */
import { hunter } from './hunt.js';

export const fuzz = hunter({ kernel: 'mainline', bugs: [] });
