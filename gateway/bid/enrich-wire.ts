import { arrive } from './arrive.ts'
import { JSON_FORM } from './json-form.ts'
import { reply, replyRefused } from './reply.ts'
import { EVERYTHING, type Wire } from './wire.ts'

/** `POST /openrtb2/enrich` in JSON: the request's own bytes come back, with additions between them. */
export const ENRICH_JSON: Wire = {
  form: JSON_FORM,
  gives: EVERYTHING,
  arrive,
  reply,
  refuse: replyRefused,
}
