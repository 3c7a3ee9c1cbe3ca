import { readFileSync } from 'node:fs'
import { checker, type Static, Type } from '../schema.ts'

/** Content of the file that PASSERELLE_VAULT_KEYS names. */
const KeyFile = Type.Object(
  {
    /** Id of the key that new values are sealed under. */
    current: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }),
    /** By id, 32 bytes in base64 each. */
    keys: Type.Record(
      Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' }),
      Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }),
      { minProperties: 1, maxProperties: 64 },
    ),
  },
  { additionalProperties: false },
)

/** Key-encryption keys by id. They are in no store and no log. */
export interface VaultKeys {
  current: string
  keys: ReadonlyMap<string, Buffer>
}

const checkFile = checker(KeyFile)

/** Reads a key file. Throws an Error that says what is wrong, and repeats nothing of it. */
export function readVaultKeys(path: string): VaultKeys {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new Error('cannot be read as JSON')
  }
  const [wrong] = checkFile(content)
  if (wrong) throw new Error(`${wrong.field.replace(/^keys[.].*/, 'keys')} ${wrong.reason}`.trim())
  const { current, keys } = content as Static<typeof KeyFile>
  if (!Object.hasOwn(keys, current)) throw new Error('current names a key that is not in keys')
  const entries = Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')] as const)
  return { current, keys: new Map(entries) }
}
