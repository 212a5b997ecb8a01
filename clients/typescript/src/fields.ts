/** The fields of a JSON object of the server. One that is absent, null or of another type is as if it were not there. */
export type Fields = Record<string, unknown>

export function text (body: Fields, name: string): string | undefined {
  const value = body[name]
  return typeof value === 'string' ? value : undefined
}

export function number (body: Fields, name: string): number | undefined {
  const value = body[name]
  return typeof value === 'number' ? value : undefined
}

export function texts (body: Fields, name: string): string[] {
  const value = body[name]
  return Array.isArray(value) ? value.map(String) : []
}
