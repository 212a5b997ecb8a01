// Webhooks of the service, verified by the reference library of Standard Webhooks.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { start } from './service.mjs'

const { Webhook } = createRequire(import.meta.url)('../../artifacts/webhooks/node_modules/standardwebhooks')
const KEY = 'acme:key-of-an-administrator-of-this-server'
const calls = []
let url, receiver

before(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', part => { body += part })
    request.on('end', () => {
      calls.push({ headers: request.headers, body })
      response.writeHead(204).end()
    })
  })
  await new Promise(resolve => receiver.listen(0, '127.0.0.1', resolve))
  url = await start({ PODFLARE_ADMIN_KEYS: KEY, Podflare__Webhooks__AllowHttp: 'true', Podflare__Webhooks__AllowedAddresses: '127.0.0.1' })
})

after(() => receiver?.close())

async function call (method, path, body) {
  const headers = { authorization: `Bearer ${KEY.split(':')[1]}`, 'content-type': 'application/json' }
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  return answer.status === 202 ? undefined : await answer.json()
}

async function next (count) {
  for (let waited = 0; calls.length < count && waited < 20; waited += 0.05) await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(calls.length, count)
  return calls[count - 1]
}

test('a call has a signature that the reference library accepts, also after a rotation, and no other', async () => {
  const webhook = await call('POST', '/v1/webhooks', { url: `http://127.0.0.1:${receiver.address().port}/hook`, events: ['*'] })
  await call('POST', `/v1/webhooks/${webhook.id}/test`)
  const first = await next(1)
  assert.equal(new Webhook(webhook.secret).verify(first.body, first.headers).type, 'webhook.test')

  const rotated = await call('POST', `/v1/webhooks/${webhook.id}/rotate`)
  await call('POST', `/v1/webhooks/${webhook.id}/test`)
  const second = await next(2)
  for (const secret of [webhook.secret, rotated.secret]) assert.equal(new Webhook(secret).verify(second.body, second.headers).data.webhook_id, webhook.id)
  assert.throws(() => new Webhook(rotated.secret).verify(first.body, first.headers))
  assert.throws(() => new Webhook(rotated.secret).verify(second.body + ' ', second.headers))
  assert.notEqual(first.headers['webhook-id'], second.headers['webhook-id'])
})
