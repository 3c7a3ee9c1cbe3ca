import { SYNC_STATES_WASM } from './generated/sync-states-wasm.ts'
import { instantiate } from './instantiate.ts'

/**
 * The inner part of signed sync states, as WebAssembly (wasm/sync-states.ts). Each is a record of 18 bytes, `head u8 ·
 * number u32 · stamp u32 · nonce 9`, and 12 bytes of SipHash-2-4-128 of a prefix and the record; in base64url, 40
 * characters. Who mints fills in what is here and takes the texts away at once: all of it is the next one's then.
 */
interface Core {
  mint(count: number, stamp: number): void
}

const { exports: core, memory, address } = instantiate<Core>(SYNC_STATES_WASM)

/** States minted in one call at most. */
export const MINT_MAX = address('RECORDS_MAX')
export const MINT_NONCE_BYTES = 9
const KEY_WORDS = 4
const PREFIX_BYTES = 16
const TEXT_CHARS = 40

/** The key: four words, little-endian. */
export const MINT_KEY = new Uint32Array(memory, address('KEY'), KEY_WORDS)
export const MINT_PREFIX = new Uint8Array(memory, address('PREFIX'), PREFIX_BYTES)
export const MINT_NUMBERS = new Uint32Array(memory, address('NUMBERS'), MINT_MAX)
export const MINT_HEADS = new Uint8Array(memory, address('HEADS'), MINT_MAX)
export const MINT_NONCES = new Uint8Array(memory, address('NONCES'), MINT_MAX * MINT_NONCE_BYTES)
export const MINTED = new Uint8Array(memory, address('TEXTS'), MINT_MAX * TEXT_CHARS)

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const pairs = Buffer.from(memory, address('PAIRS'), 2 << 12)
for (let bits = 0; bits < 1 << 12; bits++)
  pairs.write(BASE64URL[bits >> 6]! + BASE64URL[bits & 63]!, 2 * bits, 'latin1')

/** Mints the first `count`: their texts stand in MINTED, one behind the other. */
export function mintStates(count: number, stamp: number): void {
  core.mint(count, stamp)
}
