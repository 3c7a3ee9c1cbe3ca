import type { Random } from '../../../support/random.ts'
import {
  DEALS,
  EID_SOURCES,
  GPP_STRINGS,
  IFA,
  PARTNERS,
  PEOPLE,
  SEGMENTS,
  TC_STRINGS,
} from './world.ts'

/** JSON as it will be written: raw text, a text to be escaped one way or another, members in order. */
type Json = { raw: string } | { text: string } | { members: [string, Json][] } | { items: Json[] }

const raw = (value: unknown): Json => ({ raw: JSON.stringify(value) })
const text = (value: string): Json => ({ text: value })
const items = (list: Json[]): Json => ({ items: list })

/**
 * A random bid request as bytes: mostly sensible, with members left out, repeated, of wrong types and in
 * any order, escapes where none are needed, white space anywhere, numbers in every spelling.
 */
export function oddRequest(random: Random): Buffer {
  const style = { escapes: random() < 0.3 ? 0.2 : 0, space: random() < 0.3 ? 0.3 : 0 }
  return Buffer.from(write(new Writer(random).request(), random, style))
}

const ODD: Json[] = [
  { raw: 'null' },
  { raw: 'true' },
  { raw: '-0.0e-0' },
  { raw: '123456789012345678901234567890.10' },
  { raw: '1E400' },
  { raw: '"\\ud83d"' },
  { raw: '{}' },
  { raw: '[]' },
  { raw: '[null,{"id":"a1","data":[],"__proto__":{"id":1}}]' },
  { raw: '{"id":"a1","user":{"buyeruid":"a1"},"deals":{"id":"d-open"}}' },
  { raw: '""' },
  { text: 'text with "quotes" \\ and 🙂' },
]

class Writer {
  readonly #random: Random
  /** How likely a value is of another type than it should be, and a member repeated. */
  readonly #oddity: number
  readonly #isPrivate: boolean

  constructor(random: Random) {
    this.#random = random
    this.#oddity = random.pick([0, 0, 0.02, 0.1])
    this.#isPrivate = random() < 0.5
  }

  request(): Json {
    return this.#object(
      [
        ['id', 0.995, () => this.#random.pick([text('1'), text('x'), raw(7), raw('')])],
        ['tmax', 0.2, () => raw(this.#random.pick([100, 1000, '5', -1]))],
        ['test', 0.1, () => raw(this.#random.pick([0, 1]))],
        ['at', 0.2, () => ({ raw: this.#random.pick(['2', '2.0', '1e0']) })],
        ['site', 0.3, () => this.#site()],
        ['app', 0.1, () => this.#site()],
        ['device', 0.6, () => this.#device()],
        ['regs', this.#isPrivate ? 0.8 : 0.3, () => this.#regs()],
        ['user', 0.95, () => this.#user()],
        ['imp', 0.9, () => this.#imps()],
        ['ext', 0.2, () => this.#random.pick(ODD)],
        ['__proto__', 0.05, () => this.#random.pick(ODD)],
      ],
      ['regs', 'user', 'imp', 'ext'],
    )
  }

  /** Members with how likely each is; those in `repeats` may come twice. */
  #object(members: [string, number, () => Json][], repeats: string[] = []): Json {
    const random = this.#random
    const made: [string, Json][] = []
    for (const [name, likely, make] of members) {
      const times = random() >= likely ? 0 : repeats.includes(name) && this.#isOdd() ? 2 : 1
      for (let i = 0; i < times; i++) made.push([name, this.#isOdd() ? random.pick(ODD) : make()])
    }
    if (random() < 0.3) made.push([random.pick(['x', 'geo2', 'user2', 'idx']), random.pick(ODD)])
    return { members: shuffled(made, random) }
  }

  #isOdd(): boolean {
    return this.#random() < this.#oddity
  }

  #list(most: number, make: () => Json): Json {
    return items(
      Array.from({ length: this.#random.int(most + 1) }, () =>
        this.#isOdd() ? this.#random.pick(ODD) : make(),
      ),
    )
  }

  #site(): Json {
    const name = () => text(this.#random.pick(['site é', 'other']))
    return this.#object([
      ['id', 0.7, name],
      ['domain', 0.2, name],
      ['bundle', 0.2, name],
    ])
  }

  #device(): Json {
    const flag = () => raw(this.#random.pick([0, 0, 0, 1, '0', '1', false]))
    const country = () =>
      text(this.#random.pick(['USA', 'DEU', 'US', 'de', 'GBR', 'CHE', 'XYZ', '']))
    const likely = this.#isPrivate ? 0.3 : 0
    return this.#object([
      ['ifa', 0.6, () => text(this.#random.pick([IFA, IFA.toUpperCase(), 'unknown', ZEROS]))],
      ['lmt', likely, flag],
      ['dnt', likely, flag],
      ['geo', 0.5, () => this.#object([['country', 0.9, country]])],
      ['ext', 0.2, () => this.#object([['atts', 0.8, () => raw(this.#random.pick([0, 1, 2, 3]))]])],
    ])
  }

  #regs(): Json {
    const random = this.#random
    const silent = () => this.#object([['dsa', 0.9, () => this.#dsa()]])
    if (!this.#isPrivate && random() < 0.85) return this.#object([['ext', 0.9, silent]])
    const both: [string, number, () => Json][] = [
      ['coppa', 0.2, () => raw(random.pick([0, 0, 1]))],
      ['gdpr', 0.4, () => raw(random.pick([0, 1, 1, '1', '0']))],
      ['us_privacy', 0.2, () => text(random.pick(['1---', '1YNN', '1YNN', '1NYN']))],
      ['gpp', 0.3, () => text(random.pick(GPP_STRINGS)[0])],
      ['gpp_sid', 0.2, () => this.#sids()],
    ]
    const gpc = () => raw(random.pick([0, '0', 1, '1']))
    const ext = () =>
      this.#object(
        [...both, ['gpc', 0.2, gpc], ['dsa', 0.3, () => this.#dsa()]],
        ['gdpr', 'coppa', 'gpc', 'gpp', 'dsa'],
      )
    return this.#object([...both, ['ext', 0.4, ext]], ['ext', 'gdpr', 'coppa', 'us_privacy'])
  }

  #dsa(): Json {
    const domain = () => text(this.#random.pick(['dmp-a.example', 'dmp-b.example', 'x.example']))
    const entry = () => this.#object([['domain', 0.9, domain]])
    return this.#object(
      [
        ['dsarequired', 0.7, () => raw(3)],
        ['transparency', 0.6, () => this.#list(2, entry)],
      ],
      ['transparency'],
    )
  }

  #sids(): Json {
    return items(
      Array.from({ length: this.#random.int(3) }, () =>
        raw(this.#random.pick([2, 6, 7, 8, 13, 16, -1])),
      ),
    )
  }

  #user(): Json {
    const random = this.#random
    const consent = () => text(random.pick([...TC_STRINGS.map(([one]) => one), '']))
    const likely = this.#isPrivate ? 0.5 : 0.02
    return this.#object(
      [
        ['buyeruid', 0.6, () => this.#uid(['dsp-a', 'dsp-eu', 'dsp-none'])],
        ['id', 0.5, () => this.#uid(['exch-a', 'exch-b'])],
        ['data', 0.5, () => this.#list(3, () => this.#data())],
        ['consent', likely, consent],
        ['eids', 0.5, () => this.#eids()],
        [
          'geo',
          0.2,
          () => this.#object([['country', 0.9, () => text(random.pick(['USA', 'FRA']))]]),
        ],
        [
          'ext',
          0.4,
          () =>
            this.#object([
              ['consent', likely, consent],
              ['eids', 0.6, () => this.#eids()],
            ]),
        ],
      ],
      ['data', 'consent'],
    )
  }

  #uid(sources: string[]): Json {
    const known = PEOPLE.filter(([source]) => sources.includes(source)).map(([, uid]) => uid)
    const unknown = ['nobody', 'nobody else', 'no\tid', '', 'x'.repeat(513)]
    const value = this.#random.pick(this.#random() < 0.7 ? known : unknown)
    return /^[1-9][0-9e]*$/.test(value) ? { raw: value } : text(value)
  }

  #eids(): Json {
    const random = this.#random
    const eid = () => {
      const source = random.pick([...EID_SOURCES, 'PubCid.ORG', 'unknown.example', 'dsp-a', 'ifa'])
      const uids = () =>
        this.#list(2, () => this.#object([['id', 0.95, () => this.#uid(EID_SOURCES)]]))
      return this.#object([
        ['source', 0.95, () => text(source)],
        ['uids', 0.95, uids],
      ])
    }
    return this.#list(3, eid)
  }

  #data(): Json {
    const random = this.#random
    const ids = [...Object.keys(SEGMENTS), '530', 'x', 'ext "two" é 🙂']
    const name = () => text(random.pick([...Object.values(PARTNERS).map((one) => one.domain), 'z']))
    const segment = () => this.#object([['id', 0.95, () => text(random.pick(ids))]])
    return this.#object([
      ['name', 0.9, name],
      ['segment', 0.9, () => this.#list(3, segment)],
      [
        'ext',
        0.4,
        () => this.#object([['segtax', 0.9, () => raw(random.pick([4, 1001, 5, '4']))]]),
      ],
    ])
  }

  #imps(): Json {
    const random = this.#random
    const deal = () => this.#object([['id', 0.9, () => text(random.pick(Object.keys(DEALS)))]])
    const pmp = () => this.#object([['deals', 0.8, () => this.#list(2, deal)]], ['deals'])
    return this.#list(3, () =>
      this.#object(
        [
          ['id', 0.9, () => text(random.pick(['1', '2', 'ü']))],
          ['pmp', 0.5, pmp],
          ['banner', 0.5, () => raw({ w: 300, h: 250 })],
        ],
        ['pmp'],
      ),
    )
  }
}

const ZEROS = '00000000-0000-0000-0000-000000000000'

function shuffled<T>(list: T[], random: Random): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.int(i + 1)
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list
}

interface Style {
  escapes: number
  space: number
}

function write(json: Json, random: Random, style: Style): string {
  const space = () => (random() < style.space ? random.pick([' ', '\n', '\t', '\r\n  ']) : '')
  const inner = () => {
    if ('raw' in json) return json.raw
    if ('text' in json) return writeText(json.text, random, style)
    if ('items' in json)
      return `[${json.items.map((one) => write(one, random, style)).join(',') || space()}]`
    const members = json.members.map(
      ([name, one]) =>
        `${space()}${writeText(name, random, style)}${space()}:${write(one, random, style)}`,
    )
    return `{${members.join(',') || space()}}`
  }
  return `${space()}${inner()}${space()}`
}

/** The text in quotes, some of its characters as escapes. */
function writeText(value: string, random: Random, { escapes }: Style): string {
  let written = ''
  for (let i = 0; i < value.length; i++) {
    const isPair = /^[\ud800-\udbff][\udc00-\udfff]/.test(value.slice(i, i + 2))
    const unit = value.charCodeAt(i).toString(16).padStart(4, '0')
    if (isPair) written += value.slice(i, ++i + 1)
    else if (random() < escapes) written += `\\u${random() < 0.5 ? unit : unit.toUpperCase()}`
    else written += JSON.stringify(value[i]).slice(1, -1)
  }
  return `"${written}"`
}
