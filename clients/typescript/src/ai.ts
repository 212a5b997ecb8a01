import { jsonSchema, tool } from 'ai'
import type { RunResult } from './result.js'
import type { Sandbox } from './sandbox.js'

/** How `codeTool` runs code. */
export interface CodeToolOptions {
  sandbox: Sandbox
  /** The sandbox ends a run after this time. Default: 300. */
  timeoutSeconds?: number | undefined
  /** The id of the context that runs the code. Default: `python`. */
  context?: string | undefined
  /** The most UTF-16 code units of text that the model gets, at least 256. Default: 20,000. */
  maxChars?: number | undefined
}

/**
 * A tool of the AI SDK that runs Python code. The model gets the text of `RunResult.forModel` and the images.
 *
 * ```ts
 * const { text } = await generateText({ model, tools: { run_python: codeTool({ sandbox }) }, stopWhen: stepCountIs(10), prompt })
 * ```
 */
export function codeTool ({ sandbox, timeoutSeconds, context, maxChars }: CodeToolOptions) {
  return tool({
    description: 'Runs Python code. Variables, imports and files are kept between calls. The value of the last expression, printed text and figures are returned.',
    inputSchema: jsonSchema<{ code: string }>({
      type: 'object',
      properties: { code: { type: 'string', description: 'Python code, as in a notebook cell' } },
      required: ['code'],
      additionalProperties: false
    }),
    execute: async ({ code }, { abortSignal }): Promise<RunResult> => await sandbox.runCode(code, { signal: abortSignal, timeoutSeconds, context }),
    toModelOutput: ({ output }) => ({
      type: 'content' as const,
      value: [
        { type: 'text' as const, text: output.forModel(maxChars) },
        ...output.results.flatMap(({ data }) => imageOf(data))
      ]
    })
  })
}

function imageOf (data: Readonly<Record<string, unknown>>): { type: 'image-data', data: string, mediaType: string }[] {
  // One representation of each value is enough.
  const mediaType = ['image/png', 'image/jpeg'].find(type => typeof data[type] === 'string')
  return mediaType === undefined ? [] : [{ type: 'image-data', data: data[mediaType] as string, mediaType }]
}
