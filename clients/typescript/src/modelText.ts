// clients/vectors/for_model.json has the rules and examples, for all clients.

export const MIN_CHARS = 256

/** A piece of text, and whether it begins and ends a line. */
export type Piece = readonly [text: string, isAlone: boolean]

// With which words a run ended, by its reason. Others are shown as they are.
const ENDS: Readonly<Record<string, string>> = {
  interrupted: 'interrupted',
  killed: 'killed',
  expired: 'killed: the sandbox expired',
  oom: 'killed: out of memory',
  lost: 'ended: the sandbox was lost'
}

/** How a run ended, in a few words. `undefined` for exit code 0. */
export function endOf (exitCode: number, reason?: string, signal?: string, timeoutSeconds?: number): string | undefined {
  if (reason === 'timeout') return timeoutSeconds === undefined ? 'timed out' : `timed out after ${timeoutSeconds} s`
  if (reason === 'crashed') return `crashed with exit code ${exitCode}`
  if (reason !== undefined) return ENDS[reason] ?? `exit code ${exitCode}: ${reason}`
  if (signal !== undefined) return `ended by ${signal}`
  return exitCode === 0 ? undefined : `exit code ${exitCode}`
}

export function imagesOf (count: number): string | undefined {
  return count === 0 ? undefined : count === 1 ? '1 image' : `${count} images`
}

/** The text of a run, its traceback if the text does not contain it, and a last line with the notes, in at most so many UTF-16 code units. */
export function modelText (text: string, traceback: string, notes: readonly string[], maxChars: number): string {
  const shown = traceback.replace(/\n+$/, '')
  if (shown !== '' && !text.includes(shown)) text = onLinesOfTheirOwn([[text, false], [traceback, true]])
  if (text === '' && notes.length === 0) return '[no output]'
  let last = notes.length > 0 ? `[${notes.join('; ')}]` : ''
  const half = Math.floor(maxChars / 2)
  if (last.length > half) last = `${last.slice(0, whole(last, half - 2))}…]`
  if (text === '' || last === '') return last || shorten(text, maxChars)
  text = shorten(text, maxChars - last.length - 1)
  return text + (text.endsWith('\n') ? '' : '\n') + last
}

/** Joins texts. Those with `true` begin and end a line. */
export function onLinesOfTheirOwn (pieces: readonly Piece[]): string {
  const joined: string[] = []
  let needsLine = false
  for (const [piece, isAlone] of pieces) {
    if (piece === '') continue
    if (joined.length > 0 && (isAlone || needsLine) && !joined[joined.length - 1]!.endsWith('\n')) joined.push('\n')
    joined.push(piece)
    needsLine = isAlone
  }
  return joined.join('')
}

/** The beginning and the end of a text that does not fit, and between them how much is missing. */
function shorten (text: string, room: number): string {
  if (text.length <= room) return text
  // The number that is shown has as many digits as that of all characters, at most.
  const left = room - mark(text.length).length - 2
  const headRoom = Math.floor(left * 2 / 5)
  const head = headEnd(text, headRoom)
  const tail = tailStart(text, text.length - (left - headRoom), left - headRoom)
  return `${text.slice(0, head)}${text[head - 1] === '\n' ? '' : '\n'}${mark(tail - head)}\n${text.slice(tail)}`
}

function headEnd (text: string, room: number): number {
  // Whole lines, unless that would leave more than half of the room unused.
  const line = text.lastIndexOf('\n', room - 1)
  return line >= Math.floor(room / 2) ? line + 1 : whole(text, room)
}

function tailStart (text: string, at: number, room: number): number {
  const line = text.indexOf('\n', at - 1)
  if (line >= 0 && line < at + Math.floor(room / 2)) return line + 1
  return isLow(text, at) && isHigh(text, at - 1) ? at + 1 : at
}

/** The largest place up to `end` that is not inside a character. */
function whole (text: string, end: number): number {
  return isLow(text, end) && isHigh(text, end - 1) ? end - 1 : end
}

function mark (count: number): string {
  return `[… ${count.toLocaleString('en-US')} characters omitted …]`
}

function isHigh (text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xd800 && unit <= 0xdbff
}

function isLow (text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}
