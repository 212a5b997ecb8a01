/** A trace context of the caller (W3C Trace Context), as it is sent. */
export interface Trace {
  readonly traceparent: string
  readonly tracestate?: string | undefined
}

/** A `traceparent`, or a function that returns the one of the moment, such as that of the current span. */
export type TraceSource = string | (() => string | Trace | undefined)

// W3C Trace Context, "traceparent Header Field Values" and "Versioning of traceparent".
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The headers for the trace of a call: the argument, else the current OpenTelemetry span, else the default. */
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

interface OpenTelemetryApi {
  context?: { active (): { getValue (key: symbol): unknown } }
}

interface Span {
  spanContext (): { traceId: string, spanId: string, traceFlags: number, traceState?: { serialize (): string } }
}

/** The span of the OpenTelemetry API, if the program has loaded that package. It registers itself under a global symbol. */
function currentSpan (): Trace | undefined {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')] as OpenTelemetryApi | undefined
  const span = api?.context?.active().getValue(Symbol.for('OpenTelemetry Context Key SPAN')) as Span | undefined
  if (typeof span?.spanContext !== 'function') return undefined
  const { traceId, spanId, traceFlags, traceState } = span.spanContext()
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 3).toString(16).padStart(2, '0')}`
  return TRACEPARENT.test(traceparent) ? { traceparent, tracestate: traceState?.serialize() } : undefined
}
