import { Refused, refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { AS_WRITTEN } from '../../exchange/deal.ts'
import type { CatalogApplied } from '../../exchange/desk/apply-catalog.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute, Call, Reply } from '../api/route.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { type AuditedRooms, changedNothing, note } from './audited.ts'

const PATH = '/api/catalog'

const Files = {
  name: 'CatalogFiles',
  schema: closed({
    files: Type.Record(Type.String(), Type.Object({}), {
      description: 'By path, e.g. `partners/acme.json`: each as a PUT of the object takes it.',
    }),
  }),
}
const checkFiles = checker(closed({ files: Type.Record(Type.String(), Type.Unknown()) }))

const ApplyQuery = closed({
  dryRun: Type.Optional(Type.Boolean({ description: 'Only says what would change.' })),
  prune: Type.Optional(Type.Boolean({ description: 'What is not among the files is deleted.' })),
})

const Paths = Type.Array(Type.String())
const Change = closed({
  path: Type.String(),
  fields: Type.Array(
    closed({
      field: Type.String(),
      before: Type.Optional(Type.Unknown()),
      after: Type.Optional(Type.Unknown()),
    }),
  ),
})

const Applied = {
  name: 'CatalogApplied',
  schema: closed({
    applied: Type.Boolean({ description: 'False in a dry run.' }),
    created: Paths,
    changed: Type.Array(Change),
    deleted: Paths,
    unchanged: Type.Integer(),
    left: Type.Array(Type.String(), {
      description: 'Not among the files and not deleted: without prune, and contracts always.',
    }),
  }),
}

/** `/api/catalog`: all of it as files, and what files say made so. */
export function catalogRoutes(rooms: AuditedRooms): ApiRoute[] {
  const applying = new OneAtATime()
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'exportCatalog',
      summary:
        'The whole catalog as JSON files that fit in git: no secrets, no numbers of this installation. The ETag names the content.',
      permission: 'exchange',
      answers: { 200: { says: 'The files, by path.', body: Files } },
      handle({ caller }) {
        const { files, digest } = rooms.exchange.desk.exportCatalog(caller.actor)
        return { status: 200, body: { files: Object.fromEntries(files) }, version: digest }
      },
    },
    {
      method: 'PUT',
      path: PATH,
      operationId: 'applyCatalog',
      summary:
        'Makes the catalog what the files say, in one write or not at all. With If-Match only if it still is what was compared.',
      permission: 'exchange',
      isVersioned: true,
      query: ApplyQuery,
      body: { kind: 'json', bytesMax: LIMITS.catalogBytesMax, asWritten: AS_WRITTEN, ...Files },
      answers: { 200: { says: 'What changed, or would.', body: Applied } },
      handle: (call) => applying.run(() => apply(rooms, call)),
    },
  ]
}

async function apply(rooms: AuditedRooms, call: Call): Promise<Reply> {
  const problems = checkFiles(call.body)
  if (problems.length > 0) throw new Refused('invalid', problems)
  const { files } = call.body as { files: Record<string, unknown> }
  const { dryRun = false, prune = false } = call.query as Static<typeof ApplyQuery>
  const ifDigest = digestOf(call.headers.ifMatch)
  const applied = await rooms.exchange.desk.applyCatalog(call.caller.actor, {
    files,
    dryRun,
    prune,
    ifDigest,
  })
  if (dryRun) changedNothing(call)
  else await noteAll(rooms, call, applied)
  const { diff, left, digest } = applied
  return { status: 200, body: { applied: !dryRun, ...diff, left }, version: digest }
}

/** An export's ETag; `*` fits any catalog. */
function digestOf(ifMatch: string): string | undefined {
  if (ifMatch === '' || ifMatch.trim() === '*') return undefined
  const digest = /^"([0-9a-f]{32})"$/.exec(ifMatch.trim())?.[1]
  if (digest === undefined)
    throw refuse('precondition_failed', '', 'If-Match is not the ETag of a catalog')
  return digest
}

async function noteAll(rooms: AuditedRooms, call: Call, applied: CatalogApplied): Promise<void> {
  const { diff, written } = applied
  const verb = 'applyCatalog'
  const counts = {
    created: diff.created.length,
    changed: diff.changed.length,
    deleted: diff.deleted.length,
  }
  const whole = { verb, object: 'catalog', before: null, after: null, details: counts }
  await Promise.all([
    ...written.map(({ kind, id, before, after }) =>
      note(rooms, call, { verb, object: `${kind}/${id}`, before, after }),
    ),
    note(rooms, call, whole),
  ])
}

/** A whole catalog takes memory and some seconds: a second one is asked to come again. */
class OneAtATime {
  #isBusy = false

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy)
      throw new Denied('too_many', 'another catalog is being applied', ['retry-after', '1'])
    this.#isBusy = true
    try {
      return await work()
    } finally {
      this.#isBusy = false
    }
  }
}
