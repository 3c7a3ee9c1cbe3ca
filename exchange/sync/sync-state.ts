import { randomFillSync } from 'node:crypto'
import {
  MINT_HEADS,
  MINT_KEY,
  MINT_MAX,
  MINT_NONCE_BYTES,
  MINT_NONCES,
  MINT_NUMBERS,
  MINT_PREFIX,
  MINTED,
  mintStates,
} from '../../proto/mint-states.ts'
import { SYNC_LIMITS } from './limits.ts'
import type { StateRefusal } from './reasons.ts'
import { MAC_BYTES, type ShortMac } from './short-mac.ts'
import type { SyncKeys } from './sync-keys.ts'

/** What a state says once it is found to be ours. */
export interface SyncState {
  /** Number of the partner it was given out for. */
  partner: number
  /** How many partners of a route came before. */
  hop: number
  /** The browser had sent our cookie back already when it was asked. */
  wasReturning: boolean
  /** Good only for our own address that leads to the partner. */
  isLeading: boolean
  expiresMs: number
  /** Never the same twice: what is claimed when it is used. */
  id: Buffer
}

export interface MintFor {
  /** Our own id of the browser: 16 bytes. */
  browser: Buffer
  hop: number
  wasReturning: boolean
  /** For which partners, by their places, the state leads there first; default none. */
  leading?: readonly boolean[]
  nowMs: number
}

const BROWSER_BYTES = 16
const NONCES_BYTES = MINT_NONCE_BYTES * 512
const BODY_BYTES = 9 + MINT_NONCE_BYTES
/** A multiple of three, so that states written one behind the other have 40 characters each. */
const STATE_BYTES = BODY_BYTES + MAC_BYTES
/** Characters of a state. */
export const STATE_CHARS = (STATE_BYTES / 3) * 4
/** Bytes of a state that are its id; they hold seven of the nonce's. */
const ID_BYTES = 16
/** Most that are minted at once. */
export const STATES_MAX = MINT_MAX
const TEXTS = Buffer.from(MINTED.buffer, MINTED.byteOffset, MINTED.length)
const VERSION = 1
const RETURNING = 0x10
const LEADING = 0x08
const HOP = 0x07
const STATE_TEXT = new RegExp(`^[A-Za-z0-9_-]{${STATE_CHARS}}$`)

/**
 * Signed states that ride through a partner and back:
 *
 *     body 18   version 3 bits · returning 1 bit · leading 1 bit · hop 3 bits │ partner u32 │ expires u32 (s) │ nonce 9
 *     mac  12   of the browser it was given to, and the body
 *
 * Pages see states: but for what is the same for everybody, two of one browser have nothing in common.
 */
export class SyncStates {
  readonly #mac: ShortMac
  /** What is signed, and the mac behind it: the browser's id, then the state. */
  readonly #signed = Buffer.alloc(BROWSER_BYTES + STATE_BYTES)
  readonly #nonces = Buffer.allocUnsafe(NONCES_BYTES)
  #drawn = NONCES_BYTES

  constructor(keys: SyncKeys) {
    this.#mac = keys.state
  }

  /** A state for each partner number, in their order. */
  mint(partners: readonly number[], mintFor: MintFor): string[] {
    const texts = this.mintChars(partners, mintFor)
    return partners.map((_, i) => texts.toString('latin1', i * STATE_CHARS, (i + 1) * STATE_CHARS))
  }

  /** The same one behind the other, STATE_CHARS of ASCII each: STATES_MAX at most, which stand until the next are minted. */
  mintChars(partners: readonly number[], mintFor: MintFor): Buffer {
    this.#mint(partners, mintFor)
    return TEXTS
  }

  #mint(
    partners: readonly number[],
    { browser, hop, wasReturning, leading, nowMs }: MintFor,
  ): void {
    const count = partners.length
    if (count > STATES_MAX) throw new RangeError(`${count} states at once: more than ${STATES_MAX}`)
    MINT_KEY.set(this.#mac.key)
    put(browser, 0, MINT_PREFIX, 0, BROWSER_BYTES)
    const head = (VERSION << 5) | (wasReturning ? RETURNING : 0) | hop
    for (let i = 0; i < count; i++) {
      MINT_NUMBERS[i] = partners[i]!
      MINT_HEADS[i] = leading?.[i] ? head | LEADING : head
    }
    this.#drawNonces(count)
    mintStates(count, Math.ceil((nowMs + SYNC_LIMITS.stateTtlMs) / 1000))
  }

  /** Whether a state was given to this browser and still holds; the partner is the caller's to compare. */
  open(text: string, browser: Buffer, nowMs: number): SyncState | StateRefusal {
    if (text === '') return 'state_missing'
    if (!STATE_TEXT.test(text)) return 'state_unreadable'
    const state = Buffer.from(text, 'base64url')
    if (state[0]! >> 5 !== VERSION) return 'state_unreadable'
    put(browser, 0, this.#signed, 0, BROWSER_BYTES)
    put(state, 0, this.#signed, BROWSER_BYTES, STATE_BYTES)
    if (!this.#mac.holds(this.#signed, BROWSER_BYTES + BODY_BYTES)) return 'state_forged'
    const expiresMs = state.readUInt32BE(5) * 1000
    if (expiresMs <= nowMs) return 'state_expired'
    const [hop, wasReturning] = [state[0]! & HOP, (state[0]! & RETURNING) !== 0]
    const isLeading = (state[0]! & LEADING) !== 0
    const id = state.subarray(0, ID_BYTES)
    return { partner: state.readUInt32BE(1), hop, wasReturning, isLeading, expiresMs, id }
  }

  /** What a browser brings back from where `text` led it: always the same, and no page is shown it. */
  ledBy(text: string, browser: Buffer): string {
    const signed = this.#signed
    put(browser, 0, signed, 0, BROWSER_BYTES)
    put(Buffer.from(text, 'base64url'), 0, signed, BROWSER_BYTES, BODY_BYTES)
    signed[BROWSER_BYTES]! &= ~LEADING
    this.#mac.sign(signed, BROWSER_BYTES + BODY_BYTES)
    return signed.toString('base64url', BROWSER_BYTES)
  }

  /** Random bytes are drawn from the system some hundred nonces at a time. */
  #drawNonces(count: number): void {
    const bytes = count * MINT_NONCE_BYTES
    if (this.#drawn + bytes > NONCES_BYTES) {
      randomFillSync(this.#nonces)
      this.#drawn = 0
    }
    MINT_NONCES.set(this.#nonces.subarray(this.#drawn, this.#drawn + bytes))
    this.#drawn += bytes
  }
}

/** Some bytes from one place to another: for so few, Buffer.copy takes far longer. */
function put(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!
}
