// The validation of the arguments of tools, against the vectors that all clients share.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { argumentCheck } from '../../clients/typescript/dist/argumentSchema.js'

const { vectors, unusable } = JSON.parse(readFileSync(new URL('../../clients/vectors/tool_arguments.json', import.meta.url), 'utf8'))

test('arguments are valid, or have the same error, as in the other clients', () => {
  for (const { name, schema, value, error, copies } of vectors) {
    const check = argumentCheck(schema)
    const given = copies === undefined ? value : { a: Array(copies).fill(value.a) }
    if (error === null) assert.doesNotThrow(() => check(given), name)
    else assert.throws(() => check(given), { name: 'Error', message: error }, name)
  }
  assert.ok(vectors.length > 100)
})

test('schemas with patterns and references that cannot be used are refused', () => {
  for (const schema of unusable) assert.throws(() => argumentCheck(schema), RangeError, JSON.stringify(schema))
  assert.ok(unusable.length > 5)
})
