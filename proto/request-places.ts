/**
 * Where in a bid request additions can be placed. Filled by the scanner beside `BidFacts`, read by the
 * splice. Offsets are into the request's bytes; -1 means "not there".
 *
 * In JSON a place runs from its opening bracket to its closing one. In protobuf, where what is there twice
 * becomes one, it is the last of its occurrences: from its first byte to after its last.
 */
export const IMPS_MAX = 256

/** One object or array that may receive additions. */
export class Place {
  /** How often its key occurred; more than once means "leave it alone". */
  count = 0
  /** `Kind` of the last occurrence; 0 where absent. */
  kind = 0
  /** Offset of the opening bracket, and of the closing one (not after it). */
  open = -1
  close = -1
  /** Nothing between the brackets but white space. */
  empty = false

  reset(): void {
    this.count = 0
    this.kind = 0
    this.open = -1
    this.close = -1
    this.empty = false
  }
}

/** One element of `imp`. */
export class ImpPlace {
  readonly self = new Place()
  /** imp.id as text without quotes, or a number's lexeme; -1 where absent. `idKind` is its `Kind`. */
  idStart = -1
  idEnd = -1
  idKind = 0
  readonly pmp = new Place()
  readonly deals = new Place()

  reset(): void {
    this.self.reset()
    this.idStart = -1
    this.idEnd = -1
    this.idKind = 0
    this.pmp.reset()
    this.deals.reset()
  }
}

export class RequestPlaces {
  readonly root = new Place()
  readonly user = new Place()
  /** user.data */
  readonly data = new Place()
  readonly regs = new Place()
  readonly regsExt = new Place()
  /** regs.ext.dsa */
  readonly dsa = new Place()
  /** regs.ext.dsa.transparency */
  readonly transparency = new Place()
  /** The `imp` array itself. */
  readonly imp = new Place()
  /** These, by PlaceName (request-paths.ts). */
  readonly named: readonly Place[] = [
    this.root,
    this.user,
    this.data,
    this.regs,
    this.regsExt,
    this.dsa,
    this.transparency,
    this.imp,
  ]
  /** Its elements: the first `impCount` of `imps`; surplus beyond IMPS_MAX is not recorded. */
  readonly imps: ImpPlace[] = []
  impCount = 0

  reset(): void {
    for (let i = 0; i < this.named.length; i++) this.named[i]!.reset()
    this.impCount = 0
  }
}
