import type { Answer, Ask } from '../http/door.ts'

/** A unary method: what a Route is to a door of HTTP. */
export interface GrpcRoute {
  /** `/<package>.<Service>/<Method>` */
  readonly path: string
  /** Names (lower case) of metadata. */
  readonly wants: readonly string[]
  handle(ask: Ask, answer: Answer): void
}
