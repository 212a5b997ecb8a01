import { base64Of, bytesOfBase64 } from './base64.js'

const HOME = '/root'
const ESCAPED = /[\udc80-\udcff]/

/** The absolute form of a path in a sandbox. A relative one starts in `/root`. */
export function absolutePath (path: string): string {
  if (typeof path !== 'string') throw new TypeError(`path must be a string, not ${typeof path}`)
  if (path === '' || path.includes('\0')) throw new RangeError('path must not be empty or contain a null character')
  return path.startsWith('/') ? path : path === '~' ? HOME : `${HOME}/${path.startsWith('~/') ? path.slice(2) : path}`
}

/** The fields of a JSON body for a path: `name`, or `name_b64` for one that is not UTF-8. */
export function pathFields (name: string, path: string): Record<string, string> {
  const absolute = absolutePath(path)
  return ESCAPED.test(absolute) ? { [`${name}_b64`]: base64Of(bytesOf(absolute)) } : { [name]: absolute }
}

/** A path, percent-encoded for a URL. `keep` are characters that are not encoded. */
export function encodePath (path: string, keep = '/'): string {
  const absolute = absolutePath(path)
  let encoded = ''
  for (const byte of bytesOf(absolute)) {
    const character = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9_.~-]/.test(character) || keep.includes(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** A path or name of an answer. One that is not UTF-8 has U+DC80 to U+DCFF for its other bytes, as in Python's `os.fsdecode`. */
export function pathOf (body: Record<string, unknown>, name = 'path'): string | undefined {
  const text = body[name]
  if (typeof text === 'string') return text
  const encoded = body[`${name}_b64`]
  return typeof encoded === 'string' ? textOf(bytesOfBase64(encoded)) : undefined
}

function bytesOf (path: string): Uint8Array {
  if (!ESCAPED.test(path)) return new TextEncoder().encode(path)
  const bytes: number[] = []
  for (const part of path.split(/([\udc80-\udcff])/)) {
    if (part.length === 1 && ESCAPED.test(part)) bytes.push(part.charCodeAt(0) - 0xdc00)
    else bytes.push(...new TextEncoder().encode(part))
  }
  return Uint8Array.from(bytes)
}

function textOf (bytes: Uint8Array): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = lengthOf(bytes[at]!)
    try {
      text += strict.decode(bytes.subarray(at, at + length))
      at += length
    } catch {
      text += String.fromCharCode(0xdc00 + bytes[at]!)
      at++
    }
  }
  return text
}

/** How many bytes the character has that begins with this one. */
function lengthOf (first: number): number {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
}
