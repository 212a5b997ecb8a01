// A scripted agent of the AI SDK solves the task that the agents of all languages solve, and its model reads the same texts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { codeTool } from '../../clients/typescript/dist/ai.js'
import { Sandbox } from '../../clients/typescript/dist/index.js'
import { service } from './service.mjs'

const require = createRequire(new URL('../../clients/typescript/package.json', import.meta.url))
const { generateText, stepCountIs } = require('ai')
const { MockLanguageModelV3 } = require('ai/test')
const task = JSON.parse(readFileSync(new URL('../../clients/vectors/agent_task.json', import.meta.url), 'utf8'))

test('the model reads what it reads in every language', async () => {
  const sandbox = await Sandbox.create({ baseUrl: await service(), template: task.template })
  try {
    await sandbox.files.write(task.file.path, task.file.content)
    let read = []
    const model = new MockLanguageModelV3({
      doGenerate: async ({ prompt }) => {
        read = prompt.filter(message => message.role === 'tool').flatMap(message => message.content).map(part => part.output.value)
        const step = task.steps[read.length]
        const content = step === undefined
          ? { type: 'text', text: task.answer }
          : { type: 'tool-call', toolCallId: `call_${read.length}`, toolName: 'run_python', input: JSON.stringify({ code: step.code }) }
        const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined, text: undefined, reasoning: undefined }
        return {
          content: [content],
          finishReason: { unified: step === undefined ? 'stop' : 'tool-calls', raw: undefined },
          usage: { inputTokens: none, outputTokens: none },
          warnings: []
        }
      }
    })
    const { text } = await generateText({ model, tools: { run_python: codeTool({ sandbox }) }, stopWhen: stepCountIs(task.steps.length + 1), prompt: task.question })
    assert.equal(text, task.answer)
    assert.deepEqual(read.map(([first]) => first), task.steps.map(step => ({ type: 'text', text: step.text })))
    for (const [index, [, ...images]] of read.entries()) {
      assert.equal(images.length, task.steps[index].images)
      for (const { data, mediaType } of images) assert.deepEqual([mediaType, Buffer.from(data, 'base64').subarray(1, 4).toString()], ['image/png', 'PNG'])
    }
  } finally {
    await sandbox.close()
  }
})
