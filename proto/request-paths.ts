import { Id, Inventory, Signal } from './bid-facts.ts'
import { input, loadPaths } from './scan-core.ts'

/**
 * The paths of a bid request that the house acts on, and what each one means. At load they become a
 * tree of small numbers: the scanner carries the number of where it is, and asks for the child under
 * a key without making a string of it. 0 is anywhere else.
 */

/** What is done with the value at a path. `which` of the path says the rest. */
export const Deed = {
  none: 0,
  signal: 1,
  id: 2,
  place: 3,
  /** An EID object: noted where it begins. */
  eid: 4,
  /** The `imp` array: a place whose elements are listed. */
  imps: 5,
  /** One element of it; `impId`, `pmp` and `deals` are what it holds. */
  imp: 6,
  impId: 7,
  pmp: 8,
  deals: 9,
  requestId: 10,
  tmax: 11,
  test: 12,
  inventory: 13,
} as const

/** `which` of a place. */
export const PlaceName = {
  root: 0,
  user: 1,
  data: 2,
  regs: 3,
  regsExt: 4,
  dsa: 5,
  transparency: 6,
  imp: 7,
} as const

type Meaning = readonly [deed: number, which: number]
const signal = (which: number): Meaning => [Deed.signal, which]
const id = (which: number): Meaning => [Deed.id, which]
const place = (which: number): Meaning => [Deed.place, which]

/** Where one list of EIDs is found; 2.6 and 2.5 placements are alike. */
const eids = (path: string, mark: number): Record<string, Meaning> => ({
  [`${path}[]`]: [Deed.eid, mark],
  [`${path}[].source`]: id(Id.eidSource),
  [`${path}[].uids[].id`]: id(Id.eidUid),
})

const PATHS: Readonly<Record<string, Meaning>> = {
  '': place(PlaceName.root),
  id: [Deed.requestId, 0],
  tmax: [Deed.tmax, 0],
  test: [Deed.test, 0],
  'site.id': [Deed.inventory, Inventory.siteId],
  'site.domain': [Deed.inventory, Inventory.siteDomain],
  'app.id': [Deed.inventory, Inventory.appId],
  'app.bundle': [Deed.inventory, Inventory.appBundle],

  user: place(PlaceName.user),
  'user.id': id(Id.userId),
  'user.buyeruid': id(Id.buyeruid),
  'user.data': place(PlaceName.data),
  'user.consent': signal(Signal.consent),
  'user.ext.consent': signal(Signal.consent),
  'user.geo.country': signal(Signal.userCountry),
  ...eids('user.eids', Id.eid),
  ...eids('user.ext.eids', Id.extEid),

  regs: place(PlaceName.regs),
  'regs.ext': place(PlaceName.regsExt),
  'regs.ext.dsa': place(PlaceName.dsa),
  'regs.ext.dsa.transparency': place(PlaceName.transparency),
  'regs.coppa': signal(Signal.coppa),
  'regs.ext.coppa': signal(Signal.coppa),
  'regs.gdpr': signal(Signal.gdpr),
  'regs.ext.gdpr': signal(Signal.gdpr),
  'regs.us_privacy': signal(Signal.usPrivacy),
  'regs.ext.us_privacy': signal(Signal.usPrivacy),
  // As ProtoJSON writes them: what forbids is not to be lost to a spelling.
  'regs.usPrivacy': signal(Signal.usPrivacy),
  'regs.ext.usPrivacy': signal(Signal.usPrivacy),
  'regs.gpp': signal(Signal.gpp),
  'regs.ext.gpp': signal(Signal.gpp),
  'regs.gpp_sid': signal(Signal.gppSid),
  'regs.ext.gpp_sid': signal(Signal.gppSid),
  'regs.gppSid': signal(Signal.gppSid),
  'regs.ext.gppSid': signal(Signal.gppSid),
  'regs.gpc': signal(Signal.gpc),
  'regs.ext.gpc': signal(Signal.gpc),

  'device.ifa': id(Id.ifa),
  'device.ua': [Deed.inventory, Inventory.userAgent],
  'device.lmt': signal(Signal.lmt),
  'device.dnt': signal(Signal.dnt),
  'device.ext.atts': signal(Signal.atts),
  'device.geo.country': signal(Signal.deviceCountry),

  imp: [Deed.imps, PlaceName.imp],
  'imp[]': [Deed.imp, 0],
  'imp[].id': [Deed.impId, 0],
  'imp[].pmp': [Deed.pmp, 0],
  'imp[].pmp.deals': [Deed.deals, 0],
}

const NODES_MAX = 128
const SLOTS = 256

/** By node: its deed, and which signal, id or place it is. */
export const deeds = new Uint8Array(NODES_MAX)
export const whiches = new Uint8Array(NODES_MAX)
/** By node: the node of its elements, where its value is an array. */
const elements = new Uint8Array(NODES_MAX)

/** Not a known path, nor below one. */
const ELSEWHERE = 0
/** The whole request. */
const ROOT = 1
/** Highest number of a path that means something; those that only lead there have higher ones. */
const WANTED_MAX = Object.keys(PATHS).length

// By node: the key that leads to it (in `keyBytes`, from `node * KEY_MAX`), and from which node.
const KEY_MAX = 16
const parents = new Uint8Array(NODES_MAX)
const keyLengths = new Uint8Array(NODES_MAX)
const keyHeads = new Int32Array(NODES_MAX)
const keyBytes = new Uint8Array(NODES_MAX * KEY_MAX)
/** Hash table of nodes by (parent, key), probed in line; 0 ends a probe. Looked up in wasm/scan.ts. */
const slots = new Uint8Array(SLOTS)
/** The same for keys with escapes, which come once in a blue moon. */
const byName = new Map<string, number>()

function slotOf(parent: number, length: number, head: number): number {
  return Math.imul(head ^ (parent << 20) ^ (length << 8), 0x9e3779b1) >>> 24
}

/** The node under a key with escapes in it, at `input[start, end)`. */
function unescapedChild(parent: number, start: number, end: number): number {
  const name = JSON.parse(`"${Buffer.from(input.subarray(start, end)).toString()}"`)
  return byName.get(`${parent} ${name}`) ?? ELSEWHERE
}

let wantedCount: number = ELSEWHERE
let otherCount: number = WANTED_MAX

for (const [path, [deed, which]] of Object.entries(PATHS)) {
  const node = nodeAt(path)
  deeds[node] = deed
  whiches[node] = which
}

loadPaths(
  {
    SLOTS: slots,
    PARENTS: parents,
    LENGTHS: keyLengths,
    ELEMENTS: elements,
    HEADS: new Uint8Array(keyHeads.buffer),
    KEYS: keyBytes,
    WANTED: Uint8Array.of(WANTED_MAX),
  },
  unescapedChild,
)

/** The node of a path, made with all that lead to it where it is new. */
function nodeAt(path: string): number {
  let node: number = path === '' ? newNode('') : ROOT
  let at = ''
  for (const step of path.match(/\[\]|[^.[]+/g) ?? []) {
    at += step === '[]' || at === '' ? step : `.${step}`
    if (step === '[]') node = elements[node] ||= newNode(at)
    else node = byName.get(`${node} ${step}`) ?? addChild(node, step, newNode(at))
  }
  return node
}

function newNode(path: string): number {
  return Object.hasOwn(PATHS, path) ? ++wantedCount : ++otherCount
}

function addChild(parent: number, name: string, node: number): number {
  const key = Buffer.from(name.padEnd(KEY_MAX, '\0'))
  if (key.length > KEY_MAX || node >= NODES_MAX) throw new Error(`no room for path step ${name}`)
  keyBytes.set(key, node * KEY_MAX)
  parents[node] = parent
  keyLengths[node] = name.length
  keyHeads[node] = key.readInt32LE(0)
  byName.set(`${parent} ${name}`, node)
  let slot = slotOf(parent, name.length, keyHeads[node]!)
  while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1)
  slots[slot] = node
  return node
}
