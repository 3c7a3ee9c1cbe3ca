// The parse peer: uWebSockets.js, JSON.parse, the job, JSON.stringify; misses are read from a Map of JSON texts.
import { enrich, KEY } from './peer-job.ts'
import { storedProfiles } from './stored-profiles.ts'
import { replyJson, serve } from './uws-body.ts'

const profileOf = storedProfiles()

serve(Number(process.argv[2]), '/bench', (body, res, authorization) => {
  if (authorization !== KEY) {
    res.close()
    return
  }
  const request = JSON.parse(body.toString())
  replyJson(res, JSON.stringify(enrich(request, profileOf(request.user.buyeruid))))
})
