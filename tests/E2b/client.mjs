// What all tests share: a service, and the options that lead the published clients to it.
import { service } from '../TypeScriptSdk/service.mjs'

export const MOUNT = '/compat/e2b'

/** The options that stand for the environment variables of a user. */
export function optionsOf (url, apiKey = 'any key is accepted without keys') {
  return { apiUrl: url + MOUNT, sandboxUrl: url + MOUNT, apiKey }
}

export const options = async () => optionsOf(await service())

/** Waits for a condition, for 20 seconds at most. */
export async function until (condition) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 20))) {
    const value = await condition()
    if (value) return value
  }
  throw new Error(`this did not become true in time: ${condition}`)
}
