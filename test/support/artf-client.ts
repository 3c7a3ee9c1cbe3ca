import { readFileSync } from 'node:fs'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { ARTF_SERVICES } from '../../gateway/artf/artf-routes.ts'
import { ARTF_SCHEMA } from '../../proto/generated/artf-schema.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { messageCodec } from '../../proto/protobuf.ts'

/** A certificate for localhost and its key, good for a hundred years and for nothing but tests. */
export const TLS = {
  cert: readFileSync(new URL('./tls/cert.pem', import.meta.url)),
  key: readFileSync(new URL('./tls/key.pem', import.meta.url)),
}

export interface Told {
  id: string
  mutations: {
    intent: number
    op: number
    path: string
    ids?: { id: string[] }
    adjust_deal?: { bidfloor: number }
    data_segments?: { data: Buffer[] }
  }[]
  metadata: { api_version: string; model_version: string }
}

const asked = messageCodec(ARTF_SCHEMA, 'passerelle.artf.RTBRequest')
const answer = messageCodec<Told>(ARTF_SCHEMA, 'passerelle.artf.RTBResponse')
const bidRequest = messageCodec(OPENRTB_SCHEMA, 'passerelle.openrtb.BidRequest')

export const encodeBidRequest = (request: object): Uint8Array => bidRequest.encode(request)

/** An RTBRequest in protobuf around a bid request given as an object. */
export function encodeRtb({ bid_request, ...more }: { bid_request?: object }): Uint8Array {
  const inner = bid_request === undefined ? {} : { bid_request: encodeBidRequest(bid_request) }
  return asked.encode({ id: 'q1', tmax: 5_000, ...more, ...inner })
}

export interface CallOptions {
  key?: string
  service?: string
  deadlineMs?: number
  /** Told the metadata that ends a call. */
  onStatus?(metadata: Metadata): void
}

const TRIES_MAX = 10_000

/** A client of the library from npm, with a connection of its own. */
export class ArtfClient {
  readonly #client: Client

  constructor(port: number, { isTls = false } = {}) {
    this.#client = isTls
      ? new Client(`localhost:${port}`, credentials.createSsl(TLS.cert))
      : new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  }

  /**
   * `GetMutations`; rejects with the status where it is not OK. Asks again where the process is behind: test and door
   * share one, and a busy machine is no failure.
   */
  async mutations(bytes: Uint8Array, options: CallOptions = {}): Promise<Told> {
    const { service = ARTF_SERVICES[0] } = options
    for (let tries = 1; ; tries++) {
      try {
        return answer.decode(await this.call(`/${service}/GetMutations`, bytes, options))
      } catch (error) {
        const reason = (error as ServiceError).metadata?.get('x-passerelle-reason')[0]
        if (reason !== 'overload' || tries === TRIES_MAX) throw error
      }
    }
  }

  /** The same, with the name of the decision from the call's metadata. */
  async told(bytes: Uint8Array, key: string): Promise<Told & { decision: string }> {
    let decision = ''
    const onStatus = (metadata: Metadata) => {
      decision = String(metadata.get('x-passerelle-decision')[0] ?? '')
    }
    const answer = await this.mutations(bytes, { key, onStatus })
    return { ...answer, decision }
  }

  call(path: string, bytes: Uint8Array, options: CallOptions = {}): Promise<Buffer> {
    const { key, deadlineMs = 20_000, onStatus } = options
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
    const deadline = Date.now() + deadlineMs
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined
      const then = (error: ServiceError | null, got?: Buffer) => {
        if (error) reject(error)
        answer = got
      }
      const under = this.#client.makeUnaryRequest(
        path,
        Buffer.from,
        (got) => got,
        Buffer.from(bytes),
        metadata,
        { deadline },
        then,
      )
      under.on('status', (status) => {
        onStatus?.(status.metadata)
        if (answer) resolve(answer)
      })
    })
  }

  /** Messages of a server's stream. */
  watch(path: string, bytes: Uint8Array) {
    return this.#client.makeServerStreamRequest(path, Buffer.from, (got) => got, Buffer.from(bytes))
  }

  close(): void {
    this.#client.close()
  }
}
