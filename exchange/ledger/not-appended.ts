import { type NotAppendedReason, NotAppendedReasons } from './reasons.ts'

/**
 * A record is not known to be on disk: nobody may be told that it is. Where `isKept`, the record has its
 * place in the file already and is written there as soon as that can be done, so it must not be appended
 * a second time (unless counting it twice does no harm, as with a notice). Else it was not taken at all.
 */
export class NotAppended extends Error {
  readonly reason: NotAppendedReason
  readonly isKept: boolean

  constructor(reason: NotAppendedReason, options: { isKept?: boolean; cause?: unknown } = {}) {
    super(NotAppendedReasons[reason], { cause: options.cause })
    this.reason = reason
    this.isKept = options.isKept ?? false
  }
}
