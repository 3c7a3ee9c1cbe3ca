import { StoreFailed } from '../store-failed.ts'
import { type UnreachableReason, UnreachableReasons } from './reasons.ts'

/** Rejection of any verb while Redis cannot do it. Nothing that was refused will happen later, except `dropped` and `late` writes: those may have. */
export class StoreUnreachable extends StoreFailed {
  readonly reason: UnreachableReason
  constructor(reason: UnreachableReason, detail = '') {
    super(detail ? `${UnreachableReasons[reason]} ${detail}` : UnreachableReasons[reason])
    this.reason = reason
  }
}
