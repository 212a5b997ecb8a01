// Runs a program with one service for all of it: with-service.mjs PROGRAM [ARGUMENT...]. Files of tests have a process each, and each would start its own.
import { spawnSync } from 'node:child_process'
import { service } from './service.mjs'

const [program, ...args] = process.argv.slice(2)
const { status } = spawnSync(program, args, { env: { ...process.env, PODFLARE_TEST_SERVICE: await service() }, stdio: 'inherit' })
process.exit(status ?? 1)
