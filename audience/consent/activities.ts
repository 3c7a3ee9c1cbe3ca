import { UsRule } from './us-rules.ts'

/**
 * What may be done with what is known of a person, and what consent each needs. Purposes are those of
 * the IAB Europe TCF Policies, Appendix A; US rules are Prebid's (`us-rules.ts`).
 */
export const Activities = {
  collect: {
    about: 'An event is kept to build a profile; its id was read from the device.',
    purposes: [1, 3],
    usRule: UsRule.transmitUfpd,
  },
  enrich: {
    about: 'Segments choose the advertising in a bid request.',
    purposes: [4],
    usRule: UsRule.transmitUfpd,
  },
  sync: {
    about: 'An id is stored in, or read from, the browser and matched with a partner.',
    purposes: [1],
    usRule: UsRule.syncUser,
  },
  transmit: {
    about: 'Ids and segments are handed to a partner that will choose advertising by them.',
    purposes: [4],
    usRule: UsRule.transmitUfpd,
  },
  activate: {
    about: 'Segments choose what is sent to a person over a channel.',
    purposes: [4],
    usRule: UsRule.transmitUfpd,
  },
  sell: {
    about: "A profile made here serves somebody else's advertising.",
    purposes: [3, 4],
    usRule: UsRule.transmitUfpd,
  },
} as const

export type Activity = keyof typeof Activities
