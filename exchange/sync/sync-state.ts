import { randomFillSync, timingSafeEqual } from 'node:crypto'
import { SYNC_LIMITS } from './limits.ts'
import type { StateRefusal } from './reasons.ts'
import { BLOCK_BYTES, type SyncKeys } from './sync-keys.ts'

/** What a state says once it is found to be ours. */
export interface SyncState {
  /** Number of the partner it was given out for. */
  partner: number
  /** How many partners of a route came before. */
  hop: number
  /** The browser had sent our cookie back already when it was asked. */
  wasReturning: boolean
  expiresMs: number
  /** Never the same twice: what is claimed when it is used. */
  id: Buffer
}

export interface MintFor {
  /** Our own id of the browser: 16 bytes. */
  browser: Buffer
  hop: number
  wasReturning: boolean
  nowMs: number
}

const NONCE_BYTES = 7
const NONCES_BYTES = NONCE_BYTES * 512
const MAC_BYTES = 14
/** A multiple of three, so that states written one behind the other have 40 characters each. */
const STATE_BYTES = BLOCK_BYTES + MAC_BYTES
const STATE_CHARS = (STATE_BYTES / 3) * 4
const VERSION = 1
const STATE_TEXT = new RegExp(`^[A-Za-z0-9_-]{${STATE_CHARS}}$`)

/**
 * Signed states that ride through a partner and back:
 *
 *     body 16   version 3 bits · returning 1 bit · hop 4 bits │ partner u32 │ expires u32 (s) │ nonce 7
 *     mac  14   of the browser it was given to, and the body
 *
 * The mac is AES-128 CBC-MAC over exactly two blocks; of one length only, that is a sound MAC (Bellare,
 * Kilian, Rogaway 1994), and those of fifty states cost two calls. Pages see states: but for what is the
 * same for everybody, two of one browser have nothing in common.
 */
export class SyncStates {
  readonly #keys: SyncKeys
  readonly #nonces = Buffer.allocUnsafe(NONCES_BYTES)
  #drawn = NONCES_BYTES

  constructor(keys: SyncKeys) {
    this.#keys = keys
  }

  /** A state for each partner number, in their order. */
  mint(partners: readonly number[], { browser, hop, wasReturning, nowMs }: MintFor): string[] {
    const bodies = Buffer.allocUnsafe(partners.length * BLOCK_BYTES)
    const expiresS = Math.ceil((nowMs + SYNC_LIMITS.stateTtlMs) / 1000)
    for (let i = 0, at = 0; i < partners.length; i++, at += BLOCK_BYTES) {
      bodies[at] = (VERSION << 5) | (wasReturning ? 0x10 : 0) | hop
      bodies.writeUInt32BE(partners[i]!, at + 1)
      bodies.writeUInt32BE(expiresS, at + 5)
      this.#putNonce(bodies, at + 9)
    }
    const macs = this.#macs(browser, bodies)
    const states = Buffer.allocUnsafe(partners.length * STATE_BYTES)
    for (let from = 0, to = 0; to < states.length; from += BLOCK_BYTES, to += STATE_BYTES) {
      put(bodies, from, states, to, BLOCK_BYTES)
      put(macs, from, states, to + BLOCK_BYTES, MAC_BYTES)
    }
    const text = states.toString('base64url')
    return partners.map((_, i) => text.slice(i * STATE_CHARS, (i + 1) * STATE_CHARS))
  }

  /** Whether a state was given to this browser and still holds; the partner is the caller's to compare. */
  open(text: string, browser: Buffer, nowMs: number): SyncState | StateRefusal {
    if (text === '') return 'state_missing'
    if (!STATE_TEXT.test(text)) return 'state_unreadable'
    const bytes = Buffer.from(text, 'base64url')
    const body = bytes.subarray(0, BLOCK_BYTES)
    if (body[0]! >> 5 !== VERSION) return 'state_unreadable'
    const mac = this.#macs(browser, body).subarray(0, MAC_BYTES)
    if (!timingSafeEqual(mac, bytes.subarray(BLOCK_BYTES))) return 'state_forged'
    const expiresMs = body.readUInt32BE(5) * 1000
    if (expiresMs <= nowMs) return 'state_expired'
    const [hop, wasReturning] = [body[0]! & 0x0f, (body[0]! & 0x10) !== 0]
    return { partner: body.readUInt32BE(1), hop, wasReturning, expiresMs, id: body }
  }

  /** Random bytes are drawn from the system some hundred nonces at a time. */
  #putNonce(bodies: Buffer, at: number): void {
    if (this.#drawn === NONCES_BYTES) {
      randomFillSync(this.#nonces)
      this.#drawn = 0
    }
    put(this.#nonces, this.#drawn, bodies, at, NONCE_BYTES)
    this.#drawn += NONCE_BYTES
  }

  /** A block for each body, its first bytes the mac: E(E(browser) xor body). */
  #macs(browser: Buffer, bodies: Buffer): Buffer {
    const { state } = this.#keys
    const first = state.encrypt(browser)
    const mixed = Buffer.allocUnsafe(bodies.length)
    for (let i = 0; i < mixed.length; i++) mixed[i] = bodies[i]! ^ first[i % BLOCK_BYTES]!
    return state.encrypt(mixed)
  }
}

/** Some bytes from one place to another: for so few, Buffer.copy takes far longer. */
function put(from: Buffer, fromAt: number, to: Buffer, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!
}
