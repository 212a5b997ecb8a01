/** A trace context of the caller (W3C Trace Context), as it is sent. */
export interface Trace {
  readonly traceparent: string
  readonly tracestate?: string | undefined
}

/** A `traceparent`, or a function that returns the one of the moment, such as that of the current span. */
export type TraceSource = string | (() => string | Trace | undefined)

// W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent".
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The headers for the trace of a call: the argument, else the current OpenTelemetry span, else the default. @internal */
export function traceHeaders (argument: TraceSource | undefined, fallback: TraceSource | undefined): Record<string, string> {
  const trace = traceOf(argument) ?? currentSpan() ?? traceOf(fallback)
  if (trace === undefined) return {}
  return trace.tracestate ? { traceparent: trace.traceparent, tracestate: trace.tracestate } : { traceparent: trace.traceparent }
}

function traceOf (source: TraceSource | undefined): Trace | undefined {
  const found = typeof source === 'function' ? source() : source
  if (found === undefined) return undefined
  const trace = typeof found === 'string' ? { traceparent: found } : found
  if (TRACEPARENT.test(trace.traceparent)) return trace
  throw new RangeError(`traceparent is not valid: ${JSON.stringify(trace.traceparent.slice(0, 80))}; it looks like 00-<32 hex digits>-<16 hex digits>-01`)
}

interface OpenTelemetryContext {
  getValue (key: symbol): unknown
  setValue (key: symbol, value: unknown): OpenTelemetryContext
}

interface OpenTelemetryApi {
  context?: { active (): OpenTelemetryContext, with<T> (context: OpenTelemetryContext, call: () => T): T }
}

interface Span {
  spanContext (): { traceId: string, spanId: string, traceFlags: number, traceState?: { serialize (): string } }
}

/** The span of the OpenTelemetry API, if the program has loaded that package. It registers itself under a global symbol. */
function currentSpan (): Trace | undefined {
  const span = openTelemetry()?.active().getValue(SPAN_KEY) as Span | undefined
  if (typeof span?.spanContext !== 'function') return undefined
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 3).toString(16).padStart(2, '0')}`
  return TRACEPARENT.test(traceparent) ? { traceparent, tracestate: traceState?.serialize() } : undefined
}

const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN')

function openTelemetry (): OpenTelemetryApi['context'] {
  return ((globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')] as OpenTelemetryApi | undefined)?.context
}

/** Calls a function with this trace as the current one, if the program has loaded the OpenTelemetry API. @internal */
export function withTrace<T> (traceparent: string | undefined, call: () => T): T {
  const context = openTelemetry()
  if (context === undefined || traceparent === undefined || !TRACEPARENT.test(traceparent)) return call()
  const [, traceId, spanId, flags] = traceparent.split('-') as [string, string, string, string]
  const spanContext = { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true }
  // A span that only has its context, as the API's own wrapSpanContext makes it.
  const nothing = (): unknown => span
  const span = {
    spanContext: () => spanContext, isRecording: () => false, setAttribute: nothing, setAttributes: nothing, addEvent: nothing, addLink: nothing, addLinks: nothing,
    setStatus: nothing, updateName: nothing, end: () => undefined, recordException: () => undefined
  }
  return context.with(context.active().setValue(SPAN_KEY, span), call)
}
