import type { InputRequestEvent, OutputEvent, ResultEvent } from './events.js'
import { absolutePath } from './paths.js'
import { definitionsOf, type Tools } from './tools.js'
import type { TraceSource } from './trace.js'

/** What all runs have in common. */
export interface RunOptions {
  /** The sandbox ends the run after this time, with exit code 124. Default: 300 for code, none for programs. */
  timeoutSeconds?: number | undefined
  /** 0 to 300, from an interrupt or the timeout to the kill, which loses the variables. Default: 5. */
  graceSeconds?: number | undefined
  /** Environment variables of this run, at most 64 KiB in all. */
  env?: Record<string, string> | undefined
  /** A name to find the run by, at most 64 characters. */
  tag?: string | undefined
  /** `interrupt` ends the run when nobody has read its events for `disconnectSeconds` (0.1 to 3,600, default 10). Default: `continue`. */
  onDisconnect?: 'continue' | 'interrupt' | undefined
  disconnectSeconds?: number | undefined
  /** `false` keeps the code and output of this run from the tenant's telemetry destination. */
  captureContent?: false | undefined
  /** The trace of this run (W3C Trace Context). Default: the current span, else that of the client. */
  traceparent?: TraceSource | undefined
  /** The sandbox starts one run for each key, however often it is sent. Default: a new one for each call. */
  idempotencyKey?: string | undefined
  /** Aborting it interrupts the run in the sandbox, waits up to 5 seconds for its end, and rejects with the signal's reason. */
  signal?: AbortSignal | undefined
}

export interface CodeOptions extends RunOptions {
  /** `python` (a process whose variables are kept) or `bash` (a new process for each run). Default: `python`. */
  language?: 'python' | 'bash' | undefined
  /** The id of the context that runs it, which then decides the language. */
  context?: string | undefined
  /** `true` runs Python in an interpreter of its own. `alone` ends every other process and run of the sandbox first. */
  fresh?: boolean | 'alone' | undefined
  /** Which top-level expressions of Python give results. Default: `last`. With `none`, the code is plain Python. */
  display?: 'last' | 'all' | 'none' | undefined
  /** Opens the input of the run for `RunStream.send`. */
  stdin?: boolean | undefined
  /**
   * Functions of this program that Python code may call, as `tools.search(q="x")` or `await call_tool_async("search", q="x")`. `runCode` carries them
   * out, up to 16 at a time; of other calls only the definitions are used, and `RunStream.answerToolCall` answers. The code may keep the results: offer
   * only what you would offer to a model.
   */
  tools?: Tools | undefined
  /** How long a call of a tool waits for its result. Default: 60. */
  toolTimeoutSeconds?: number | undefined
}

/** Called with each event as it arrives. A callback may be asynchronous; the next event waits for it. */
export interface Callbacks {
  onStdout?: ((text: string, event: OutputEvent) => unknown) | undefined
  onStderr?: ((text: string, event: OutputEvent) => unknown) | undefined
  onResult?: ((result: ResultEvent) => unknown) | undefined
}

/** What a run reads: data, or a function that returns the line for each `input()`, or `undefined` for the end of the input. */
export type Input = string | Uint8Array | ((request: InputRequestEvent) => string | undefined | Promise<string | undefined>)

export interface RunCodeOptions extends Omit<CodeOptions, 'stdin'>, Callbacks {
  /** Default: the input is empty. */
  stdin?: Input | undefined
}

export interface ProcessOptions extends RunOptions {
  /** The folder in which it starts. Default: `/root`. */
  cwd?: string | undefined
  /** Opens the input of the run for `RunStream.send`. */
  stdin?: boolean | undefined
  /** Gives the program a terminal of this size. */
  pty?: { cols: number, rows: number } | undefined
  /** `stdout` sends both to one stream, in exact order. Otherwise the order of the two is only approximate. */
  stderr?: 'separate' | 'stdout' | undefined
}

export interface RunProcessOptions extends Omit<ProcessOptions, 'stdin' | 'pty'>, Callbacks {
  /** Default: the input is empty. */
  stdin?: string | Uint8Array | undefined
}

/** A program: text for `bash -c`, or the program and its arguments. */
export type Command = string | readonly string[]

/** @internal */ export function codeBody (code: string, options: CodeOptions): Record<string, unknown> {
  if (typeof code !== 'string') throw new TypeError(`code must be a string, not ${typeof code}`)
  if (options.context !== undefined && options.fresh) throw new RangeError('fresh code runs in no context: pass either fresh or context')
  return {
    code,
    // A context decides the language.
    language: options.context === undefined ? options.language ?? 'python' : undefined,
    context: options.context,
    fresh: options.fresh || undefined,
    display: options.display,
    tools: definitionsOf(options.tools),
    tool_timeout_seconds: options.toolTimeoutSeconds,
    ...common(options)
  }
}

/** @internal */ export function processBody (command: Command, options: ProcessOptions): Record<string, unknown> {
  if (typeof command !== 'string' && command.length === 0) throw new RangeError('the command must not be empty')
  return {
    ...(typeof command === 'string' ? { command } : { argv: command }),
    cwd: options.cwd === undefined ? undefined : absolutePath(options.cwd),
    pty: options.pty,
    stderr: options.stderr === 'stdout' ? 'stdout' : undefined,
    ...common(options),
    // A terminal always has an input.
    stdin: (options.stdin && options.pty === undefined) || undefined
  }
}

function common (options: RunOptions & { stdin?: boolean | undefined }): Record<string, unknown> {
  return {
    stdin: options.stdin || undefined,
    grace_seconds: options.graceSeconds,
    tag: options.tag,
    timeout_seconds: options.timeoutSeconds,
    env: options.env,
    on_disconnect: options.onDisconnect,
    capture_content: options.captureContent,
    disconnect_seconds: options.disconnectSeconds
  }
}
