import { bytesOfBase64 } from './base64.js'

interface EventBase {
  /** The number of the event in its run, from 1, without gaps. */
  readonly seq: number
  /** Unix time in milliseconds at which the sandbox saw it. */
  readonly ts: number
  readonly runId: string | undefined
}

/** Text that the code wrote: at most one line, including its newline. */
export interface OutputEvent extends EventBase {
  readonly type: 'stdout' | 'stderr'
  readonly data: string
  /** In background output: the id of the run whose code wrote it, if known. */
  readonly origin: string | undefined
}

/** The code waits for a line of input: `input()`, `getpass()`, or a read of an empty `sys.stdin`. Answer with `RunStream.send`. */
export interface InputRequestEvent extends EventBase {
  readonly type: 'input_request'
  /** The prompt. */
  readonly data: string
  /** Whether the input should not be shown. */
  readonly password: boolean
}

/** The code calls a tool. `runCode` answers the call. If you read the events yourself, answer it with `RunStream.answerToolCall`. */
export interface ToolRequestEvent extends EventBase {
  readonly type: 'tool_request'
  /** Unique in its run. */
  readonly callId: string
  readonly name: string
  /** `undefined` if the server could not read them. They are written by the code in the sandbox. */
  readonly arguments: Readonly<Record<string, unknown>> | undefined
  /** The span of the run. */
  readonly traceparent: string | undefined
}

/** A call of a tool was answered, or nobody waits for it any more. The answer itself is not kept. */
export interface ToolResponseEvent extends EventBase {
  readonly type: 'tool_response'
  readonly callId: string
  /** Whether it was answered without an error. */
  readonly ok: boolean
  /** `timeout`; `cancelled`: the code no longer waits; `undefined` for a call that was answered. */
  readonly reason: 'timeout' | 'cancelled' | (string & {}) | undefined
}

/** The process of a run has started. It is the first event of a process, a terminal or a watch; code has none. */
export interface StartEvent extends EventBase {
  readonly type: 'start'
  /** The process id in the sandbox; 0 for a watch. */
  readonly data: number
}

/** Output of a terminal, at most 64 KiB. It is not cut into lines, and a character may be split over two events. */
export interface TerminalEvent extends EventBase {
  readonly type: 'pty'
  readonly data: Uint8Array
}

/** A file or folder below a watched path has changed. */
export interface FileChangedEvent extends EventBase {
  readonly type: 'file'
  /** The absolute path. */
  readonly path: string
  /** `overflow`: changes were missed, so list the folder again. */
  readonly change: 'create' | 'modify' | 'delete' | 'rename' | 'attributes' | 'overflow' | (string & {})
  /** `file`, `directory` or `symlink`, if known. */
  readonly kind: string | undefined
  /** The earlier path, for a `rename`. */
  readonly movedFrom: string | undefined
}

/** So many bytes of background output are missing, because it was written faster than 64 KiB a second. */
export interface DroppedEvent extends EventBase {
  readonly type: 'dropped'
  readonly data: number
}

/** The uncaught exception that ended a run. Parts that the server does not report are empty. */
export interface CodeError {
  readonly name: string
  readonly value: string
  readonly traceback: string | undefined
}

/** The end of a run: the last event, exactly once. */
export interface ExitEvent extends EventBase {
  readonly type: 'exit'
  /**
   * 0; 1 for an uncaught exception; n for `sys.exit(n)`; 124 timeout; 130 interrupted; 137 killed; 255 lost; 126 and 127 for a program that
   * cannot be executed or is not found.
   */
  readonly code: number
  /** `timeout`, `interrupted`, `killed`, `expired`, `oom`, `crashed` or `lost`; `undefined` if the exit code says it all. */
  readonly reason: string | undefined
  readonly error: CodeError | undefined
  /** This end destroyed the variables of the run's context, as far as the server reports it. */
  readonly stateLost: boolean
  /** The signal that ended the process, such as `SIGTERM`. */
  readonly signal: string | undefined
}

/** An event of a type that this package does not know, from a newer server. */
export interface UnknownEvent extends EventBase {
  readonly type: 'unknown'
  /** The event as it was received. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** A value that the code displayed, in each representation that it has: the value of the last expression, `display(…)`, or a figure. */
export class ResultEvent implements EventBase {
  readonly type = 'result'

  constructor (
    /** By MIME type: text for text types, Base64 for images and PDF, a JSON value for JSON types. */
    readonly data: Readonly<Record<string, unknown>>,
    readonly seq: number,
    readonly ts: number,
    readonly runId: string | undefined,
    /** Whether it is the value of the last expression. */
    readonly main: boolean,
    /** Representations that were too large to be sent: their size in bytes, by MIME type. */
    readonly omitted: Readonly<Record<string, number>>,
    /** The MIME types whose value was cut because it was too long. */
    readonly truncated: readonly string[]
  ) {}

  /** `text/plain`: the `repr` of the value, of at most 64 KiB. */
  get text (): string | undefined { return this.string('text/plain') }
  get html (): string | undefined { return this.string('text/html') }
  get markdown (): string | undefined { return this.string('text/markdown') }
  get latex (): string | undefined { return this.string('text/latex') }
  get javascript (): string | undefined { return this.string('application/javascript') }
  get svg (): string | undefined { return this.string('image/svg+xml') }
  get png (): Uint8Array | undefined { return this.bytes('image/png') }
  get jpeg (): Uint8Array | undefined { return this.bytes('image/jpeg') }
  get pdf (): Uint8Array | undefined { return this.bytes('application/pdf') }
  /** The value of `application/json`. */
  get json (): unknown { return this.data['application/json'] }
  get isImage (): boolean { return Object.keys(this.data).some(mime => mime.startsWith('image/')) }

  private string (mime: string): string | undefined {
    const value = this.data[mime]
    return typeof value === 'string' ? value : undefined
  }

  private bytes (mime: string): Uint8Array | undefined {
    const value = this.string(mime)
    try {
      return value === undefined ? undefined : bytesOfBase64(value)
    } catch {
      return undefined
    }
  }
}

/** Any event. Later versions add types, so code that distinguishes them by `event.type` must accept others. */
export type Event =
  | OutputEvent | ResultEvent | InputRequestEvent | ToolRequestEvent | ToolResponseEvent | StartEvent | TerminalEvent | FileChangedEvent | DroppedEvent
  | ExitEvent | UnknownEvent
