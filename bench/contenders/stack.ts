// The stack peer: Fastify, ioredis and lru-cache doing the same job, as one would write it in an afternoon.
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { enrich, KEY, type ProfileJson, profiles } from './peer-job.ts'

const redis = new Redis(Number(process.argv[3]), '127.0.0.1')
const app = Fastify({ bodyLimit: 256 * 1024 })

app.post('/bench', async (ask, reply) => {
  if (ask.headers.authorization !== KEY) return reply.code(401).send()
  const request = ask.body as Parameters<typeof enrich>[0]
  return enrich(request, await profileOf(request.user.buyeruid))
})

await app.listen({ host: '127.0.0.1', port: Number(process.argv[2]) })
process.send?.('ready')

async function profileOf(uid: string): Promise<ProfileJson | undefined> {
  const kept = profiles.get(uid)
  if (kept) return kept
  const text = await redis.get(`bench:${uid}`)
  if (!text) return undefined
  const profile = JSON.parse(text) as ProfileJson
  profiles.set(uid, profile)
  return profile
}
