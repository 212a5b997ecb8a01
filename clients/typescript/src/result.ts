import { StreamEndedError } from './errors.js'
import type { CodeError, Event, ExitEvent, ResultEvent } from './events.js'
import { endOf, imagesOf, MIN_CHARS, modelText, onLinesOfTheirOwn, type Piece } from './modelText.js'

/** What is known of a run besides its events. */
export interface RunFacts {
  readonly runId: string | undefined
  /** The trace that shows the run, 32 hex digits. */
  readonly traceId: string | undefined
  /** The variables of earlier runs are gone, because the Python process had died before this run. */
  readonly replRestarted: boolean
  /** An earlier call with the same idempotency key had started the run. */
  readonly wasReplayed: boolean
  /** What the server changed in the request, such as a timeout above the maximum. */
  readonly warnings: readonly string[]
}

/** A run that has ended. */
export class RunResult implements RunFacts {
  readonly runId: string | undefined
  readonly traceId: string | undefined
  readonly replRestarted: boolean
  readonly wasReplayed: boolean
  readonly warnings: readonly string[]
  /**
   * 0; 1 for an uncaught exception; n for `sys.exit(n)`; 124 timeout; 130 interrupted; 137 killed; 255 lost; 126 and 127 for a program that
   * cannot be executed or is not found.
   */
  readonly exitCode: number
  /** Why it ended, if the exit code does not say: `timeout`, `interrupted`, `killed`, `expired`, `oom`, `crashed` or `lost`. */
  readonly reason: string | undefined
  /** The uncaught exception, if the server reports it. */
  readonly error: CodeError | undefined
  /** The end of this run destroyed the variables, as far as the server reports it. */
  readonly stateLost: boolean
  /** The signal that ended the process, such as `SIGTERM`. */
  readonly signal: string | undefined

  /** @internal */
  constructor (
    facts: RunFacts,
    end: ExitEvent,
    /** What the code wrote to standard output; all output of a terminal. */
    readonly stdout: string,
    readonly stderr: string,
    /** Everything that the code printed: stdout and stderr in the order of the events. */
    readonly output: string,
    /** What the code displayed: the value of the last expression, `display(…)`, and figures. */
    readonly results: readonly ResultEvent[],
    private readonly places: readonly number[],
    /** There was more output than `maxResultChars`; the rest is missing. */
    readonly truncated: boolean,
    /** The time limit that the run was started with; `undefined` if it was not given, or was changed by the server. */
    readonly timeoutSeconds: number | undefined
  ) {
    this.runId = facts.runId
    this.traceId = facts.traceId
    this.replRestarted = facts.replRestarted
    this.wasReplayed = facts.wasReplayed
    this.warnings = facts.warnings
    this.exitCode = end.code
    this.reason = end.reason
    this.error = end.error
    this.stateLost = end.stateLost
    this.signal = end.signal
  }

  /** Whether the exit code is 0. */
  get ok (): boolean {
    return this.exitCode === 0
  }

  /** What a notebook would show: `output`, with the `text/plain` of each result on lines of its own. */
  get text (): string {
    const pieces: Piece[] = []
    let shown = 0
    this.results.forEach((result, index) => {
      const place = this.places[index]!
      pieces.push([this.output.slice(shown, place), false], [result.text ?? '', true])
      shown = place
    })
    return onLinesOfTheirOwn([...pieces, [this.output.slice(shown), false]])
  }

  /** The value of the last expression; `undefined` if it had none. */
  get main (): ResultEvent | undefined {
    return [...this.results].reverse().find(result => result.main)
  }

  /**
   * The result as text for a language model: `text`, the traceback if it is not part of it, and a last line that says what else matters: an exit
   * code other than 0 or why the run ended, whether variables were lost, warnings, and how many images there are.
   *
   * @param maxChars The most UTF-16 code units to return, at least 256. Of longer output, 40 % of the room is for the beginning and 60 % for the
   * end. Between them a line says how many characters were omitted.
   */
  forModel (maxChars = 20_000): string {
    if (!Number.isInteger(maxChars) || maxChars < MIN_CHARS) throw new RangeError(`maxChars must be a whole number of at least ${MIN_CHARS}, not ${maxChars}`)
    const { error } = this
    const traceback = error === undefined ? '' : error.traceback || [error.name, error.value].filter(Boolean).join(': ')
    const notes = [
      endOf(this.exitCode, this.reason, this.signal, this.timeoutSeconds),
      this.stateLost ? 'variables were lost' : undefined,
      this.replRestarted ? 'variables of earlier runs were lost' : undefined,
      this.truncated ? 'further output was not kept' : undefined,
      ...this.warnings.map(warning => `warning: ${warning}`),
      imagesOf(this.results.filter(result => result.isImage).length)
    ]
    return modelText(this.text, traceback, notes.filter(note => note !== undefined), maxChars)
  }
}

/** Collects the output of a run, up to a number of UTF-16 code units. @internal */
export class Output {
  private readonly pieces: { isStderr: boolean, text: string }[] = []
  private readonly results: ResultEvent[] = []
  private readonly places: number[] = []
  private length = 0
  private isTruncated = false
  // A terminal's characters may be split over events.
  private readonly terminal = new TextDecoder('utf-8', { ignoreBOM: true })
  private exit: ExitEvent | undefined

  constructor (private left: number) {}

  add (event: Event): void {
    if (event.type === 'exit') this.exit = event
    if (this.isTruncated) return
    if (event.type === 'stdout' || event.type === 'stderr') this.addText(event.data, event.type === 'stderr')
    else if (event.type === 'pty') this.addText(this.terminal.decode(event.data, { stream: true }), false)
    else if (event.type === 'result') this.addResult(event)
  }

  result (facts: RunFacts, timeoutSeconds: number | undefined): RunResult {
    if (this.exit === undefined) throw new StreamEndedError("the run's events ended without its exit")
    const all = this.pieces.map(piece => piece.text).join('')
    const stderr = this.pieces.filter(piece => piece.isStderr).map(piece => piece.text).join('')
    const stdout = stderr === '' ? all : this.pieces.filter(piece => !piece.isStderr).map(piece => piece.text).join('')
    // What was asked for is not what holds if the server says that it has changed it.
    const limit = facts.warnings.some(warning => warning.includes('timeout_seconds')) ? undefined : timeoutSeconds
    return new RunResult(facts, this.exit, stdout, stderr, all, this.results, this.places, this.isTruncated, limit)
  }

  private addText (text: string, isStderr: boolean): void {
    if (text.length > this.left) {
      // What follows would hide that something is missing.
      this.isTruncated = true
      text = text.slice(0, this.left)
    }
    this.left -= text.length
    this.length += text.length
    this.pieces.push({ isStderr, text })
  }

  private addResult (result: ResultEvent): void {
    const size = Object.values(result.data).reduce<number>((sum, value) => sum + (typeof value === 'string' ? value : JSON.stringify(value)).length, 0)
    if (size > this.left) {
      this.isTruncated = true
      return
    }
    this.left -= size
    this.results.push(result)
    this.places.push(this.length)
  }
}
