import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signalsRequest } from '../../../gateway/dropin/signals-request.ts'
import { Query } from '../../../gateway/edge/query.ts'

const text = fc.string({ unit: 'binary', maxLength: 30 })

/** As it is once it was written in UTF-8. */
const wellFormed = (one: string) => Buffer.from(one).toString()

test('whatever a query says is one text of a bid request, and never more of it', () => {
  fc.assert(
    fc.property(text, text, text, (uid, ifa, said) => {
      const value = encodeURIComponent(wellFormed(said))
      const query = new Query(`gdpr_consent=${value}&us_privacy=${value}&gpc=${value}`)
      const named = { buyeruid: uid || undefined, ifa, tmaxMs: 7 }
      const told = query.get('gpc')
      const isSaid = told !== '' && !/^\$?\{[^{}]*\}$|^%%[^%]*%%$/.test(told)
      const words = isSaid ? { consent: told } : {}
      expect(JSON.parse(signalsRequest(query, named).toString())).toEqual({
        ...{ id: '1', tmax: 7 },
        user: { ...(uid === '' ? {} : { buyeruid: wellFormed(uid) }), ...words },
        device: { ifa: wellFormed(ifa), geo: {} },
        regs: isSaid ? { us_privacy: told, ext: { gpc: told } } : { ext: {} },
      })
    }),
  )
})
