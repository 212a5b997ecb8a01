// A server with a domain and a wildcard certificate, as the clients expect E2B itself: hosts instead of a path, TLS, and signed URLs.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { start } from '../TypeScriptSdk/service.mjs'

const DOMAIN = 'box.podflare.test'
const KEY = 'a-key-of-acme-0000'

/** An authority and a certificate for the domain and everything directly below it. */
function certify (folder) {
  const openssl = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'authority.key', '-out', 'authority.pem', '-subj', '/CN=authority of a test')
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', `/CN=${DOMAIN}`)
  writeFileSync(`${folder}/names`, `subjectAltName=DNS:${DOMAIN},DNS:*.${DOMAIN},IP:127.0.0.1`)
  openssl('x509', '-req', '-in', 'server.csr', '-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem')
}

// What stands for wildcard DNS.
const RESOLVER = `
import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(name.endsWith('.${DOMAIN}') ? '127.0.0.1' : name, ...rest)
`

const PROGRAM = `
import { Sandbox } from '@e2b/code-interpreter'
import assert from 'node:assert/strict'

const [one, two] = await Promise.all([Sandbox.create(), Sandbox.create()])
assert.equal((await one.runCode('1 + 1')).text, '2')
assert.equal((await one.commands.run('echo a')).stdout, 'a\\n')

// URLs for everyone who has them.
const text = 'ü '.repeat(1000)
const upload = await fetch(await one.uploadUrl('dir/a b.txt'), { method: 'POST', body: (() => { const form = new FormData(); form.append('file', new Blob([text]), 'ignored'); return form })() })
assert.deepEqual([upload.status, (await upload.json())[0].path], [200, '/home/user/dir/a b.txt'])
const download = await one.downloadUrl('dir/a b.txt', { useSignatureExpiration: 60 })
assert.equal(await (await fetch(download)).text(), text)
for (const wrong of [download.replace('a+b', 'b').replace('a%20b', 'b'), download.replace(one.sandboxId, two.sandboxId), download.replace(/signature=[^&]*/, 'signature=v1_x'), download.replace(/signature_expiration=[^&]*/, 'signature_expiration=99999999999')]) {
  assert.notEqual(wrong, download)
  assert.equal((await fetch(wrong)).status, 401, wrong)
}

// Other ports, and what is not there.
const host = one.getHost(3000)
const closed = await fetch('https://' + host)
assert.deepEqual([closed.status, await closed.json()], [502, { sandboxId: one.sandboxId, message: 'The sandbox is running but port is not open', port: 3000, code: 502 }])
// Nothing but the sandbox is behind its hosts, whatever the caller has.
for (const port of [3000, 49983, 49999]) {
  for (const path of ['/v1/sandboxes', '/metrics', '/mcp', '/compat/e2b/sandboxes']) {
    const answer = await fetch('https://' + one.getHost(port) + path, { headers: { 'x-api-key': process.env.E2B_API_KEY, authorization: 'Bearer ' + process.env.E2B_API_KEY } })
    assert.ok([401, 404, 502].includes(answer.status), port + path + ' ' + answer.status)
  }
}
await one.kill()
assert.equal((await fetch('https://' + host)).status, 502)
assert.equal((await fetch(download)).status, 502)
await two.kill()
console.log('done')
`

test('the clients work with nothing but a domain and a key', async t => {
  const folder = mkdtempSync('/tmp/pfdomain.')
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  certify(folder)
  writeFileSync(`${folder}/resolver.mjs`, RESOLVER)
  // In this folder, so that the packages are found.
  const program = new URL(`domain-${process.pid}.mjs`, import.meta.url).pathname
  t.after(() => rmSync(program, { force: true }))
  writeFileSync(program, PROGRAM)
  const certificate = { PODFLARE_TLS_CERT: `${folder}/server.pem`, PODFLARE_TLS_KEY: `${folder}/server.key` }
  const settings = port => ({ ...certificate, PODFLARE_API_KEYS: `acme:${KEY}`, Podflare__E2b__Domain: `${DOMAIN}:${port}` })
  const url = new URL(await start(settings, readFileSync(`${folder}/authority.pem`, 'utf8')))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', `${folder}/resolver.mjs`, program], {
    env: { ...process.env, E2B_DOMAIN: `${DOMAIN}:${url.port}`, E2B_API_KEY: KEY, NODE_EXTRA_CA_CERTS: `${folder}/authority.pem` }, timeout: 60_000
  })
  assert.equal(stdout, 'done\n')
})
