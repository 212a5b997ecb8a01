// Files and watching, as the published client uses them.
import { FileNotFoundError, InvalidArgumentError, Sandbox } from 'e2b'
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { options, until } from './client.mjs'

let sandbox
before(async () => { sandbox = await Sandbox.create(await options()) })
after(() => sandbox.kill())

test('files are written and read, in every form', async () => {
  const { files } = sandbox
  const { name, path, type } = await files.write('a/b c/ü %25.txt', 'text')
  assert.deepEqual([name, path, type], ['ü %25.txt', '/home/user/a/b c/ü %25.txt', 'file'])
  assert.equal(await files.read('a/b c/ü %25.txt'), 'text')
  assert.equal(await files.read('~/a/../a/b c/ü %25.txt'), 'text')
  const bytes = randomBytes(3_000_001)
  await files.write('/tmp/big', new Blob([bytes]))
  assert.ok(Buffer.from(await files.read('/tmp/big', { format: 'bytes' })).equals(bytes))
  assert.equal((await (await files.read('/tmp/big', { format: 'blob' })).arrayBuffer()).byteLength, bytes.length)
  let streamed = 0
  for await (const chunk of await files.read('/tmp/big', { format: 'stream' })) streamed += chunk.length
  assert.equal(streamed, bytes.length)
  await files.write('empty', '')
  assert.equal(await files.read('empty'), '')
  await files.write('zipped', 'compressed '.repeat(1_000), { gzip: true })
  assert.equal(await files.read('zipped', { gzip: true }), 'compressed '.repeat(1_000))
  const written = await files.write([{ path: 'm/1', data: 'one' }, { path: '/tmp/2', data: new Uint8Array([1, 2]).buffer }])
  assert.deepEqual(written.map(one => one.path), ['/home/user/m/1', '/tmp/2'])
  await files.write('of-root', 'r', { user: 'root' })
  assert.equal(await files.read('/root/of-root'), 'r')
})

test('what is not there, and what is a folder', async () => {
  await assert.rejects(sandbox.files.read('nope'), FileNotFoundError)
  await sandbox.files.makeDir('folder')
  await assert.rejects(sandbox.files.read('folder'), InvalidArgumentError)
  await assert.rejects(sandbox.files.list('nope'), FileNotFoundError)
  await sandbox.files.write('file', 'x')
  await assert.rejects(sandbox.files.list('file'), InvalidArgumentError)
  await assert.rejects(sandbox.files.getInfo('nope'), FileNotFoundError)
  await assert.rejects(sandbox.files.rename('nope', 'other'), FileNotFoundError)
  await assert.rejects(sandbox.files.write('x', 'y', { user: 'bob' }), { name: 'AuthenticationError' })
})

test('folders', async () => {
  const { files } = sandbox
  assert.equal(await files.makeDir('d/e/f'), true)
  assert.equal(await files.makeDir('d/e/f'), false)
  await files.write('d/e/one.txt', '123')
  await sandbox.commands.run('ln -s ../d/e/one.txt d/link')
  const shallow = await files.list('d')
  assert.deepEqual(shallow.map(one => [one.name, one.type, one.path]), [['e', 'dir', '/home/user/d/e'], ['link', shallow[1].type, '/home/user/d/link']])
  assert.equal(shallow[1].symlinkTarget, '/home/user/d/e/one.txt')
  assert.deepEqual((await files.list('/home/user/d', { depth: 2 })).map(one => one.path), ['/home/user/d/e', '/home/user/d/e/f', '/home/user/d/e/one.txt', '/home/user/d/link'])
  const info = await files.getInfo('d/e/one.txt')
  assert.deepEqual([info.name, info.type, info.size, info.permissions, info.owner, info.mode], ['one.txt', 'file', 3, '-rw-r--r--', 'user', 0o644])
  assert.ok(Math.abs(info.modifiedTime - Date.now()) < 60_000)
  assert.equal((await files.rename('d/e/one.txt', 'new/place.txt')).path, '/home/user/new/place.txt')
  assert.equal(await files.exists('d/e/one.txt'), false)
  assert.equal(await files.exists('new/place.txt'), true)
  await files.remove('d')
  await files.remove('d')
  assert.equal(await files.exists('d'), false)
})

test('changes of a folder are reported until the watch is stopped', async () => {
  await sandbox.files.makeDir('watched/below')
  const seen = []
  const handle = await sandbox.files.watchDir('watched', event => { seen.push(`${event.type} ${event.name}`) }, { recursive: true, timeoutMs: 0 })
  // Clients wait for the write, of a new file and of one that is replaced.
  await sandbox.files.write('watched/below/a.txt', '1')
  await until(() => seen.includes('write below/a.txt'))
  assert.equal(seen[0], 'create below/a.txt')
  seen.length = 0
  await sandbox.files.write('watched/below/a.txt', '22')
  await until(() => seen.length > 0)
  assert.deepEqual(seen, ['write below/a.txt'])
  await sandbox.commands.run('mv watched/below/a.txt watched/b.txt; chmod 600 watched/b.txt; rm watched/b.txt')
  await until(() => ['rename below/a.txt', 'create b.txt', 'chmod b.txt', 'remove b.txt'].every(one => seen.includes(one)))
  await handle.stop()
  const before = seen.length
  await sandbox.files.write('watched/later.txt', '1')
  await sandbox.commands.run('true')
  assert.equal(seen.length, before)
  await assert.rejects(sandbox.files.watchDir('nope', () => {}), FileNotFoundError)
  await assert.rejects(sandbox.files.watchDir('file', () => {}), InvalidArgumentError)
})
