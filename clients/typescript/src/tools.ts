import { ToolCallClosedError, ToolCallNotFoundError } from './apiErrors.js'
import { argumentCheck } from './argumentSchema.js'
import { sleep } from './budget.js'
import { ApiError, PodflareError } from './errors.js'
import type { ToolRequestEvent } from './events.js'
import type { RunInfo } from './models.js'
import { withTrace } from './trace.js'

/** Calls that are carried out at a time; a server allows 16 open ones by default. */
const MOST_AT_ONCE = 16
const NAME = /^[A-Za-z0-9_.-]{1,128}$/
const MESSAGE_CHARS = 4_096

// How long a sandbox whose worker has just started is asked for its open calls.
const ASK_MILLISECONDS = 250
const ASK_TIMES = 40

/** What a tool knows of its call. */
export interface ToolContext {
  readonly runId: string | undefined
  /** Unique in its run; together with the run id a key by which a tool recognizes a repeated call. */
  readonly callId: string
  /** Aborted when the run has ended. */
  readonly signal: AbortSignal
}

/** Carries out a call. The arguments are written by the code in the sandbox, so they deserve as much trust as those from a model. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ToolFunction = (args: any, context: ToolContext) => unknown

/** A function that code in a sandbox may call, with what the code should know of it. */
export interface Tool {
  /** It returns what JSON can hold, or a promise of it. What it throws is raised in the code as `ToolError`. */
  execute: ToolFunction
  /** What it does; the documentation of its function in Python. */
  description?: string | undefined
  /** The JSON schema of the arguments, which those of each call are validated against; the signature of its function in Python. Default: any arguments. */
  inputSchema?: Readonly<Record<string, unknown>> | undefined
}

/** Functions of this program that code may call, by name. */
export type Tools = Readonly<Record<string, ToolFunction | Tool>>

/** As a request names them. @internal */
export function definitionsOf (tools: Tools | undefined): unknown[] | undefined {
  const names = Object.keys(tools ?? {})
  if (names.length === 0) return undefined
  return names.map(name => {
    if (!NAME.test(name)) throw new RangeError(`the name of a tool must be 1 to 128 letters, digits, _, - and ., not ${JSON.stringify(name)}`)
    const tool = tools![name]!
    if (typeof tool === 'function') return { name }
    if (typeof tool?.execute !== 'function') throw new TypeError(`the tool ${name} must be a function, or have one as execute`)
    checkOf(name, tool)
    return { name, description: tool.description, input_schema: tool.inputSchema }
  })
}

const checks = new WeakMap<object, (value: unknown) => void>()

/** Throws for arguments that do not match the schema of a tool. */
function checkOf (name: string, { inputSchema = {} }: Tool): (value: unknown) => void {
  try {
    const check = checks.get(inputSchema) ?? argumentCheck(inputSchema)
    checks.set(inputSchema, check)
    return check
  } catch (e) {
    throw new RangeError(`the tool ${name} has a schema that cannot be used: ${(e as Error).message}`)
  }
}

/** One answer to a call. @internal */
export type ToolResult = { call_id: string, content: unknown } | { call_id: string, error: { message: string } }

/** A run whose calls are answered. @internal */
export interface AnsweredRun {
  /** Whether the reader may see calls that were answered, or closed, before it sees them. */
  readonly mayRepeatCalls: boolean
  answer (results: readonly ToolResult[]): Promise<void>
  info (): Promise<RunInfo>
}

/** Carries out tools for one run. Nothing that a tool does ends the run. @internal */
export class ToolRunner {
  private readonly ended = new AbortController()
  private readonly waiting: Array<() => void> = []
  private places = MOST_AT_ONCE

  constructor (private readonly run: AnsweredRun, private readonly tools: Tools) {}

  /** Begins to answer a call. */
  begin (event: ToolRequestEvent): void {
    void this.answer(event)
  }

  /** The run has ended. */
  close (): void {
    this.ended.abort()
    for (const enter of this.waiting.splice(0)) enter()
  }

  private async answer (event: ToolRequestEvent): Promise<void> {
    if (this.places > 0) this.places--
    else await new Promise<void>(resolve => { this.waiting.push(resolve) })
    try {
      if (this.ended.signal.aborted || (this.run.mayRepeatCalls && !await this.isOpen(event.callId))) return
      await this.send(await this.call(event))
    } catch {
      // It could not be sent. The call fails in the sandbox when its time is over.
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.places++
      else next()
    }
  }

  private async call (event: ToolRequestEvent): Promise<ToolResult> {
    try {
      const tool = Object.hasOwn(this.tools, event.name) ? this.tools[event.name] : undefined
      if (tool === undefined) throw new Error(`there is no tool ${event.name}`)
      if (event.arguments === undefined) throw new TypeError('the arguments are not an object')
      if (typeof tool !== 'function') checkOf(event.name, tool)(event.arguments)
      const execute = typeof tool === 'function' ? tool : tool.execute
      const content = await withTrace(event.traceparent, () => execute(event.arguments, { runId: event.runId, callId: event.callId, signal: this.ended.signal }))
      // What JSON cannot hold throws here, so that the code learns it.
      return { call_id: event.callId, content: content === undefined ? null : JSON.parse(JSON.stringify(content)) as unknown }
    } catch (e) {
      return failure(event.callId, e)
    }
  }

  private async send (result: ToolResult): Promise<void> {
    try {
      await this.run.answer([result])
    } catch (e) {
      // It timed out, or its code no longer waits for it.
      if (e instanceof ToolCallClosedError || e instanceof ToolCallNotFoundError) return
      if (!(e instanceof ApiError) || (e.status !== 400 && e.status !== 413)) throw e
      // The call is still open, and the code learns why it gets no answer.
      await this.run.answer([failure(result.call_id, e)])
    }
  }

  private async isOpen (callId: string): Promise<boolean> {
    for (let asked = 0; asked < ASK_TIMES; asked++) {
      const info = await this.run.info()
      if (info.openToolCalls !== undefined) return info.openToolCalls.includes(callId)
      if (info.state === 'ended') return false
      await sleep(ASK_MILLISECONDS, this.ended.signal)
    }
    return true
  }
}

function failure (callId: string, error: unknown): ToolResult {
  const message = error instanceof Error ? `${error instanceof PodflareError || error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error)
  return { call_id: callId, error: { message: message.slice(0, MESSAGE_CHARS) } }
}
