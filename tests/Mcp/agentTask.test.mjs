// A scripted agent with an MCP client solves the task that the agents of all languages solve, and its model reads the same texts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { service } from '../TypeScriptSdk/service.mjs'
import { everyClient, textOf } from './clients.mjs'

const task = JSON.parse(readFileSync(new URL('../../clients/vectors/agent_task.json', import.meta.url), 'utf8'))
let url
before(async () => { url = await service() })

test('the model reads what it reads in every language', async () => {
  for await (const [name, client] of everyClient(url)) {
    const { structuredContent: { sandbox_id: id } } = await client.callTool({ name: 'create_sandbox', arguments: { template: task.template } })
    await client.callTool({ name: 'write_file', arguments: { sandbox_id: id, path: task.file.path, content: task.file.content } })
    const last = `\n[sandbox_id ${id}]`
    for (const step of task.steps) {
      const result = await client.callTool({ name: 'run_python', arguments: { sandbox_id: id, code: step.code } })
      assert.equal(textOf(result), step.text + last, name)
      assert.deepEqual(result.content.slice(1).map(({ type, mimeType }) => [type, mimeType]), Array(step.images).fill(['image', 'image/png']), name)
      assert.equal(result.isError ?? false, step.text.includes('[exit code'))
    }
    await client.callTool({ name: 'delete_sandbox', arguments: { sandbox_id: id } })
  }
})
