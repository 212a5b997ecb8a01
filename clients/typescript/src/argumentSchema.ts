// Validates the arguments of a tool call against the tool's JSON schema. clients/vectors/tool_arguments.json has the rules and examples, for all clients.
// A schema becomes a tree of functions, each of which returns the first violation that it finds.

const MAX_DEPTH = 128
const MAX_STEPS = 200_000
const MAX_MATCHED = 4_096
const MAX_ERROR = 500
const MAX_DETAIL = 200
const MAX_NAME = 32

interface Path { readonly parent: Path | undefined, readonly key: string | number }
interface Violation { readonly path: Path | undefined, readonly text: string, readonly alternatives?: readonly Violation[] }
type Check = (value: unknown, path: Path | undefined, pass: Pass) => Violation | undefined
type Schema = Readonly<Record<string, unknown>>
type Keyword = (argument: any, compile: (schema: unknown) => Check, schema: Schema) => Check | undefined // eslint-disable-line @typescript-eslint/no-explicit-any

/** What one validation may still do. The arguments come from untrusted code, so their size and depth are limited. */
class Pass {
  depth = 0
  constructor (private steps = MAX_STEPS) {}

  /** Counts a value, and refuses what not every language can hold. */
  enter (value: unknown, path: Path | undefined): void {
    this.depth++
    const texts = typeof value === 'string' ? [value] : isObject(value) ? Object.keys(value) : []
    this.steps -= 1 + ((Array.isArray(value) || typeof value === 'string' ? value : texts).length >> 6)
    if (this.steps < 0) throw new Error('the arguments are too large to be validated')
    if (this.depth > MAX_DEPTH) throw new Error('the arguments are nested too deeply to be validated')
    const text = /\p{Cs}/u.test(texts.join()) ? 'is not valid Unicode'
      : texts.some(name => name !== value && name.length > MAX_MATCHED) ? 'has a name that is too long'
        : typeof value === 'number' && !Number.isFinite(value) ? 'is out of the range of numbers' : undefined
    if (text !== undefined) throw new Error(messageOf({ path, text }))
  }

  /** A text that is the same for equal values only. */
  key (value: unknown, path?: Path): string {
    return JSON.stringify(value, (_, item: unknown) => {
      this.enter(item, path)
      this.depth--
      return isObject(item) ? Object.fromEntries(Object.keys(item).sort().map(name => [name, item[name]])) : item
    })
  }
}

/** A function that throws an `Error` for arguments that do not match the schema. RangeError for a schema with a pattern or a reference that cannot be used. */
export function argumentCheck (schema: unknown): (value: unknown) => void {
  const references = new Map<string, Check>()
  const compile = (part: unknown): Check => {
    if (part === false) return (_, path) => ({ path, text: 'is not allowed' })
    const keywords = isObject(part) ? part : {}
    const check = all(Object.entries(keywords).map(([name, argument]) => KEYWORDS.get(name)?.(argument, name === '$ref' ? refer : compile, keywords)))
    return (value, path, pass) => {
      // Generators of schemas often write such a default beside a type without null.
      if (value === null && keywords['default'] === null) return undefined
      pass.enter(value, path)
      const violation = check(value, path, pass)
      pass.depth--
      return violation
    }
  }
  const refer = (name: any): Check => { // eslint-disable-line @typescript-eslint/no-explicit-any
    // The schema may refer to itself, so it is looked up when it is used.
    if (!references.has(name)) references.set(name, compile(true)).set(name, compile(resolve(schema, name)))
    return (value, path, pass) => references.get(name)!(value, path, pass)
  }
  const check = compile(schema)
  return value => {
    const violation = check(value, undefined, new Pass())
    if (violation !== undefined) throw new Error(messageOf(violation))
  }
}

const NOUNS = new Map(['boolean', 'integer', 'number', 'string', 'array', 'object'].map(name => [name, `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`])).set('null', 'null')

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)
const characters = (text: string): number => text.length - (text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0)
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const list = (value: unknown, otherwise: any[] = []): any[] => Array.isArray(value) ? value : otherwise
const numeric = (value: unknown): number | undefined => typeof value === 'number' ? value : undefined
const entries = (value: unknown): Array<[string, unknown]> => isObject(value) ? Object.entries(value) : []
const kindOf = (value: unknown): string => value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value

const KEYWORDS = new Map<string, Keyword>(Object.entries<Keyword>({
  $ref: (reference, refer) => typeof reference === 'string' ? refer(reference) : undefined,
  type: argument => {
    const names = list(argument, [argument]).filter(name => NOUNS.has(name))
    const expected = names.map(name => NOUNS.get(name)).join(' or ')
    return names.length === 0 ? undefined : (value, path) => {
      const kind = kindOf(value)
      return names.includes(kind) || (names.includes('integer') && Number.isInteger(value)) ? undefined : { path, text: `must be ${expected}, not ${NOUNS.get(kind)!}` }
    }
  },
  enum: argument => Array.isArray(argument) ? oneOf(argument, `must be one of ${argument.map(shown).join(', ')}`) : undefined,
  const: argument => oneOf([argument], `must be ${shown(argument)}`),
  properties: (argument, compile) => {
    const checks = new Map(entries(argument).map(([name, schema]) => [name, compile(schema)]))
    return members(name => checks.get(name))
  },
  patternProperties: (argument, compile) => {
    const checks = entries(argument).map(([pattern, schema]) => [patternOf(pattern), compile(schema)] as const)
    return members(name => all(checks.filter(([pattern]) => pattern.test(name)).map(([, check]) => check)))
  },
  additionalProperties: (argument, compile, schema) => {
    const check = compile(argument)
    const known = new Map(entries(schema['properties']))
    const patterns = entries(schema['patternProperties']).map(([pattern]) => patternOf(pattern))
    return members(name => known.has(name) || patterns.some(pattern => pattern.test(name)) ? undefined : check)
  },
  required: argument => {
    const names = list(argument).filter(name => typeof name === 'string')
    return (value, path) => isObject(value) ? first(names, name => Object.hasOwn(value, name) ? undefined : { path: { parent: path, key: name }, text: 'is required' }) : undefined
  },
  prefixItems: (argument, compile) => {
    const checks = list(argument).map(compile)
    return items(index => checks[index])
  },
  items: (argument, compile, schema) => {
    const check = compile(argument)
    const start = list(schema['prefixItems']).length
    return items(index => index < start ? undefined : check)
  },
  uniqueItems: argument => argument !== true ? undefined : (value, path, pass) => {
    const seen = new Set<string>()
    return items(index => (item, path) => seen.add(pass.key(item, path)).size > index ? undefined : { path, text: 'repeats an earlier item' })(value, path, pass)
  },
  pattern: argument => {
    if (typeof argument !== 'string') return undefined
    const pattern = patternOf(argument)
    const text = cut(`must match the pattern ${argument}`, MAX_DETAIL)
    return (value, path) => typeof value !== 'string' ? undefined
      : characters(value) > MAX_MATCHED ? { path, text: `must have ${MAX_MATCHED} or fewer characters` } : pattern.test(value) ? undefined : { path, text }
  },
  anyOf: (argument, compile) => alternatives(argument, compile, 0),
  oneOf: (argument, compile) => alternatives(argument, compile, 1),
  allOf: (argument, compile) => all(list(argument).map(compile)),
  not: (argument, compile) => {
    const check = compile(argument)
    return (value, path, pass) => check(value, path, pass) === undefined ? { path, text: 'matches what is excluded' } : undefined
  },
  minimum: bound(numeric, (value, limit) => value >= limit, 'must be {} or more'),
  maximum: bound(numeric, (value, limit) => value <= limit, 'must be {} or less'),
  exclusiveMinimum: bound(numeric, (value, limit) => value > limit, 'must be more than {}'),
  exclusiveMaximum: bound(numeric, (value, limit) => value < limit, 'must be less than {}'),
  multipleOf: bound(numeric, isMultiple, 'must be a multiple of {}'),
  ...sizes('Length', value => typeof value === 'string' ? characters(value) : undefined, 'characters'),
  ...sizes('Items', value => Array.isArray(value) ? value.length : undefined),
  ...sizes('Properties', value => isObject(value) ? Object.keys(value).length : undefined)
}))

function first<T> (values: readonly T[], look: (value: T, index: number) => Violation | undefined): Violation | undefined {
  let violation: Violation | undefined
  values.some((value, index) => (violation = look(value, index)) !== undefined)
  return violation
}

function all (checks: ReadonlyArray<Check | undefined>): Check {
  return (value, path, pass) => first(checks, check => check?.(value, path, pass))
}

function members (checkOf: (name: string) => Check | undefined): Check {
  return (value, parent, pass) => isObject(value) ? first(Object.keys(value), key => checkOf(key)?.(value[key], { parent, key }, pass)) : undefined
}

function items (checkOf: (index: number) => Check | undefined): Check {
  return (value, parent, pass) => Array.isArray(value) ? first(value, (item, key) => checkOf(key)?.(item, { parent, key }, pass)) : undefined
}

function oneOf (values: readonly unknown[], text: string): Check {
  const keys = new Set(values.map(value => new Pass(Infinity).key(value)))
  return (value, path, pass) => keys.has(pass.key(value, path)) ? undefined : { path, text: cut(text, MAX_DETAIL) }
}

/** `most`: how many may match, or 0 if the first that does is enough. */
function alternatives (argument: unknown, compile: (schema: unknown) => Check, most: number): Check | undefined {
  const checks = list(argument).map(compile)
  return checks.length === 0 ? undefined : (value, path, pass) => {
    let matched = 0
    const violations: Violation[] = []
    for (const check of checks) {
      const violation = check(value, path, pass)
      if (violation !== undefined) violations.push(violation)
      else if (matched++ === most) return most > 0 ? { path, text: 'matches more than one alternative' } : undefined
    }
    return matched > 0 ? undefined : { path, text: 'matches no alternative', alternatives: violations }
  }
}

function bound (measure: (value: unknown) => number | undefined, holds: (value: number, limit: number) => boolean, text: string): Keyword {
  return limit => !Number.isFinite(limit) ? undefined : (value, path) => {
    const measured = measure(value)
    return measured === undefined || holds(measured, limit) ? undefined : { path, text: text.replace('{}', shown(limit)) }
  }
}

function sizes (of: string, measure: (value: unknown) => number | undefined, noun = of.toLowerCase()): Record<string, Keyword> {
  return {
    [`min${of}`]: bound(measure, (value, limit) => value >= limit, `must have {} or more ${noun}`),
    [`max${of}`]: bound(measure, (value, limit) => value <= limit, `must have {} or fewer ${noun}`)
  }
}

function isMultiple (value: number, divisor: number): boolean {
  if (divisor <= 0 || value % divisor === 0) return true
  // 4.35 is a multiple of 0.01, although neither is exactly what it says.
  return !Number.isInteger(divisor) && Math.abs(Math.floor(value / divisor + 0.5) * divisor - value) <= Math.abs(value) * 2 ** -51
}

function member (parent: any, name: string): unknown { // eslint-disable-line @typescript-eslint/no-explicit-any
  if (typeof parent !== 'object' || !Object.keys(parent).includes(name)) throw new RangeError(name)
  return parent[name]
}

function resolve (schema: unknown, reference: string): unknown {
  try {
    const [start, ...parts] = decodeURIComponent(reference).split('/')
    if (start === '#') return parts.map(part => part.replaceAll('~1', '/').replaceAll('~0', '~')).reduce(member, schema)
  } catch {}
  throw new RangeError(`the reference ${reference} cannot be resolved`)
}

function patternOf (pattern: string): RegExp {
  // Some patterns have escapes that Unicode mode refuses.
  for (const flags of ['u', '']) {
    try {
      return new RegExp(pattern, flags)
    } catch {}
  }
  throw new RangeError(`the pattern ${pattern} cannot be used`)
}

function shown (value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (typeof value !== 'number') return typeof value === 'object' && value !== null ? '…' : String(value)
  const size = Math.abs(value)
  return (Number.isInteger(value) ? size < 2 ** 53 : size >= 1e-4 && size < 1e15) ? String(value) : '…'
}

function messageOf ({ path, text, alternatives = [] }: Violation): string {
  const told = alternatives.slice(0, 3).map(one => one.path === path ? one.text : `${place(one.path)} ${one.text}`)
  return cut(`${place(path)} ${text}${told.length > 0 ? `: ${told.join('; ')}` : ''}`, MAX_ERROR)
}

function place (path: Path | undefined): string {
  const keys: string[] = []
  for (let at = path; at !== undefined; at = at.parent) {
    const { key } = at
    keys.unshift(typeof key === 'number' ? `[${key}]` : /^[A-Za-z_]\w*$/.test(key) && key.length <= MAX_NAME ? `.${key}` : `["${cut(key, MAX_NAME)}"]`)
  }
  if (keys.length > 10) keys.splice(6, keys.length - 10, '…')
  return `arguments${keys.join('')}`
}

function cut (text: string, length: number): string {
  const start = [...text.slice(0, 2 * length + 2)]
  return start.length > length ? `${start.slice(0, length).join('')}…` : text
}
