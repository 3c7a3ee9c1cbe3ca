import { ReachIndex } from '../audience/reach/reach-index.ts'
import { packEdges } from '../proto/edge-blob.ts'
import { packProfile } from '../proto/profile-blob.ts'
import { atMost, type Figure, told } from './figures.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'

const PEOPLE = 10_000_000
const DAY = 20_000
const UNTIL = DAY + 30
/** Segment number → how many in a thousand are in it. */
const SHARES = new Map([
  [1, 500],
  [2, 500],
  [3, 100],
  [4, 100],
  [5, 10],
  [6, 10],
  [7, 1],
  [8, 1],
])
/** One id in so many is matched with the one after it. */
const LINKED_EACH = 10
/** Rounds of so many each: the clock of the processor's time is coarse. */
const ROUNDS = 9
const TIMES = 10

/** Reach and overlap over ten million people, as the desk holds them, in a process of its own. */
export function reachFigures(say: (line: string) => void): Promise<Figure[]> {
  say('  ten million people in bitmaps, alone and with a million matches')
  return inOwnProcess<Figure[]>(import.meta.url)
}

function measure(): Figure[] {
  const bytesBefore = heldBytes()
  const beganMs = performance.now()
  const index = filled()
  const filledS = (performance.now() - beganMs) / 1000
  const bytes = heldBytes() - bytesBefore
  const overlap = ([a, b]: [number, number]) =>
    medianMs(() => void index.people({ any: [a] }).countWith(index.people({ any: [b] })))
  const apart = { half: overlap([1, 2]), tenth: overlap([3, 4]), hundredth: overlap([5, 6]) }
  const thousandth = overlap([7, 8])
  link(index)
  return [
    atMost('overlap of two segments among 10 M people, each of one in two', 5, apart.half, ' ms'),
    atMost('the same, each of one in ten', 5, apart.tenth, ' ms'),
    atMost('the same, each of one in a hundred', 5, apart.hundredth, ' ms'),
    atMost('the same, each of one in a thousand', 5, thousandth, ' ms'),
    told('one in two, where one id in five is matched with another', overlap([1, 2]), ' ms'),
    told('one in ten, likewise', overlap([3, 4]), ' ms'),
    told('one in a hundred, likewise', overlap([5, 6]), ' ms'),
    told('reading one person into the bitmaps', (filledS / PEOPLE) * 1e6, ' µs'),
    told('bytes for a person, number and eight segments', bytes / PEOPLE, ' B'),
  ]
}

function filled(): ReachIndex {
  const index = new ReachIndex({ day: DAY, bidChannel: 0 })
  const random = mulberry(7)
  for (let person = 0; person < PEOPLE; person++) {
    const memberships = []
    for (const [segment, share] of SHARES)
      if (random() * 1000 < share) memberships.push({ segment, expiryDay: UNTIL })
    index.takeProfile(keyOf(person), packProfile(memberships))
  }
  return index
}

function link(index: ReachIndex): void {
  const days = { firstSeenDay: DAY, lastSeenDay: DAY, expiryDay: UNTIL }
  for (let person = 0; person + 1 < PEOPLE; person += LINKED_EACH) {
    const edge = { key: keyOf(person + 1), namespace: 3, value: '', owner: 0, method: 0, ...days }
    index.takeEdges(keyOf(person), packEdges([edge]))
  }
}

const random = mulberry(11)
const SALT = [random() * 2 ** 32, random() * 2 ** 32] as const

/** As evenly spread as a keyed hash. */
function keyOf(person: number): Buffer {
  const key = Buffer.allocUnsafe(16)
  const mixed = mulberry(person ^ SALT[0])
  for (let i = 0; i < 3; i++) key.writeUInt32LE((mixed() * 2 ** 32) >>> 0, i * 4)
  key.writeUInt32LE(person, 12)
  return key
}

/** Of the processor's time, so that what else runs on the machine tells less. */
function medianMs(run: () => void): number {
  const took = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < TIMES; i++) run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / TIMES
  }).sort((a, b) => a - b)
  return took[ROUNDS >> 1]!
}

function heldBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

await answerIfAsked(import.meta.url, measure)
