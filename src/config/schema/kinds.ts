/**
 * The kinds of value that a file may hold, as data, in zod's words. By them schema-read.ts reads what is right, and zod-schema.ts makes zod's own
 * schemas, which can tell what is wrong: two thousand of those take longer to make than a file takes to read, and most files have nothing wrong.
 */

/** What is wrong with a value, found beyond its kind; as zod has it. */
export interface OwnIssue {
  readonly code: 'custom';
  readonly input: unknown;
  readonly message: string;
  /** within the value */
  readonly path?: PropertyKey[];
  readonly params: Record<string, unknown>;
}

/** Where `transform` tells it; it gives `noValue` then. */
export interface Refinement {
  readonly issues: { hasAny(): boolean; push(issue: OwnIssue): unknown };
}

/** In place of a value that is not right. */
export const noValue: never = Object.freeze({ status: 'aborted' }) as never;

/** What an issue of ours carries beside its message. */
export interface IssueDetails {
  /** this part is known but not built yet */
  readonly notSupported?: string;
  /** the key itself is at fault, not its value */
  readonly key?: boolean;
  /** what is wrong, when "cannot be ..." does not say it */
  readonly problem?: string;
  readonly suggestion?: string | undefined;
}

export type Fail = (details?: IssueDetails, expected?: string) => never;

export type Shape = Readonly<Record<string, Schema>>;

/** What a value is read to. */
export type Output<S extends { readonly output: unknown }> = S['output'];

type Merged<T> = { [Key in keyof T]: T[Key] };

/** Of a mapping: keys that may be left out, and those that are there always. */
type MappingOutput<S extends Shape> = Merged<
  { [Key in keyof S as S[Key] extends Schema<unknown, true> ? Key : never]?: Output<S[Key]> } & { [Key in keyof S as S[Key] extends Schema<unknown, true> ? never : Key]: Output<S[Key]> }
>;

/** `error`: what would be right. */
export type Form =
  /** text with a meaning: `read` gives it, or fails */
  | { readonly kind: 'text'; readonly error: string; read(text: string, fail: Fail): unknown; readonly jsonSchema: Readonly<Record<string, unknown>> }
  | { readonly kind: 'string'; readonly error: string; readonly pattern?: RegExp }
  | { readonly kind: 'number'; readonly error: string; readonly isWhole: boolean; readonly from?: number | undefined; readonly to?: number | undefined; readonly isAllowed?: (value: number) => boolean }
  | { readonly kind: 'boolean'; readonly error?: string }
  | { readonly kind: 'literal'; readonly error: string; readonly values: readonly (string | number)[] }
  | { readonly kind: 'tuple'; readonly error: string; readonly items: readonly Schema[] }
  | { readonly kind: 'record'; readonly error: string; readonly key: Schema; readonly value: Schema }
  | { readonly kind: 'list'; readonly error: string; readonly item: Schema; readonly bounds: readonly Bound[] }
  | { readonly kind: 'mapping'; readonly shape: Shape; readonly isRemembered: boolean }
  | { readonly kind: 'union'; readonly error: string; readonly options: readonly Schema[] }
  | { readonly kind: 'transform'; readonly inner: Schema; to(value: unknown, context: Refinement): unknown }
  | { readonly kind: 'optional'; readonly inner: Schema }
  /** `value` is read where nothing stands */
  | { readonly kind: 'prefault'; readonly inner: Schema; readonly value: unknown }
  | { readonly kind: 'described'; readonly inner: Schema; readonly description: string }
  /** `more`: what its JSON Schema has beside */
  | { readonly kind: 'noted'; readonly inner: Schema; readonly more: Readonly<Record<string, unknown>> };

/** What must hold of a list beside its items. */
export type Bound = { readonly error: string } & ({ readonly min: number } | { readonly max: number } | { isRight(items: readonly unknown[]): boolean });

/** `T`: what a value is read to; `Optional`: whether there may be none. */
export class Schema<out T = unknown, out Optional extends boolean = boolean> {
  declare readonly output: T;

  constructor(
    readonly form: Form,
    readonly isOptional: Optional,
  ) {}

  optional(): Schema<T | undefined, true> {
    return new Schema({ kind: 'optional', inner: this }, true);
  }

  prefault(value: unknown): Schema<T, false> {
    return new Schema({ kind: 'prefault', inner: this, value }, false);
  }

  transform<U>(to: (value: T, context: Refinement) => U): Schema<U, false> {
    return new Schema({ kind: 'transform', inner: this, to }, false);
  }

  describe(description: string): Schema<T, Optional> {
    return new Schema({ kind: 'described', inner: this, description }, this.isOptional);
  }

  meta(more: Readonly<Record<string, unknown>>): Schema<T, Optional> {
    return new Schema({ kind: 'noted', inner: this, more }, this.isOptional);
  }
}

export class ListSchema<out Item> extends Schema<readonly Item[], false> {
  constructor(
    private readonly item: Schema<Item>,
    private readonly error: string,
    private readonly bounds: readonly Bound[] = [],
  ) {
    super({ kind: 'list', item, error, bounds }, false);
  }

  min(min: number, { error }: { readonly error: string }): ListSchema<Item> {
    return new ListSchema(this.item, this.error, [...this.bounds, { min, error }]);
  }

  max(max: number, { error }: { readonly error: string }): ListSchema<Item> {
    return new ListSchema(this.item, this.error, [...this.bounds, { max, error }]);
  }

  refine(isRight: (items: readonly Item[]) => boolean, { error }: { readonly error: string }): ListSchema<Item> {
    return new ListSchema(this.item, this.error, [...this.bounds, { isRight: isRight as (items: readonly unknown[]) => boolean, error }]);
  }
}

export class MappingSchema<S extends Shape> extends Schema<MappingOutput<S>, false> {
  constructor(
    readonly shape: S,
    isRemembered = false,
  ) {
    super({ kind: 'mapping', shape, isRemembered }, false);
  }

  /** For what a reload leaves as it is: the same value is the same result. */
  remembered(): MappingSchema<S> {
    return new MappingSchema(this.shape, true);
  }
}

interface Expected {
  readonly error: string;
}

/** Text with a meaning: `read` gives it, or fails; `expected` says what would be right. */
export const textual = <T>(expected: string, read: (text: string, fail: Fail) => T, jsonSchema: Readonly<Record<string, unknown>> = {}): Schema<T, false> => new Schema({ kind: 'text', error: expected, read, jsonSchema }, false);

/** A mapping of exactly these keys. */
export const mapping = <const S extends Shape>(shape: S): MappingSchema<S> => new MappingSchema(shape);

export const list = <Item>(item: Schema<Item>, expected: string): ListSchema<Item> => new ListSchema(item, expected);

export const string = (how: Expected & { readonly pattern?: RegExp }): Schema<string, false> => new Schema({ kind: 'string', ...how }, false);

export const number = (how: Expected & { readonly from?: number }): Schema<number, false> => new Schema({ kind: 'number', isWhole: false, ...how }, false);

/** Of those that are exact. */
export const integer = (how: Expected & { readonly from?: number | undefined; readonly to?: number | undefined; readonly isAllowed?: (value: number) => boolean }): Schema<number, false> => new Schema({ kind: 'number', isWhole: true, ...how }, false);

export const boolean = (how: Partial<Expected> = {}): Schema<boolean, false> => new Schema({ kind: 'boolean', ...how }, false);

export const literal = <const T extends string | number>(values: readonly T[], { error }: Expected): Schema<T, false> => new Schema({ kind: 'literal', values, error }, false);

export const tuple = <const Items extends readonly Schema[]>(items: Items, { error }: Expected): Schema<{ readonly [Index in keyof Items]: Output<Items[Index]> }, false> => new Schema({ kind: 'tuple', items, error }, false);

export const record = <T>(key: Schema<string>, value: Schema<T>, { error }: Expected): Schema<Readonly<Record<string, T>>, false> => new Schema({ kind: 'record', key, value, error }, false);

/** The first of the options that the value is right for. */
export const union = <const Options extends readonly Schema[]>(options: Options, { error }: Expected): Schema<Output<Options[number]>, false> => new Schema({ kind: 'union', options, error }, false);
