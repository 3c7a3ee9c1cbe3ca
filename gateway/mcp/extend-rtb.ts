/** The tool of ARTF 1.0, with the parameters its reference gives it; what is not named here is ignored. */
export const EXTEND_RTB = {
  name: 'extend_rtb',
  description:
    'Proposes changes to an OpenRTB bid request: audience segments and deals that the caller has a live right to, for the person the request names, as far as consent in the request allows. Answers an RTBResponse of the IAB Agentic RTB Framework 1.0. Needs a partner key as bearer token.',
  inputSchema: {
    type: 'object' as const,
    properties: {
      id: { type: 'string', description: 'Id of this request; the answer repeats it.' },
      tmax: { type: 'number', description: 'Milliseconds the caller waits. Default 100.' },
      bid_request: {
        type: 'object',
        description:
          'An OpenRTB 2.5 or 2.6 BidRequest in JSON; flags as 0 and 1 or as false and true.',
      },
      lifecycle: { type: 'string' },
      originator: {
        type: 'object',
        properties: { type: { type: 'string' }, id: { type: 'string' } },
      },
      applicable_intents: {
        type: 'array',
        items: { type: 'string' },
        description: 'Names of the intents the answer may have, as ACTIVATE_SEGMENTS. None: all.',
      },
    },
    required: ['id', 'bid_request'],
  },
}

/** What is wrong with the arguments of a call; undefined where nothing is. The bid request may be called in camel case. */
export function faultIn(given: Record<string, unknown>): string | undefined {
  const { id, bidRequest, bid_request: request = bidRequest } = given
  if (id === undefined) return missing('id')
  if (request === undefined) return missing('bid_request')
  if (typeof id !== 'string') return 'parameter id must be a string'
  const isObject = typeof request === 'object' && request !== null && !Array.isArray(request)
  return isObject ? undefined : 'parameter bid_request must be an object'
}

function missing(name: string): string {
  return `missing required parameter: ${name}`
}
