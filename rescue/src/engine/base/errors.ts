/**
 * The one error class of the engine and its closed set of codes (error-table.ts). Anything thrown that is not a
 * {@link PermafrostError} is a bug and is shown as one.
 */
import { errorTable, type ErrorRow } from './error-table.ts';
import { asIs, recognise, say, type Said } from './remarks.ts';

/** Every code an engine error can carry. */
export type ErrorCode = keyof typeof errorTable;

/** All of them. */
export const errorCodes = Object.keys(errorTable) as readonly ErrorCode[];

/** The details that an error of code `C` carries. */
export type ErrorDetails<C extends ErrorCode> = Parameters<(typeof errorTable)[C]['message']>[0];

/** The plain form of an error: what reports, plans and `--json` print. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: object;
}

/** A failure that the program foresaw. Its text is for people; programs switch on {@link code}. */
export class PermafrostError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'PermafrostError';
  readonly code: C;
  readonly details: ErrorDetails<C>;

  constructor(code: C, details: ErrorDetails<C>, options?: { cause?: unknown }) {
    super((errorTable[code] as unknown as ErrorRow<ErrorDetails<C>>).message(details), options);
    this.code = code;
    this.details = details;
  }

  /** What the person at the console can do next. */
  get hint(): string {
    return (errorTable[this.code] as unknown as ErrorRow<ErrorDetails<C>>).hint(this.details);
  }

  /** The exit code of a command that ends with this error. */
  get exitCode(): number {
    return errorTable[this.code].exit;
  }

  toJSON(): ErrorReport {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details };
  }
}

/** Whether `error` is a {@link PermafrostError}, of code `code` where one is given. */
export function isPermafrostError<C extends ErrorCode>(
  error: unknown,
  code?: C,
): error is PermafrostError<C> {
  return error instanceof PermafrostError && (code === undefined || error.code === code);
}

/** What an error says, within a remark. */
export function errorWords(error: PermafrostError): Said {
  if (!isPermafrostError(error, 'structure/invalid')) return asIs(error.message);
  const { structure, problem, offset } = error.details;
  const known = recognise(problem);
  const place = offset === undefined ? structure : say('place/at', { place: structure, atStart: offset });
  // What is wrong inside of file systems is in the words of those who know them.
  return known === undefined
    ? say('damage/structure', { structure: place, detail: problem })
    : say('about/said', { place, remark: known.text });
}

/** The error that `report` is the plain form of; undefined for one of another version, or none. */
export function errorOfReport({ code, details }: ErrorReport): PermafrostError | undefined {
  if (!Object.hasOwn(errorTable, code)) return undefined;
  try {
    return new PermafrostError(code as ErrorCode, details);
  } catch {
    return undefined; // details of another version
  }
}

/** Throws `job/cancelled` if `signal` is aborted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new PermafrostError('job/cancelled', {});
}
