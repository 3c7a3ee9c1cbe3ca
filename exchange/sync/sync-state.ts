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

const TAG_BYTES = 8
const MAC_BYTES = 12
/** A multiple of three, so that states written one behind the other have 48 characters each. */
const STATE_BYTES = BLOCK_BYTES + TAG_BYTES + MAC_BYTES
const STATE_CHARS = (STATE_BYTES / 3) * 4
const VERSION = 1
const STATE_TEXT = new RegExp(`^[A-Za-z0-9_-]{${STATE_CHARS}}$`)

/**
 * Signed states that ride through a partner and back:
 *
 *     body 16   version 3 bits · returning 1 bit · hop 4 bits │ partner u32 │ expires u32 (s) │ nonce 7
 *     tag   8   of the browser it was given to, and the body: pages see states, and two of one browser
 *               must have nothing in common
 *     mac  12   of body and tag
 *
 * Tag and mac are AES-128 CBC-MACs over exactly two blocks, under keys of their own; of one length only,
 * that is a sound MAC (Bellare, Kilian, Rogaway 1994), and those of fifty states cost four calls.
 */
export class SyncStates {
  readonly #keys: SyncKeys

  constructor(keys: SyncKeys) {
    this.#keys = keys
  }

  /** A state for each partner number, in their order. */
  mint(partners: readonly number[], { browser, hop, wasReturning, nowMs }: MintFor): string[] {
    const bodies = randomFillSync(Buffer.allocUnsafe(partners.length * BLOCK_BYTES))
    const expiresS = Math.ceil((nowMs + SYNC_LIMITS.stateTtlMs) / 1000)
    for (const [i, partner] of partners.entries()) {
      const at = i * BLOCK_BYTES
      bodies[at] = (VERSION << 5) | (wasReturning ? 0x10 : 0) | hop
      bodies.writeUInt32BE(partner, at + 1)
      bodies.writeUInt32BE(expiresS, at + 5)
    }
    const tags = this.#tags(browser, bodies)
    const macs = this.#macs(bodies, tags, BLOCK_BYTES)
    const states = Buffer.allocUnsafe(partners.length * STATE_BYTES)
    for (let i = 0; i < partners.length; i++) {
      const at = i * STATE_BYTES
      const block = i * BLOCK_BYTES
      bodies.copy(states, at, block, block + BLOCK_BYTES)
      tags.copy(states, at + BLOCK_BYTES, block, block + TAG_BYTES)
      macs.copy(states, at + BLOCK_BYTES + TAG_BYTES, block, block + MAC_BYTES)
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
    const tag = bytes.subarray(BLOCK_BYTES, BLOCK_BYTES + TAG_BYTES)
    const mac = this.#macs(body, tag, TAG_BYTES).subarray(0, MAC_BYTES)
    if (!timingSafeEqual(mac, bytes.subarray(BLOCK_BYTES + TAG_BYTES))) return 'state_bent'
    const own = this.#tags(browser, body).subarray(0, TAG_BYTES)
    if (!timingSafeEqual(tag, own)) return 'state_foreign'
    const expiresMs = body.readUInt32BE(5) * 1000
    if (expiresMs <= nowMs) return 'state_expired'
    const [hop, wasReturning] = [body[0]! & 0x0f, (body[0]! & 0x10) !== 0]
    return { partner: body.readUInt32BE(1), hop, wasReturning, expiresMs, id: body }
  }

  /** A block for each body, its first bytes the tag: E(E(browser) xor body). */
  #tags(browser: Buffer, bodies: Buffer): Buffer {
    const { browserTag } = this.#keys
    const own = browserTag.encrypt(browser)
    const mixed = Buffer.from(bodies)
    for (let i = 0; i < mixed.length; i++) mixed[i]! ^= own[i % BLOCK_BYTES]!
    return browserTag.encrypt(mixed)
  }

  /** A block for each body, its first bytes the mac: E(E(body) xor tag); the tags stand `stride` bytes apart. */
  #macs(bodies: Buffer, tags: Buffer, stride: number): Buffer {
    const { state } = this.#keys
    const inner = state.encrypt(bodies)
    for (let block = 0; block * BLOCK_BYTES < inner.length; block++)
      for (let i = 0; i < TAG_BYTES; i++)
        inner[block * BLOCK_BYTES + i]! ^= tags[block * stride + i]!
    return state.encrypt(inner)
  }
}
