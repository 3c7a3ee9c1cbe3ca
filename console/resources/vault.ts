import { Type } from '../../audience/schema.ts'
import type { VaultRotation } from '../../audience/vault/vault-rotation.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import { type ImportRooms, keysOf } from '../imports/import-rooms.ts'

const MaybeText = Type.Union([Type.String(), Type.Null()])

const VaultShape = {
  name: 'Vault',
  schema: closed({
    isOpen: Type.Boolean(),
    region: MaybeText,
    keys: Type.Array(
      closed({
        id: Type.String(),
        isCurrent: Type.Boolean(),
        isHere: Type.Boolean(),
        values: Type.Integer({ description: 'How many need it: at 0 it may be retired.' }),
      }),
    ),
    rotation: closed({
      state: Type.Enum(['idle', 'running', 'done', 'failed']),
      ids: Type.Integer(),
      startedAt: MaybeText,
      endedAt: MaybeText,
      reason: Type.Optional(
        Type.String({ description: 'Why it failed: begin it again once that is mended.' }),
      ),
    }),
  }),
}

export interface VaultRooms extends ImportRooms {
  rotation: VaultRotation
}

/** `GET /api/vault`, and the rotation of its keys. */
export function vaultRoutes(rooms: VaultRooms): ApiRoute[] {
  return [statusRoute(rooms), rotateRoute(rooms)]
}

function statusRoute(rooms: VaultRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/vault',
    operationId: 'getVault',
    summary: 'Which keys the vault has and needs, and how far their rotation is.',
    permission: 'exchange',
    answers: { 200: { says: 'As it is now.', body: VaultShape } },
    handle: async () => ({ status: 200, body: await shown(rooms) }),
  }
}

function rotateRoute(rooms: VaultRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/vault/rotate',
    operationId: 'rotateVault',
    summary: 'Brings every value under the current key; how far it is: GET /api/vault.',
    permission: 'exchange',
    answers: { 202: { says: 'Begun, or under way already.', body: VaultShape } },
    async handle() {
      keysOf(rooms)
      rooms.rotation.start()
      return { status: 202, body: await shown(rooms) }
    },
  }
}

async function shown({ audience, rotation }: VaultRooms) {
  const { vault } = audience
  const here = vault.keyIds()
  const uses = await vault.uses()
  const ids = [...new Set([...here, ...uses.keys()])]
  return {
    isOpen: vault.isOpen,
    region: vault.region ?? null,
    keys: ids.map((id) => ({
      ...{ id, isCurrent: id === here[0], isHere: here.includes(id) },
      values: uses.get(id) ?? 0,
    })),
    rotation: rotation.progress(),
  }
}
